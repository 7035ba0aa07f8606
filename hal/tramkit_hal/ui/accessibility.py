"""What a view says, in reading order: the list that every screen's ``describe`` is held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tramkit_hal.ui import guide, labels
from tramkit_hal.ui.pages import (
    Ask,
    Attract,
    Availability,
    Bar,
    Call,
    Capture,
    Check,
    Choose,
    Control,
    Done,
    Fact,
    FieldView,
    Help,
    Leave,
    Option,
    Page,
    Pay,
    Settings,
    Tell,
    Timeout,
    Tone,
    View,
    Wait,
    fields_of,
)
from tramkit_hal.ui.screen import ScreenCapabilities, Shown
from tramkit_hal.words import LANGUAGES, Moment, Text, render, show


def describe(
    view: View, drafts: Mapping[str, str] | None = None, capabilities: ScreenCapabilities | None = None
) -> list[Shown]:
    """Return everything a person finds on the view, in its language.

    :param drafts: what has been typed since the view was shown, by field.
    :param capabilities: of the screen; None: it can do everything.
    """
    can = capabilities or ScreenCapabilities()
    return [item for item in _Reader(view, drafts or {}, can).read() if item.name or item.value]


class _Reader:
    """Walks one view."""

    def __init__(self, view: View, drafts: Mapping[str, str], can: ScreenCapabilities) -> None:
        self.view = view
        self.can = can
        self.drafts = drafts

    def t(self, text: Text | None) -> str:
        return render(text, self.view.language) if text else ""

    def read(self) -> Iterator[Shown]:
        view, page = self.view, self.view.page
        yield Shown(role="text", name=self.t(view.head))
        yield Shown(role="text", name=self.t(view.site))
        for language in view.languages:
            state = "selected" if language == view.language else ""
            yield Shown(role="button", name=LANGUAGES[language], state=state, action=f"language:{language}")
        if view.path and view.stage in view.path:
            yield Shown(role="text", name=stage_words(view))
        yield Shown(role="heading", name=self.t(page.title))
        if isinstance(page, Tell) and page.tone is not Tone.PLAIN:
            yield Shown(role="text", name=self.t(labels.TONES[page.tone]))
        if isinstance(page, Done):
            yield Shown(role="text", name=self.t(labels.TONES[Tone.SUCCESS]))
        if (drawn := guide.guide_of(page)) is not None:
            yield Shown(role="picture", name=self.t(guide.WORDS[drawn]))
        yield Shown(role="text", name=self.t(view.note))
        if isinstance(page, Tell | Check):
            yield Shown(role="text", name=self.t(page.large))
        for paragraph in page.body:
            yield Shown(role="text", name=self.t(paragraph))
        if self.can.lacks(view.page):
            yield Shown(role="text", name=self.t(page.fallback))
        yield from self.content(page)
        yield from self.actions(page)
        if view.back:
            yield Shown(role="button", name=self.t(labels.BACK), action="back")
        for button in view.bar:
            lowered = button is Bar.LOWER and view.mode.lowered
            on = lowered or (button is Bar.LISTEN and view.listening)
            words = labels.RAISE if lowered else labels.BAR[button]
            yield Shown(role="button", name=self.t(words), state="selected" if on else "", action=button.value)

    def content(self, page: Page) -> Iterator[Shown]:
        match page:
            case Choose():
                yield from self.options(page.options, page.selected)
            case Ask():
                for field in page.fields:
                    if self.can.draws or field.control is not Control.SIGNATURE:
                        yield from self.field(field)
                yield from self.aid(page)
                yield from self.options(page.options)
            case Check():
                yield from self.facts(page.facts)
            case Tell() | Wait() | Done():
                yield from self.facts(page.facts)
                if isinstance(page, Done) and page.steps:
                    yield Shown(role="text", name=self.t(labels.NEXT_STEPS))
                    yield from (Shown(role="text", name=self.t(step)) for step in page.steps)
                if not isinstance(page, Wait):
                    yield from (Shown(role="code", name=code) for code in page.codes)
                if not isinstance(page, Done):
                    yield from self.options(page.options)
            case Capture():
                if page.video:
                    words = labels.PICTURE_OF_PAPER if page.source == "paper" else labels.PICTURE
                    yield Shown(role="picture", name=self.t(words), value=page.video)
                yield from (Shown(role="code", name=code) for code in page.codes)
                yield from self.facts(page.result)
                yield from self.options(page.options)
            case Call():
                yield Shown(role="text", name=self.t(labels.CONNECTIONS[page.connection]))
                yield Shown(role="picture", name=self.t(labels.OTHER_PICTURE), value=page.video)
                yield Shown(role="picture", name=self.t(labels.OWN_PICTURE), value=page.own_video)
                if page.written:
                    yield Shown(role="text", name=page.written)
                if page.captioned and page.captions is not None:
                    yield Shown(role="text", name=self.t(labels.CAPTIONS_BY))
                    yield Shown(role="text", name=page.captions)
                for field in fields_of(page):
                    yield from self.field(field)
                yield from () if page.enlarged or page.reply is not None else self.facts(page.facts)
            case _:
                yield from self.core_content(page)

    def core_content(self, page: Page) -> Iterator[Shown]:
        language = self.view.language
        match page:
            case Pay():
                yield Shown(role="fact", name=self.t(labels.PAY_TO), value=self.t(page.payee))
                yield Shown(role="fact", name=self.t(labels.AMOUNT), value=show(page.amount, language))
                yield from (Shown(role="text", name=self.t(step)) for step in page.steps)
                yield Shown(role="code", name=page.code)
                yield Shown(role="text", name=self.t(page.waiting))
                yield from self.options(page.options)
            case Attract():
                yield Shown(role="text", name=self.t(labels.SERVICES_NOW) if page.services else "")
                yield from self.options(page.services)
            case Help():
                asked = self.t(labels.HELP_ASKED).format(time=show(Moment(at=page.asked_at), language))
                yield Shown(role="text", name=asked)
                if page.acknowledged_at:
                    at = show(Moment(at=page.acknowledged_at), language)
                    yield Shown(role="text", name=self.t(labels.HELP_COMING).format(time=at))
                if page.phone:
                    words = labels.HELP_PHONE if page.acknowledged_at else labels.HELP_UNANSWERED
                    yield Shown(role="text", name=self.t(words))
                yield Shown(role="text", name=page.phone)
            case Settings():
                yield from self.options(page.options)
            case Timeout():
                yield Shown(role="text", name=self.t(labels.SECONDS_LEFT), value=str(page.seconds))
            case _:
                return

    def actions(self, page: Page) -> Iterator[Shown]:
        if isinstance(page, Call):
            for answer, words, pressed in labels.call_buttons(page):
                state = "selected" if pressed else ""
                yield Shown(role="button", name=self.t(words), state=state, action=answer)
        elif isinstance(page, Timeout | Leave):
            stay, leave = buttons_of(page)
            yield Shown(role="button", name=self.t(stay), action="stay")
            yield Shown(role="button", name=self.t(leave), action="leave")
        else:
            if isinstance(page, Done) and page.another:
                yield Shown(role="button", name=self.t(labels.ANOTHER), action="another")
            yield Shown(role="button", name=self.t(action_of(page)), action="continue")

    def options(self, options: tuple[Option, ...], selected: str = "") -> Iterator[Shown]:
        for option in options:
            state = "selected" if selected and option.value == selected else _state(option)
            yield Shown(
                role="option",
                name=self.t(option.label),
                value=self.reason(option) or self.t(option.hint),
                state=state,
                action=option.value,
            )

    def reason(self, option: Option) -> str:
        return "" if option.state is Availability.AVAILABLE else self.t(option.reason)

    def facts(self, facts: tuple[Fact, ...]) -> Iterator[Shown]:
        for fact in facts:
            action = f"change:{fact.change}" if fact.change else ""
            yield Shown(role="fact", name=self.t(fact.label), value=self.t(fact.value), action=action)

    def field(self, field: FieldView) -> Iterator[Shown]:
        value = self.drafts.get(field.name, field.value)
        if field.error:
            yield Shown(role="error", name=self.t(field.error), action=f"field:{field.name}")
        yield Shown(
            role="field",
            name=self.t(field.label),
            value=self.value(field, value),
            error=self.t(field.error),
            action=field.name,
        )
        if field.control is Control.SIGNATURE:
            yield Shown(role="button", name=self.t(labels.CLEAR), action=f"clear:{field.name}")
        yield Shown(role="text", name=self.t(field.hint))
        yield Shown(role="text", name=self.t(field.source))
        yield from self.options(options_of(field), value)

    def value(self, field: FieldView, value: str) -> str:
        """Return what stands in a field as it can be told: a secret is not, of a signature only that it is there."""
        if field.control is Control.SIGNATURE:
            return self.t(labels.SIGNED) if value else ""
        return "•" * len(value) if field.control is Control.SECRET else value

    def aid(self, page: Ask) -> Iterator[Shown]:
        if page.attempts >= 2:
            for field in page.errors:
                example = self.t(field.example)
                words = self.t(labels.EXAMPLE).format(example=example) if example else ""
                yield Shown(role="text", name=words)
        if page.attempts >= 3:
            yield Shown(role="button", name=self.t(labels.CALL_STAFF), action=Bar.HELP.value)


def stage_words(view: View) -> str:
    """Return where the page stands on the path, in words; empty: there is no path."""
    if view.stage is None or view.stage not in view.path:
        return ""
    at, name = view.path.index(view.stage) + 1, render(labels.STAGES[view.stage], view.language)
    return render(labels.STAGE_OF, view.language).format(n=at, m=len(view.path), stage=name)


def options_of(field: FieldView) -> tuple[Option, ...]:
    """Return the answers a field offers; yes/no brings its own."""
    if field.control is Control.YES_NO:
        return field.options or (
            Option(value="yes", label=labels.YES),
            Option(value="no", label=labels.NO),
        )
    return field.options if field.control is Control.CHOICE else ()


def action_of(page: Page) -> Text | None:
    """Return the words of the page's one big button; None: it has none."""
    if "continue" not in page.answers() or isinstance(page, Choose | Wait | Pay):
        return None
    if isinstance(page, Attract):
        return labels.OTHER_SERVICES if page.more else labels.TOUCH_TO_BEGIN
    if isinstance(page, Help | Settings):
        return labels.CLOSE
    return getattr(page, "action", None) or labels.CONTINUE


def buttons_of(page: Timeout | Leave) -> tuple[Text, Text]:
    """Return the words for staying and for leaving."""
    if isinstance(page, Timeout):
        return labels.STILL_HERE, labels.END_NOW
    return labels.STAY, labels.LEAVE


def _state(option: Option) -> str:
    return "" if option.state is Availability.AVAILABLE else option.state.value
