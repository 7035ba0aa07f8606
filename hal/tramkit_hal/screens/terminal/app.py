"""The Textual application that shows one view at a time.

Longer than 400 lines: one application; what it draws lies beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from tramkit_hal.screens.terminal import layout
from tramkit_hal.screens.terminal.keyboard import KEY_LINES, Keyboard
from tramkit_hal.screens.terminal.palette import PALETTES
from tramkit_hal.screens.terminal.parts import Field, Part, Press
from tramkit_hal.screens.terminal.pen import Pen
from tramkit_hal.screens.terminal.picture import PICTURES_PER_SECOND, Code, Picture
from tramkit_hal.screens.terminal.reading import ReadingAloud
from tramkit_hal.screens.terminal.sheet import Sheet
from tramkit_hal.ui import labels
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.keyboard import layouts
from tramkit_hal.ui.keyboard.typing import DELETE
from tramkit_hal.ui.pages import Attract, Bar, Call, FieldView
from tramkit_hal.ui.screen import ScreenCapabilities, Shown
from tramkit_hal.ui.stage import EventRefusedError, ShownView, StaleEventError
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text, render

TOUCH_SECONDS = 1.0
"""How often at most the core hears that somebody is typing."""
WRITE_SECONDS = 0.3
"""The same in a call, where what is typed is read as it is typed (ITU-T T.140 §7)."""

SHORT = 34
"""A terminal of fewer lines has buttons and keys of one line."""
FEWEST = 5
"""Lines that the content has at least: otherwise the on-screen keyboard gives way."""

_ZONES = ("head", "body", "actions", "bar")
_SHEETS = ("space", "head", "body", "more", "actions", "keyboard", "bar")
"""From top to bottom."""

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
        Binding("down,tab", "step(1)", show=False, priority=True),
        Binding("up,shift+tab", "step(-1)", show=False, priority=True),
        Binding("pagedown", "roll(1)", show=False, priority=True),
        Binding("pageup", "roll(-1)", show=False, priority=True),
        Binding("escape", "go_back", show=False, priority=True),
        Binding("f1", "help", show=False, priority=True),
        Binding("ctrl+q", "nothing", show=False, priority=True),
        Binding("ctrl+c", "stop", show=False, priority=True),
    ]

    def __init__(
        self,
        stage: ShownView,
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
        self._touching: Timer | None = None
        self._page: tuple[str, str, str] = ("", "", "")
        self._pen = Pen(stage)
        self._view = stage.view
        self._parts: dict[str, list[Part]] = {zone: [] for zone in _ZONES}
        self._at: Part | None = None
        self._more = Part(Shown(role="button", name=""), self._roll_on)
        self._keyboard = Keyboard(self.type_key)
        self._sheets = {
            name: Sheet(name, self._touch_part, self._say_more, "frame" if name in ("actions", "bar") else "ground")
            for name in _SHEETS
            if name != "keyboard"
        }
        self.serial = -1
        """The number of the view on the glass; what is pressed answers that one, not the one that is to come."""

    # ── the page ──────────────────────────────────────────────────────────────────────────────────────────

    def compose(self) -> ComposeResult:
        for name in _SHEETS:
            yield self._sheets.get(name, self._keyboard)

    def on_mount(self) -> None:
        self.set_interval(1 / PICTURES_PER_SECOND, self._look_at_pictures)
        self.on_view_changed()

    def on_resize(self) -> None:
        self.call_later(self._draw)  # Textual takes the new size only after this

    def on_view_changed(self) -> None:
        """Show what is on the stage now."""
        self._view, serial = self._stage.view, self._stage.serial
        view = self._view
        page = (view.visit, view.page.id, view.page.kind)
        if new := self._page != page:
            self._page, self._changed_at, self._at = page, time.monotonic(), None
            self._told()  # nobody has touched this page: on the first one it would begin a visit
            self._sheets["body"].first = 0
        self._pen.turn_to(view, new=new)
        self._draw()
        if new:
            self._see_code()
        self.serial = serial

    def parts(self) -> list[Part]:
        """Return what stands on the page, in reading order."""
        return [part for zone in _ZONES for part in self._parts[zone]]

    def described(self) -> list[Shown]:
        """Return what the page's parts have drawn, in reading order."""
        items = [part.shown() for part in self.parts() if part.told]
        return [item for item in items if item.name or item.value]

    def reach(self, part: Part) -> tuple[int, int]:
        """Roll the page until a part is seen; return the cell where it begins, from the top left.

        :raises LookupError: it does not stand on the page.
        """
        above = 0
        for name in _SHEETS:
            if name == "keyboard":
                above += self._keyboard.height
                continue
            sheet = self._sheets[name]
            if (place := sheet.place(part)) is not None:
                column, first, last = place
                if last >= sheet.first + sheet.lines:
                    sheet.roll(last - sheet.lines + 1)
                if first < sheet.first:
                    sheet.roll(first)
                return column, above + first - sheet.first
            above += sheet.lines
        raise LookupError(f"the page has no {part.item.action or part.item.name!r}")

    def _draw(self) -> None:
        """Lay the view out and give each zone its rows."""
        view = self._view
        width, height = self.size
        short = height < SHORT
        reading = ReadingAloud(view, self._stage.drafts, self._videos, CAPABILITIES, self)
        old, at = self._reachable(), self._at
        parts = {"head": reading.head(), "actions": reading.actions(), "bar": reading.bar()}
        rows = {
            "head": layout.head(parts["head"], width),
            "actions": layout.actions(parts["actions"], width, 1 if short else 3),
            "bar": layout.bar(parts["bar"], width, 1 if short else 2),
        }
        self._show_keys()
        key_lines = 1 if short else KEY_LINES
        keys = len(self._keyboard.rows) * key_lines
        room = height - sum(map(len, rows.values())) - keys
        if room < FEWEST:  # who has so small a terminal has a keyboard of their own
            room, keys = room + keys, 0
        parts["body"] = reading.body((width, room - 1))
        self._parts = parts
        self._mark_active()
        rows["body"] = layout.body(parts["body"], width, loose=view.mode.text_scale > 1, tight=short)
        space = max(0, min(height // 3, room - len(rows["body"]))) if view.mode.lowered else 0
        longer = len(rows["body"]) > room - space
        lines = {"space": space, "body": room - space - longer, "more": int(longer)}
        palette = PALETTES[view.mode.contrast]
        with self.batch_update():
            for name, sheet in self._sheets.items():
                sheet.palette = palette
                sheet.put(rows.get(name, ()), lines.get(name, len(rows.get(name, ()))))
            self._keyboard.palette = palette
            self._keyboard.put(keys, key_lines)
            self._say_more()
            self._keep_place(old, at)

    def _say_more(self) -> None:
        """Say that there is more below, or that this is the end."""
        body, sheet = self._sheets["body"], self._sheets["more"]
        if sheet.lines > 0:
            end = body.first >= body.last
            words = f"▲ {self._t(labels.TO_TOP)}" if end else f"▼ {self._t(labels.MORE)}"
            self._more.item = Shown(role="button", name=words)
            sheet.put(layout.more(self._more, self.size.width), 1)

    def _roll_on(self) -> None:
        body = self._sheets["body"]
        body.roll(0 if body.first >= body.last else body.first + max(1, body.lines - 2))

    def _see_code(self) -> None:
        """Roll a new page until its first code is seen whole: half a code helps nobody."""
        code = next((part for part in self._parts["body"] if isinstance(part, Code) and part.fits), None)
        if code is not None:
            self.reach(code)

    def _look_at_pictures(self) -> None:
        pictures = [part for part in self._parts["body"] if isinstance(part, Picture)]
        for picture in pictures:
            picture.look_again()
        if pictures:
            self._sheets["body"].refresh()

    # ── what a press does ─────────────────────────────────────────────────────────────────────────────────

    def answering(self, choice: str) -> Press:
        """Return a press that answers the page."""

        def answer() -> None:
            page = self._view.page
            self._send(Answered(page=page.id, revision=page.revision, choice=choice, values=self._pen.values()))

        return answer

    def pressing(self, button: Bar | Literal["back", "language", "change"], value: str = "") -> Press:
        """Return a press of a button of the frame."""

        def pressed() -> None:
            page = self._view.page
            self._send(
                Pressed(page=page.id, revision=page.revision, button=button, value=value, values=self._pen.values())
            )

        return pressed

    def choosing(self, field: FieldView, value: str) -> Press:
        """Return a press that answers one question of several."""

        def choose() -> None:
            self._stage.drafts[field.name] = value
            self._touch()
            self._draw()

        return choose

    def activating(self, name: str) -> Press:
        """Return a press after which a field is typed into."""

        def activate() -> None:
            field = next((part for part in self._parts["body"] if part.typed and part.item.action == name), None)
            if field is not None:
                self._go_to(field)

        return activate

    def _t(self, text: Text) -> str:
        return render(text, self._view.language)

    def _send(self, event: Answered | Pressed) -> None:
        if time.monotonic() - self._changed_at < self._ghost_tap_seconds:
            return
        try:
            self._stage.accept(event)
        except StaleEventError:
            self.post_message(ViewChanged())
        except EventRefusedError:
            self.bell()

    def _touch(self) -> None:
        now = time.monotonic()
        often = WRITE_SECONDS if isinstance(self._view.page, Call) else TOUCH_SECONDS
        if now - self._touched_at < often:
            if self._touching is None:  # what is typed last counts too
                self._touching = self.set_timer(self._touched_at + often - now, self._touch_late)
            return
        self._told()
        self._touched_at = now
        page = self._view.page
        try:
            self._stage.accept(Touched(page=page.id, revision=page.revision, values=self._pen.values()))
        except StaleEventError:
            self.post_message(ViewChanged())

    def _told(self) -> None:
        """Let go of the touch that waits."""
        if self._touching is not None:
            self._touching.stop()
            self._touching = None

    def _touch_late(self) -> None:
        self._touching, self._touched_at = None, 0.0
        self._touch()

    # ── typing ────────────────────────────────────────────────────────────────────────────────────────────

    def type_key(self, key: str) -> None:
        """Do what a key of the on-screen keyboard says."""
        if key == layouts.SHIFT:
            self._keyboard.shift = not self._keyboard.shift
            self._keyboard.refresh()
        elif key == layouts.WAY:
            self._pen.next_way()
            self._draw()
        else:
            self._type(key.upper() if self._keyboard.shift and len(key) == 1 and key.isalpha() else key)

    def _type(self, key: str) -> None:
        if self._pen.field is not None:
            self._keyboard.shift = self._pen.type(key)
            self._touch()
            self._draw()

    def on_key(self, event: events.Key) -> None:
        """Press what the keys stand on, or type what a physical keyboard says into the active field."""
        at = self._at
        if event.key == "enter" or (event.key == "space" and at is not None and not at.typed):
            if at is not None:
                self.action_step(1) if at.typed else self._touch_part(at)
        elif self._pen.field is None:
            if isinstance(self._view.page, Attract):
                self.answering("continue")()
            return
        elif event.key == "backspace":
            self._type(DELETE)
        elif event.key in ("left", "right"):
            self._pen.step(1 if event.key == "right" else -1)
            self._draw()
        elif event.character is not None and event.is_printable:
            self._type(event.character)
        else:
            return
        event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Type what is pasted, on one line."""
        for key in " ".join(event.text.split()):
            self._type(key)

    def _show_keys(self) -> None:
        field = self._pen.field
        names = {
            layouts.SPACE: self._t(labels.SPACE),
            layouts.WAY: self._t(labels.WAYS[self._stage.typing]),
        }
        self._keyboard.show(field.control.keyboard if field else "none", self._stage.typing, names)

    def _mark_active(self) -> None:
        """Put the caret into the field that is typed into."""
        for part in self._parts["body"]:
            if isinstance(part, Field) and part.item.action == self._pen.name:
                part.caret = min(self._pen.caret, len(part.item.value))

    # ── keys of the page ──────────────────────────────────────────────────────────────────────────────────

    def _reachable(self) -> list[Part]:
        """Return what keys reach, in order."""
        more = [self._more] if self._sheets["more"].lines > 0 else []
        zones = [*self._parts["head"], *self._parts["body"], *more, *self._parts["actions"], *self._parts["bar"]]
        return [part for part in zones if part.press is not None]

    def _keep_place(self, old: list[Part], at: Part | None) -> None:
        """Stand where one stood before, or at the first thing to do."""
        new = self._reachable()
        shapes = [[(type(part), part.item.action) for part in parts] for parts in (old, new)]
        if at in old and shapes[0] == shapes[1]:
            self._stand_at(new[old.index(at)])
            return
        first = [*self._parts["body"], self._more, *self._parts["actions"]]
        if isinstance(self._view.page, Attract):  # Enter begins, however long the list of services is
            first = self._parts["actions"]
        active = [part for part in first if part.typed and part.item.action == self._pen.name]
        self._stand_at(next((part for part in (*active, *first) if part in new), None))

    def _stand_at(self, part: Part | None) -> None:
        self._at = part
        for sheet in self._sheets.values():
            if sheet.at is not part:
                sheet.at = part
                sheet.refresh()

    def _go_to(self, part: Part) -> None:
        """Stand at a part and see it; a field is typed into from now on."""
        self._stand_at(part)
        if part.typed and part.item.action != self._pen.name:
            self._pen.go_to(part.item.action)
            self._draw()
        if self._at is not None:
            self.reach(self._at)

    def _touch_part(self, part: Part | None) -> None:
        if part is not None and part.press is not None:
            part.press()
        elif isinstance(self._view.page, Attract):  # anywhere will do
            self.answering("continue")()

    def action_step(self, by: int) -> None:
        """Go to the next thing that can be pressed, or back to the one before."""
        parts = self._reachable()
        if parts:
            at = parts.index(self._at) if self._at in parts else -1
            self._go_to(parts[(at + by) % len(parts)])

    def action_roll(self, by: int) -> None:
        """See the lines further down, or further up."""
        body = self._sheets["body"]
        body.roll(body.first + by * max(1, body.lines - 2))

    def action_go_back(self) -> None:
        """Go back, where the page offers it."""
        if self._view.back:
            self.pressing("back")()

    def action_help(self) -> None:
        """Call staff, where the page offers it."""
        if Bar.HELP in self._view.bar:
            self.pressing(Bar.HELP)()

    def action_stop(self) -> None:
        """Stop the station: who has the terminal is its operator."""
        self._stop()

    def action_nothing(self) -> None:
        """Take a key away from Textual: a resident must not end the program."""
