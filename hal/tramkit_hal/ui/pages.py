"""The pages: everything a screen can show, as frozen data.

Ten kinds are a plugin's whole vocabulary (``Choose Ask Read Check Tell Wait Capture Pay Call Done``); five belong
to the core (``Attract Timeout Help Settings Leave``). A page holds message ids, not strings, and says which
answers it takes; a screen turns it into pixels or cells and adds nothing.

Longer than 400 lines: the whole vocabulary of screens, which is read as a list.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tramkit_hal.contracts.vital import Vital
from tramkit_hal.data import Data
from tramkit_hal.ui.icons import Icon
from tramkit_hal.words import Day, Decimal1, Messages, Moment, Money, Text, Value, public, verbatim

_ = Messages("tramkit_hal")

OPTIONS_PER_PAGE = 8
"""More options than this are paged through, never scrolled."""

SERVICES_ON_ATTRACT = 6
"""At most so many services are led to by one touch while nobody is here."""

MAX_REPLY = 2_000
"""Characters that a resident writes in one call."""

FIELDS_PER_PAGE = 4
"""At most four related questions stand on one page."""


class Tone(StrEnum):
    """How serious a page is; a screen shows it by more than colour."""

    PLAIN = "plain"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    EMERGENCY = "emergency"


class Availability(StrEnum):
    """Whether a service can be used now."""

    AVAILABLE = "available"
    LIMITED = "limited"
    CLOSED = "closed"


class Option(Data):
    """One answer to choose.

    :param value: what comes back.
    :param state: ``limited`` and ``closed`` stand in the list with their reason; closed ones explain when touched.
    :param icon: the drawing beside the words; None: none.
    """

    value: str
    label: Text
    hint: Text | None = None
    state: Availability = Availability.AVAILABLE
    reason: Text | None = None
    icon: Icon | None = Field(default=None, exclude_if=lambda given: given is None)


def _as_text(value: object) -> object:
    """Let an amount, a day, a moment or a measured number stand where words do."""
    return _("{value}", value=value) if isinstance(value, Money | Day | Moment | Decimal1) else value


class Fact(Data):
    """A label and what is so.

    :param value: words, or an amount, a day, a moment or a measured number, which is written as people do.
    :param change: the name of the answer that a "Change" link leads back to; empty: no link.
    """

    label: Text
    value: Annotated[Text, BeforeValidator(_as_text)]
    change: str = ""

    if TYPE_CHECKING:  # what may be given is more than what is held

        def __init__(self, *, label: Text, value: Text | Money | Day | Moment | Decimal1, change: str = "") -> None: ...


class Control(StrEnum):
    """How a field is answered."""

    TEXT = "text"
    NAME = "name"
    DIGITS = "digits"
    MONEY = "money"
    PHONE = "phone"
    DATE = "date"
    CITIZEN_ID = "citizen_id"
    ADDRESS = "address"
    EMAIL = "email"
    CODE = "code"
    """Letters without marks, digits and signs, as somebody else has made them up."""
    CHOICE = "choice"
    YES_NO = "yes_no"
    CONSENT = "consent"
    SECRET = "secret"
    SIGNATURE = "signature"
    """Drawn with a finger; the value is strokes (:mod:`tramkit_hal.strokes`)."""

    @property
    def keyboard(self) -> Literal["vietnamese", "email", "letters", "digits", "none"]:
        """The on-screen keyboard that the field wants; ``letters`` has no marks."""
        if self in (Control.CHOICE, Control.YES_NO, Control.CONSENT, Control.SIGNATURE):
            return "none"
        digits = (Control.DIGITS, Control.MONEY, Control.PHONE, Control.DATE, Control.CITIZEN_ID)
        if self in digits:
            return "digits"
        if self is Control.EMAIL:
            return "email"
        return "letters" if self in (Control.CODE, Control.SECRET) else "vietnamese"


class FieldView(Data):
    """A question on an Ask page.

    :param value: what is filled in (typed before, or prefilled); for consent and yes/no ``yes``, ``no`` or empty.
    :param source: where a prefilled value came from.
    :param error: what is wrong with the value, in words that say how to put it right.
    :param max_length: most characters.
    """

    name: str
    control: Control
    label: Text
    hint: Text | None = None
    example: Text | None = None
    options: tuple[Option, ...] = ()
    value: str = ""
    source: Text | None = None
    error: Text | None = None
    required: bool = True
    max_length: int = 200


class Page(Data):
    """What every page has.

    :param id: names the page within the visit; the same step shown again has the same id.
    :param revision: rises when the same page takes other answers; it stays while only what is told changes, so that
        a touch is not lost to a page that counts down.
    :param fallback: what a screen says that cannot do what the page asks for (a moving picture, a code); without it
        the plugin does not run on such a screen.
    """

    id: str = ""
    revision: int = 0
    title: Text
    body: tuple[Text, ...] = ()
    fallback: Text | None = None

    def answers(self) -> frozenset[str]:
        """Return the choices the page takes; ``continue`` is the one big button."""
        return frozenset({"continue"})

    def parts(self) -> list[Text]:
        """Return what is said after the title, in order."""
        return list(self.body)


def _numbered(options: tuple[Option, ...]) -> list[Text]:
    return [_("Option {n}: {label}", n=number, label=option.label) for number, option in enumerate(options, start=1)]


class Choose(Page):
    """Choose one of several."""

    kind: Literal["choose"] = "choose"
    options: tuple[Option, ...]
    selected: str = ""

    def answers(self) -> frozenset[str]:
        return frozenset(option.value for option in self.options)

    def parts(self) -> list[Text]:
        return [*self.body, *_numbered(self.options)]


class Ask(Page):
    """Answer up to four related questions, then Continue.

    :param options: other ways to answer than these fields.
    :param attempts: how often Continue found something wrong: after two the example shows, after three staff is
        offered.
    """

    kind: Literal["ask"] = "ask"
    fields: tuple[FieldView, ...] = Field(max_length=FIELDS_PER_PAGE)
    options: tuple[Option, ...] = ()
    action: Text = _("Continue")
    attempts: int = 0

    def answers(self) -> frozenset[str]:
        return frozenset({option.value for option in self.options} | {"continue"})

    @property
    def errors(self) -> tuple[FieldView, ...]:
        return tuple(field for field in self.fields if field.error)

    def parts(self) -> list[Text]:
        said = [*self.body]
        for field in self.fields:
            said += [field.error] if field.error else []
            said += [field.label, *([field.hint] if field.hint else []), *_numbered(field.options)]
        return [*said, *(option.label for option in self.options)]


class Read(Page):
    """Read something long, then Continue."""

    kind: Literal["read"] = "read"
    action: Text = _("Continue")


class Check(Page):
    """Look over the answers, each with its Change link; the button says what will happen.

    :param large: what it comes to, to see from afar.
    """

    kind: Literal["check"] = "check"
    facts: tuple[Fact, ...]
    large: Text | None = Field(default=None, exclude_if=lambda given: given is None)
    action: Text

    def parts(self) -> list[Text]:
        return [
            *([self.large] if self.large else []),
            *self.body,
            *(_("{label}: {value}", label=f.label, value=f.value) for f in self.facts),
        ]


class Tell(Page):
    """Be told something; one button to go on, perhaps others.

    :param large: the one thing to see from afar (a number to call).
    :param codes: QR contents to show.
    """

    kind: Literal["tell"] = "tell"
    tone: Tone = Tone.PLAIN
    large: Text | None = None
    facts: tuple[Fact, ...] = ()
    codes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    action: Text | None = _("Continue")

    def answers(self) -> frozenset[str]:
        return frozenset({option.value for option in self.options} | ({"continue"} if self.action else set()))

    def parts(self) -> list[Text]:
        facts = [_("{label}: {value}", label=fact.label, value=fact.value) for fact in self.facts]
        return [*([self.large] if self.large else []), *self.body, *facts, *_numbered(self.options)]


class Wait(Page):
    """Wait for something, seeing how it goes.

    :param progress: 0 to 1; None: not known.
    """

    kind: Literal["wait"] = "wait"
    facts: tuple[Fact, ...] = ()
    progress: float | None = None
    options: tuple[Option, ...] = ()

    def answers(self) -> frozenset[str]:
        return frozenset(option.value for option in self.options)

    def parts(self) -> list[Text]:
        facts = [_("{label}: {value}", label=fact.label, value=fact.value) for fact in self.facts]
        return [*self.body, *facts, *_numbered(self.options)]


class Capture(Page):
    """Give the station something to read: a card, a measurement, a picture, a paper.

    :param source: what it waits for; with ``measure`` it decides the drawing a screen shows.
    :param measure: which vital sign is measured.
    :param video: name of the moving picture to show; empty: none.
    :param codes: QR contents to show, e.g. the address for a phone.
    :param level: loudness 0 to 1 to show as a meter; None: no meter.
    :param result: what was read, once it was.
    """

    kind: Literal["capture"] = "capture"
    source: Literal["card", "code", "vital", "camera", "paper", "phone"]
    measure: Vital | None = None
    video: str = ""
    codes: tuple[str, ...] = ()
    level: float | None = None
    result: tuple[Fact, ...] = ()
    options: tuple[Option, ...] = ()
    action: Text | None = None

    def answers(self) -> frozenset[str]:
        return frozenset({option.value for option in self.options} | ({"continue"} if self.action else set()))

    def parts(self) -> list[Text]:
        facts = [_("{label}: {value}", label=fact.label, value=fact.value) for fact in self.result]
        return [*self.body, *facts, *_numbered(self.options)]


class Pay(Page):
    """Pay an amount to a payee.

    :param steps: how it is done, in three steps at most.
    :param waiting: that the money is waited for, and for how long.
    """

    kind: Literal["pay"] = "pay"
    payee: Text
    amount: Value
    code: str = ""
    steps: tuple[Text, ...] = Field(default=(), max_length=3)
    waiting: Text | None = None
    options: tuple[Option, ...] = ()

    def answers(self) -> frozenset[str]:
        return frozenset(option.value for option in self.options)

    def parts(self) -> list[Text]:
        return [
            *self.body,
            _("Pay {amount} to {payee}", amount=self.amount, payee=self.payee),
            *self.steps,
            *([self.waiting] if self.waiting else []),
            *_numbered(self.options),
        ]


class Call(Page):
    """Talk with somebody by video.

    :param video: name of the other side's picture.
    :param own_video: name of the resident's own picture.
    :param connection: ``connecting``, ``live``, ``interrupted``.
    :param facts: who it is, from where.
    :param ending: the resident is asked whether the call is really to end: the answers are ``end`` and ``keep``.
    :param written: what the other side writes, as it is typed; shown in letters of 10 mm.
    :param captions: what the other side says, as a computer hears it; None: none are offered. Shown while
        ``captioned``, which ``captions`` switches.
    :param writes: the resident can write back: a button, ``write``, opens and closes the keyboard.
    :param reply: what the resident has written, while the keyboard stands; it goes to the other side as it is typed,
        nothing is sent by a button.
    """

    kind: Literal["call"] = "call"
    video: str
    own_video: str
    connection: Literal["connecting", "live", "interrupted"] = "connecting"
    facts: tuple[Fact, ...] = ()
    muted: bool = False
    camera_off: bool = False
    enlarged: bool = False
    written: str = ""
    captions: str | None = Field(default=None, exclude_if=lambda given: given is None)
    captioned: bool = Field(default=False, exclude_if=lambda given: not given)
    writes: bool = Field(default=False, exclude_if=lambda given: not given)
    reply: str | None = Field(default=None, max_length=MAX_REPLY, exclude_if=lambda given: given is None)
    ending: bool = False

    def answers(self) -> frozenset[str]:
        if self.ending:
            return frozenset({"end", "keep"})
        if self.reply is not None:
            return frozenset({"write", "end"})
        more = {"write": self.writes, "captions": self.captions is not None}
        return frozenset({"mute", "camera", "enlarge", "end", *(answer for answer, given in more.items() if given)})


class Done(Page):
    """The service is done.

    :param steps: what the resident does next, three at most.
    :param another: offers to do something else in the same visit; the core says so.
    """

    kind: Literal["done"] = "done"
    facts: tuple[Fact, ...] = ()
    codes: tuple[str, ...] = ()
    steps: tuple[Text, ...] = Field(default=(), max_length=3)
    action: Text = _("Finish")
    another: bool = False

    def answers(self) -> frozenset[str]:
        return frozenset({"continue", "another"} if self.another else {"continue"})

    def parts(self) -> list[Text]:
        facts = [_("{label}: {value}", label=fact.label, value=fact.value) for fact in self.facts]
        steps = [_("Step {n}: {what}", n=n, what=step) for n, step in enumerate(self.steps, start=1)]
        return [*self.body, *facts, *steps]


class Attract(Page):
    """Nobody is here: what the station can do now, waiting for the first touch.

    :param services: what one touch leads to.
    :param more: there are others, which the big button leads to.
    """

    kind: Literal["attract"] = "attract"
    services: tuple[Option, ...] = Field(default=(), max_length=SERVICES_ON_ATTRACT)
    more: bool = False

    def answers(self) -> frozenset[str]:
        return frozenset({"continue", *(option.value for option in self.services)})

    def parts(self) -> list[Text]:
        return [*self.body, *(option.label for option in self.services)]


class Timeout(Page):
    """Are you still here? Personal data is hidden meanwhile.

    :param seconds: until the visit ends.
    """

    kind: Literal["timeout"] = "timeout"
    seconds: int

    def answers(self) -> frozenset[str]:
        return frozenset({"stay", "leave"})


class Help(Page):
    """Help was asked for: who comes, when it was acknowledged, which number to call."""

    kind: Literal["help"] = "help"
    asked_at: datetime
    acknowledged_at: datetime | None = None
    phone: str = ""

    def parts(self) -> list[Text]:
        return [*self.body, *([_("Call {phone}", phone=public(self.phone))] if self.phone else [])]


class Settings(Page):
    """Language, size of text, contrast, height of the screen."""

    kind: Literal["settings"] = "settings"
    options: tuple[Option, ...]

    def answers(self) -> frozenset[str]:
        return frozenset({option.value for option in self.options} | {"continue"})


class Leave(Page):
    """Really end the visit?"""

    kind: Literal["leave"] = "leave"

    def answers(self) -> frozenset[str]:
        return frozenset({"stay", "leave"})


AnyPage = Annotated[
    Choose
    | Ask
    | Read
    | Check
    | Tell
    | Wait
    | Capture
    | Pay
    | Call
    | Done
    | Attract
    | Timeout
    | Help
    | Settings
    | Leave,
    Field(discriminator="kind"),
]


class Contrast(StrEnum):
    """The palettes of a screen."""

    NORMAL = "normal"
    HIGH = "high"
    DARK = "dark"


def _scale(value: float) -> float:
    if value not in TEXT_SCALES:
        raise ValueError("1, 1.5 or 2")
    return value


TEXT_SCALES = (1.0, 1.5, 2.0)
TextScale = Annotated[float, AfterValidator(_scale)]


class Mode(Data):
    """How the resident wants to see: reset after each visit.

    :param more_time: the station waits longer on every page.
    """

    text_scale: TextScale = 1.0
    contrast: Contrast = Contrast.NORMAL
    lowered: bool = False
    more_time: bool = False


class Bar(StrEnum):
    """The buttons that stand at the bottom of every page, in this order."""

    START_OVER = "start_over"
    LISTEN = "listen"
    SETTINGS = "settings"
    LOWER = "lower"
    HELP = "help"


class Stage(StrEnum):
    """The named steps of a service, as the path on top of every page shows them."""

    CHOOSE = "choose"
    IDENTITY = "identity"
    QUESTIONS = "questions"
    PAPERS = "papers"
    MEASURE = "measure"
    REVIEW = "review"
    PAY = "pay"
    CALL = "call"
    RESULT = "result"
    RECEIPT = "receipt"


class View(Data):
    """A page as it is to be shown now: what the core hands to a screen.

    :param visit: names the visit, or empty while nobody is here; a screen forgets everything when it changes.
    :param head: the agency whose station this is.
    :param languages: languages offered in the head.
    :param bar: buttons offered at the bottom.
    :param listening: whether pages are read aloud.
    :param back: whether Back is offered.
    :param note: why Back or a closed option did nothing, in words; shown once on the page.
    :param path: the steps of the service; empty: none is under way.
    :param stage: the step that the page belongs to, one of ``path``.
    """

    page: AnyPage
    visit: str = ""
    language: str = "vi"
    languages: tuple[str, ...] = ("vi", "en")
    mode: Mode = Mode()
    head: Text = verbatim("")
    site: Text = verbatim("")
    bar: tuple[Bar, ...] = ()
    listening: bool = False
    back: bool = False
    note: Text | None = None
    path: tuple[Stage, ...] = ()
    stage: Stage | None = None


def fields_of(page: Page) -> tuple[FieldView, ...]:
    """Return the fields of a page that can be typed into: an Ask page's questions, what is written in a call."""
    match page:
        case Ask():
            return page.fields
        case Call(reply=str() as reply):
            label = _("You write")
            return (FieldView(name="reply", control=Control.TEXT, label=label, value=reply, max_length=MAX_REPLY),)
        case _:
            return ()
