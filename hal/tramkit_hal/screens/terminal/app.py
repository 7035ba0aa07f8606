"""The Textual application that shows one view at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message

from tramkit_hal import labels
from tramkit_hal.describe import describe, options_of
from tramkit_hal.events import Answered, Pressed, Touched
from tramkit_hal.keyboard import layouts
from tramkit_hal.keyboard.typing import DELETE, Typing, press
from tramkit_hal.pages import Ask, Attract, Bar, Control, FieldView, View
from tramkit_hal.screen import ScreenCapabilities, Shown
from tramkit_hal.screens.terminal.keyboard import Keyboard
from tramkit_hal.screens.terminal.parts import Field, Heading, Part, Press, Tick
from tramkit_hal.screens.terminal.picture import Code, Picture
from tramkit_hal.stage import Refused, Stage, Stale
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text, render

TOUCH_SECONDS = 1.0
"""How often at most the core hears that somebody is typing."""

_ZONES = ("head", "body", "actions", "bar")
_WAYS = (Typing.DIRECT, Typing.TELEX, Typing.VNI)

CAPABILITIES = ScreenCapabilities(touch=False, video="framing", draws=False)
"""Half blocks: enough to see whether one's face is in the picture."""


class ViewChanged(Message):
    """There is another view on the stage."""


