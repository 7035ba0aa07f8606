"""Learning who the resident is: one way after the other, up to the level that a service asks for."""

from __future__ import annotations

from tramkit.conversation.station_visit import StationVisit
from tramkit.host.person import Level, NotIdentifiedError, Person
from tramkit.identity.card import CardWay
from tramkit.identity.face_check import FaceCheck
from tramkit.identity.means import IdentityMeans
from tramkit.identity.signing_in import SignInWay
from tramkit.identity.typed import TypedWay
from tramkit.identity.way import CARD, NEITHER, Wanted, Way
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")


class Identification:
    """How the resident of a visit is identified.

    :ivar face: portrait of the card and tries of the face check, outside the journal: Back changes nothing of it.
    """

    def __init__(self, visit: StationVisit, means: IdentityMeans) -> None:
        self.face = FaceCheck(means.face_tries)
        self._visit = visit
        self._means = means
        ways: list[Way] = [CardWay(visit, means, self.face), TypedWay(visit)]
        ways += [SignInWay(visit, means, method) for method in means.methods]
        self._ways = {way.id: way for way in ways}

    async def identify(self, level: Level, *, exactly: bool = False) -> Person:
        """Lead the resident up to a level, asking only for the steps that are missing; they are then known.

        :param exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
        :raises NotIdentifiedError: it cannot be had here, or the resident does not want it.
        """
        wanted = Wanted(level, exactly)
        known = self._visit.person
        if known is not None and wanted.reached_by(known):
            return known
        if (lacking := self._lacking(level, exactly)) is not None:
            raise NotIdentifiedError(lacking)
        way = self._visit.recorder.note("way", lambda: self._first_way(wanted))
        while True:
            found = await self._ways[way].take(wanted)
            if isinstance(found, Person):
                self._visit.person = found
                return found
            if found == NEITHER:
                raise NotIdentifiedError(_("Without it, this station cannot tell who you are."))
            way = found

    def reachable(self, level: Level) -> bool:
        """Tell whether the resident can be identified so surely here now; the same in each replay."""
        known = self._visit.person
        return (known is not None and known.reaches(level)) or self._lacking(level, exactly=False) is None

    def _lacking(self, level: Level, exactly: bool) -> Text | None:
        return self._visit.recorder.note(
            f"reachable:{level.value}:{exactly}", lambda: self._means.why_not(level, exactly=exactly)
        )

    def _first_way(self, wanted: Wanted) -> str:
        """Return the way that is taken unless the resident chooses another."""
        methods = self._means.methods_for(wanted.level, exactly=wanted.exactly)
        by_card = not methods or self._means.card_lacks(wanted.level, exactly=wanted.exactly) is None
        return CARD if by_card else methods[0].id
