"""The terminal screen, run by Textual without a terminal: every page shows, answers and is the same as elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.golden_pages import golden_pages, view_of
from textual._context import active_app
from textual.pilot import Pilot

from tramkit_hal.clock import SystemClock
from tramkit_hal.describe import describe
from tramkit_hal.device import DeviceContext
from tramkit_hal.pages import Ask, Bar, Contrast, Control, FieldView, Mode, View
from tramkit_hal.roles import Role
from tramkit_hal.screen import Shown
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_hal.screens.terminal.parts import Part
from tramkit_hal.words import verbatim

PAGES = golden_pages()


class Terminal:
    """A resident at a terminal."""

    def __init__(self, screen: TerminalScreen) -> None:
        self.screen = screen
        assert screen.app is not None
        self.app = screen.app
        self.pilot: Pilot[None] = Pilot(self.app)
        active_app.set(self.app)  # as Textual's own run_test does for whoever holds the pilot

    async def show(self, view: View) -> None:
        await self.screen.show(view)
        while self.app.serial != self.screen.serial:
            await self.pilot.pause()
        await self.pilot.pause()

    async def press(self, action: str) -> None:
        """Click what has that action."""
        part = next(part for part in self.app.query(Part) if part.item.action == action)
        part.scroll_visible(animate=False)
        await self.pilot.pause()
        await self.pilot.click(part)

    async def event(self):
        async with asyncio.timeout(10):
            while (event := await self.screen.next_event()).kind == "touched":
                pass
        return event


@pytest_asyncio.fixture
async def terminal() -> AsyncIterator[Terminal]:
    settings = TerminalScreen.Settings(headless=True, ghost_tap_ms=0)
    screen = TerminalScreen(settings, DeviceContext(Role.SCREEN, SystemClock()))
    await screen.open()
    yield Terminal(screen)
    await screen.close()


@pytest.mark.parametrize(
    "mode", [Mode(), Mode(text_scale=2.0), Mode(contrast=Contrast.HIGH)], ids=["normal", "largest", "high"]
)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_says_what_the_model_says(terminal: Terminal, language: str, mode: Mode) -> None:
    for name, page in PAGES.items():
        view = view_of(page, language=language, mode=mode)
        await terminal.show(view)
        assert await terminal.screen.describe() == describe(view, capabilities=terminal.screen.capabilities), name


async def test_no_word_is_wider_than_the_terminal(terminal: Terminal) -> None:
    for name, page in PAGES.items():
        await terminal.show(view_of(page))
        for part in terminal.app.query(Part):
            if part.parent is not None and part.parent.id in ("head", "bar", "actions"):
                assert part.region.width >= min(len(part.text()), 42) or part.region.height > 1, (name, part.text())
            assert part.region.right <= 42, (name, part.text())


async def test_every_button_and_answer_says_so(terminal: Terminal) -> None:
    for name, page in PAGES.items():
        if isinstance(page, Ask) or name == "attract":
            continue
        for choice in sorted(page.answers()):
            await terminal.show(view_of(page))
            await terminal.press(choice)
            event = await terminal.event()
            assert (event.kind, event.page, event.revision, event.choice) == (
                "answered",
                page.id,
                page.revision,
                choice,
            )
            await terminal.show(view_of(PAGES["wait"] if name != "wait" else PAGES["read"]))


async def test_the_frame_s_buttons_say_so(terminal: Terminal) -> None:
    for action, button, value in (
        ("back", "back", ""),
        ("help", Bar.HELP, ""),
        ("start_over", Bar.START_OVER, ""),
        ("language:en", "language", "en"),
    ):
        await terminal.show(view_of(PAGES["read"]))
        await terminal.press(action)
        event = await terminal.event()
        assert (event.kind, event.button, event.value) == ("pressed", button, value)
        await terminal.show(view_of(PAGES["wait"]))


async def test_a_change_link_says_which_answer(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["check"]))
    await terminal.press("change:phone")
    event = await terminal.event()
    assert (event.button, event.value) == ("change", "phone")


def ask(control: Control = Control.TEXT, **more: object) -> View:
    field = FieldView(name="said", control=control, label=verbatim("Said"), **more)  # type: ignore[arg-type]
    return view_of(Ask(id="said", title=verbatim("Said"), fields=(field,)))


async def test_vietnamese_is_typed_on_the_keys_of_the_screen(terminal: Terminal) -> None:
    await terminal.show(ask())
    for key in ("đ", "ư", "ơ", "\u0300", "n", "g"):
        terminal.app.type_key(key)
    assert Shown(role="field", name="Said", value="đường", action="said") in await terminal.screen.describe()
    await terminal.press("continue")
    assert (await terminal.event()).values == {"said": "đường"}


async def test_telex_is_typed_on_a_physical_keyboard(terminal: Terminal) -> None:
    await terminal.show(ask(Control.NAME))
    terminal.app.type_key("way")
    await terminal.pilot.press(*"Nguyeenx", "space", *"An", "left", "left", "backspace", "delete")
    await terminal.press("continue")
    assert (await terminal.event()).values == {"said": "NguyễnAn"}


async def test_consents_and_choices_are_answered_at_continue(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["ask_consent"]))
    await terminal.press("doctor")
    await terminal.pilot.pause()
    await terminal.press("continue")
    assert (await terminal.event()).values == {"doctor": "yes", "quality": ""}
    await terminal.show(view_of(PAGES["ask_choice"]))
    await terminal.press("weeks")
    await terminal.pilot.pause()
    await terminal.press("continue")
    assert (await terminal.event()).values == {"since": "weeks"}


async def test_keys_alone_reach_everything(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["choose"]))
    focused = terminal.app.focused
    assert isinstance(focused, Part)
    assert focused.item.action == "telehealth"
    await terminal.pilot.press("down", "enter")
    assert (await terminal.event()).choice == "procedures"
    await terminal.show(view_of(PAGES["read"]))
    await terminal.pilot.press("f1")
    assert (await terminal.event()).button == Bar.HELP


async def test_nothing_stays_after_a_wipe(terminal: Terminal) -> None:
    await terminal.show(ask(value="Hoàng Yến"))
    assert "Hoàng Yến" in str(await terminal.screen.describe())
    await terminal.screen.wipe()
    assert await terminal.screen.describe() == []
    while terminal.app.serial != terminal.screen.serial:
        await terminal.pilot.pause()
    assert all("Hoàng" not in part.text() for part in terminal.app.query(Part))


async def test_a_code_that_does_not_fit_says_so(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["pay"]))
    (code,) = (part for part in terminal.app.query(Part) if part.item.role == "code")
    assert "▀" in code.text(), "a payment's code fits"
    await terminal.show(view_of(PAGES["tell_codes"]))
    words = [part.text() for part in terminal.app.query(Part) if part.item.role == "code"]
    assert words[1:] == ["Màn hình này không đủ chỗ cho mã. Ông/bà hỏi nhân viên để nhận mã."]