class TerminalApp(App[None]):
    """Shows a stage's view in a terminal.

    :param ghost_tap_seconds: after a page change, presses this soon were meant for the page before.
    """

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    TITLE = "Tramkit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("ctrl+q", "nothing", show=False, priority=True),
        Binding("ctrl+c", "stop", show=False, priority=True),
        Binding("escape", "go_back", show=False),
        Binding("f1", "help", show=False),
    ]

    def __init__(
        self,
        stage: Stage,
        videos: Mapping[str, NewestFrame],
        stop: Callable[[], None],
        ghost_tap_seconds: float = 0.25,
    ) -> None:
        super().__init__()
        self._stage = stage
        self._videos = videos
        self._stop = stop
        self._ghost_tap_seconds = ghost_tap_seconds
        self._changed_at = 0.0
        self._touched_at = 0.0
        self._page: tuple[str, str, str] = ("", "", "")
        self._active = ""
        self._caret = 0
        self.serial = -1

    # ── the page ──────────────────────────────────────────────────────────────────────────────────────────

    def compose(self) -> ComposeResult:
        yield Horizontal(id="head")
        yield VerticalScroll(id="body", can_focus=False)
        yield Vertical(id="actions")
        yield Keyboard(self.type_key)
        yield Horizontal(id="bar")

    async def on_mount(self) -> None:
        self.query_one(Keyboard).display = False
        await self.on_view_changed()

    async def on_view_changed(self) -> None:
        """Show what is on the stage now."""
        stage = self._stage
        view, serial = stage.view, stage.serial
        same = self._page == (page := (view.visit, view.page.id, view.page.kind))
        if not same:
            self._page, self._changed_at = page, time.monotonic()
            fields = [field for field in self._fields() if _typed(field)]
            self._active = fields[0].name if fields else ""
            self._caret = len(self._value(fields[0])) if fields else 0
        zones = {name: list(parts) for name, parts in self._parts(view).items()}
        with self.batch_update():
            self.set_class(view.mode.contrast.value != "normal", view.mode.contrast.value)
            for contrast in ("high", "dark"):
                self.screen.set_class(view.mode.contrast.value == contrast, contrast)
            self.screen.set_class(view.mode.text_scale > 1, "larger")
            self.screen.set_class(view.mode.lowered, "lowered")
            for name, parts in zones.items():
                zone = self.query_one(f"#{name}")
                old = [part for part in zone.children if isinstance(part, Part)]
                if same and [_shape(part) for part in old] == [_shape(part) for part in parts]:
                    for part, new in zip(old, parts, strict=True):
                        part.press = new.press
                        part.show(new.item)
                    continue
                await zone.remove_children()
                await zone.mount_all(parts)
            self._show_keyboard()
            self._show_caret()
        if not same:
            self.query_one("#body").scroll_home(animate=False)
            self._focus_first()
        self.serial = serial

    def described(self) -> list[Shown]:
        """Return what the page's parts have drawn, in reading order."""
        items = [part.shown() for zone in _ZONES for part in self.query(f"#{zone} > Part").results(Part)]
        return [item for item in items if item.name or item.value]

    def _t(self, text: Text) -> str:
        return render(text, self._stage.view.language)

    def _fields(self) -> tuple[FieldView, ...]:
        page = self._stage.view.page
        return page.fields if isinstance(page, Ask) else ()

    def _value(self, field: FieldView) -> str:
        return self._stage.drafts.get(field.name, field.value)

    def _parts(self, view: View) -> dict[str, list[Part]]:
        items = describe(view, self._stage.drafts, CAPABILITIES)
        after_head = max((n for n, item in enumerate(items) if item.action.startswith("language:")), default=-1) + 1
        before_bar = len(items) - len(view.bar)
        before_actions = before_bar
        while before_actions > after_head and items[before_actions - 1].role == "button":
            before_actions -= 1
        return {
            "head": [Part(item, self._head_press(item)) for item in items[:after_head]],
            "body": list(self._body(view, items[after_head:before_actions])),
            "actions": [Part(item, self._action_press(item)) for item in items[before_actions:before_bar]],
            "bar": [Part(item, self._bar_press(item)) for item in items[before_bar:]],
        }

    def _body(self, view: View, items: list[Shown]) -> Iterator[Part]:
        fields = {field.name: field for field in self._fields()}
        field: FieldView | None = None
        for item in items:
            if item.role == "heading":
                yield Heading(item, None)
            elif item.role == "picture":
                yield Picture(item, self._videos.get(item.value))
            elif item.role == "code":
                room = (self.size.width - 2, max(10, self.size.height - 12))
                yield Code(item, room, self._t(labels.CODE_NO_ROOM))
            elif item.role == "field":
                field = fields[item.action]
                if field.control is Control.CONSENT:
                    yield Tick(item, self._chooser(field, "" if self._value(field) else "yes"))
                elif _typed(field):
                    yield Field(item, self._activator(field.name))
                else:
                    yield Part(item, None)
            elif item.role == "option":
                pick = field is not None and item.action in {each.value for each in options_of(field)}
                yield Part(item, self._chooser(field, item.action) if pick and field else self._answerer(item.action))
            elif item.role == "fact" and item.action:
                name = item.action.removeprefix("change:")
                yield Part(item, self._presser("change", name), self._t(labels.CHANGE))
            elif item.role == "error":
                yield Part(item, self._activator(item.action.removeprefix("field:")))
            else:
                anywhere = isinstance(view.page, Attract)
                yield Part(item, self._answerer("continue") if anywhere and item.role == "text" else None)

    # ── what a press does ─────────────────────────────────────────────────────────────────────────────────

    def _head_press(self, item: Shown) -> Press | None:
        kind, _, language = item.action.partition(":")
        return self._presser("language", language) if kind == "language" else None

    def _action_press(self, item: Shown) -> Press:
        if item.action == "back":
            return self._presser("back")
        if item.action == Bar.HELP.value and item.action not in self._stage.view.page.answers():
            return self._presser(Bar.HELP)
        return self._answerer(item.action)

    def _bar_press(self, item: Shown) -> Press:
        return self._presser(Bar(item.action))

    def _answerer(self, choice: str) -> Press:
        def answer() -> None:
            page = self._stage.view.page
            self._send(Answered(page=page.id, revision=page.revision, choice=choice, values=self._values()))

        return answer

    def _presser(self, button: Bar | Literal["back", "language", "change"], value: str = "") -> Press:
        def pressed() -> None:
            page = self._stage.view.page
            self._send(Pressed(page=page.id, revision=page.revision, button=button, value=value, values=self._values()))

        return pressed

    def _chooser(self, field: FieldView, value: str) -> Press:
        def choose() -> None:
            self._stage.drafts[field.name] = value
            self._touch()
            self.post_message(ViewChanged())

        return choose

    def _activator(self, name: str) -> Press:
        def activate() -> None:
            field = next((field for field in self._fields() if field.name == name and _typed(field)), None)
            if field is not None:
                self._active, self._caret = name, len(self._value(field))
                self._show_keyboard()
                self._show_caret()

        return activate

    def _values(self) -> dict[str, str]:
        return {field.name: self._value(field) for field in self._fields()}

    def _send(self, event: Answered | Pressed) -> None:
        if time.monotonic() - self._changed_at < self._ghost_tap_seconds:
            return
        try:
            self._stage.accept(event)
        except Stale:
            self.post_message(ViewChanged())
        except Refused:
            self.bell()

    def _touch(self) -> None:
        now = time.monotonic()
        if now - self._touched_at < TOUCH_SECONDS:
            return
        self._touched_at = now
        page = self._stage.view.page
        try:
            self._stage.accept(Touched(page=page.id, revision=page.revision, values=self._values()))
        except Stale:
            self.post_message(ViewChanged())

    # ── typing ────────────────────────────────────────────────────────────────────────────────────────────

    def type_key(self, key: str) -> None:
        """Do what a key of the on-screen keyboard says."""
        keyboard = self.query_one(Keyboard)
        if key == layouts.SHIFT:
            keyboard.shift = not keyboard.shift
            keyboard.refresh()
            return
        if key == layouts.WAY:
            typing = self._stage.typing
            self._stage.typing = _WAYS[(_WAYS.index(typing) + 1) % len(_WAYS)]
            self._show_keyboard()
            return
        self._type(key.upper() if keyboard.shift and len(key) == 1 and key.isalpha() else key)

    def _type(self, key: str) -> None:
        field = next((field for field in self._fields() if field.name == self._active), None)
        if field is None:
            return
        typing = self._stage.typing if field.control.keyboard == "vietnamese" else Typing.PLAIN
        before = self._value(field)
        text, caret = press(before, min(self._caret, len(before)), key, typing)
        if len(text) <= field.max_length:
            self._stage.drafts[field.name], self._caret = text, caret
        keyboard = self.query_one(Keyboard)
        keyboard.shift = field.control is Control.NAME and (not text or text[:caret].endswith(" "))
        keyboard.refresh()
        self._touch()
        self._show_caret()

    def on_key(self, event: events.Key) -> None:
        """Type what a physical keyboard says into the active field."""
        if not self._active:
            if isinstance(self._stage.view.page, Attract):
                self._answerer("continue")()
            return
        if event.key == "backspace":
            self._type(DELETE)
        elif event.key in ("left", "right"):
            value = next((self._value(f) for f in self._fields() if f.name == self._active), "")
            self._caret = max(0, min(len(value), self._caret + (1 if event.key == "right" else -1)))
            self._show_caret()
        elif event.character is not None and event.is_printable:
            self._type(event.character)
        else:
            return
        event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Type what is pasted, on one line."""
        for key in " ".join(event.text.split()):
            self._type(key)

    def _show_keyboard(self) -> None:
        field = next((field for field in self._fields() if field.name == self._active), None)
        names = {
            layouts.SPACE: self._t(labels.SPACE),
            layouts.WAY: self._t(labels.WAYS[self._stage.typing]),
        }
        self.query_one(Keyboard).show(field.control.keyboard if field else "none", self._stage.typing, names)

    def _show_caret(self) -> None:
        for part in self.query(Field):
            field = next(field for field in self._fields() if field.name == part.item.action)
            value = self._value(field)
            shown = "•" * len(value) if field.control is Control.SECRET else value
            active = part.item.action == self._active
            part.caret = min(self._caret, len(value)) if active else -1
            part.set_class(active, "active")
            part.item = part.item.model_copy(update={"value": shown})
            part.draw()

    # ── keys of the page ──────────────────────────────────────────────────────────────────────────────────

    def _focus_first(self) -> None:
        focusable: list[Any] = [part for part in self.query(Part) if part.can_focus]
        inside = [part for part in focusable if part.parent is not None and part.parent.id in ("body", "actions")]
        self.set_focus((inside or focusable or [None])[0], scroll_visible=False)

    def action_go_back(self) -> None:
        """Go back, where the page offers it."""
        if self._stage.view.back:
            self._presser("back")()

    def action_help(self) -> None:
        """Call staff, where the page offers it."""
        if Bar.HELP in self._stage.view.bar:
            self._presser(Bar.HELP)()

    def action_stop(self) -> None:
        """Stop the station: who has the terminal is its operator."""
        self._stop()

    def action_nothing(self) -> None:
        """Take a key away from Textual: a resident must not end the program."""


def _typed(field: FieldView) -> bool:
    return field.control.keyboard != "none"


def _shape(part: Part) -> tuple[type[Part], str, str, str, bool]:
    item = part.item
    code = item.name if item.role == "code" else ""
    return type(part), item.role, item.action, code or (item.value if item.role == "picture" else ""), part.can_focus
