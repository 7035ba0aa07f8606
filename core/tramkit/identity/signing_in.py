"""Signing in on the resident's own phone: the code on the screen, the wait, and who it was."""

from __future__ import annotations

from functools import partial

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.person import Person
from tramkit.host.sign_in import NotSignedInError, SignIn, SignInPort
from tramkit.identity.means import IdentityMeans
from tramkit.identity.same_person import another_person, facts
from tramkit.identity.way import CARD, NEITHER, Wanted, Way
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Option, Tell, Tone
from tramkit_hal.words import Messages, Text, public

_ = Messages("tramkit")


class SignInWay(Way):
    """A sign-in on the resident's own phone.

    :param method: a plugin's.
    """

    def __init__(self, visit: StationVisit, means: IdentityMeans, method: SignInPort) -> None:
        self.id = method.id
        self._visit = visit
        self._means = means
        self._method = method

    async def take(self, wanted: Wanted) -> Person | str:
        others = self._other_ways(wanted)
        found = await self._visit.one_step(
            f"sign_in:{self.id}", "identity", lambda: _sign_in(self._visit, self._method, others)
        )
        return found if isinstance(found, Person) else str(found)

    def _other_ways(self, wanted: Wanted) -> tuple[Option, ...]:
        if self._means.card_lacks(wanted.level, exactly=wanted.exactly) is None:
            return (Option(value=CARD, label=_("Use my identity card instead")),)
        return (Option(value=NEITHER, label=_("I cannot do this")),)


async def _sign_in(visit: StationVisit, method: SignInPort, others: tuple[Option, ...]) -> Person | str:
    """Show the code, wait until the resident has approved on their phone; or return what they do instead.

    :param others: the other ways to be identified.
    """
    key = visit.page_id(visit.current)
    kept = visit.kept()
    if isinstance(kept, Person) and await _is_it_you(visit, key, kept):
        return kept
    while True:
        visit.keep(None)
        try:
            found = await _approved(visit, key, method, others)
            if isinstance(found, str):
                return found
            if visit.person is not None and visit.person.number == found.number:
                return found  # they have said before that it is them
            visit.keep(found)
            if await _is_it_you(visit, key, found):
                return found
        except NotSignedInError as failed:
            choice = await _failed(visit, key, failed.reason, others)
            if choice != "continue":
                return choice


async def _approved(visit: StationVisit, key: str, method: SignInPort, others: tuple[Option, ...]) -> Person | str:
    """Ask for a code and wait as long as it lives: a resident who looks at the phone does not touch the screen.

    :raises NotSignedInError: it came to nothing, or it is somebody else than who began.
    """
    sign_in = await visit.meanwhile(method.begin(), _("One moment, please"))
    page = _page(key, method, sign_in, others)
    found = await visit.page_or_device(page, [partial(method.wait, sign_in)], Idle.WAITING)
    if isinstance(found, Answered):
        return found.choice
    if found.level is not method.level:
        raise TypeError(f'identity method "{method.id}" returned another level than its own')
    if trouble := another_person(visit.person, found):
        raise NotSignedInError(trouble)
    return found


def _page(key: str, method: SignInPort, sign_in: SignIn, others: tuple[Option, ...]) -> Tell:
    minutes = max(1, int(sign_in.seconds // 60))
    if sign_in.spoken:
        scan = _("Scan the QR code with your phone and approve there, if the phone shows the same letters as here.")
    else:
        scan = _("Scan the QR code with your phone and approve there.")
    if sign_in.spoken and sign_in.address:
        last = _(
            "Or open {address} and enter the code above. It is good for {minutes} min.",
            address=sign_in.address,
            minutes=minutes,
        )
    else:
        last = _("The code is good for {minutes} min.", minutes=minutes)
    return Tell(
        id=key,
        title=method.title,
        body=(scan, last),
        large=public(sign_in.spoken) if sign_in.spoken else None,
        codes=(sign_in.code,),
        options=others,
        action=None,
    )


async def _failed(visit: StationVisit, key: str, why: Text, others: tuple[Option, ...]) -> str:
    page = Tell(
        id=f"{key}-failed",
        title=_("You are not signed in"),
        body=(why,),
        tone=Tone.WARNING,
        options=others,
        action=_("Try again"),
    )
    return (await visit.exchange(page, Idle.READING)).choice


async def _is_it_you(visit: StationVisit, key: str, person: Person) -> bool:
    page = Tell(
        id=f"{key}-found",
        title=_("You are signed in"),
        body=(_("Is this you?"),),
        tone=Tone.SUCCESS,
        facts=facts(person),
        options=(Option(value="again", label=_("This is not me: sign in again")),),
        action=_("Yes, this is me"),
    )
    return (await visit.exchange(page, Idle.QUESTION)).choice == "continue"
