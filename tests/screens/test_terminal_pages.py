"""The terminal screen, run by Textual without a terminal: every page shows, answers and is the same as elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import cv2
import numpy as np
import pytest
import pytest_asyncio
from support.cells import cells, pixels
from support.golden_pages import SERVICES, golden_pages, view_of
from support.qr_reading import read_code
from textual._context import active_app
from textual.pilot import Pilot

from tramkit.testing.terminal_driver import click, laid_out, zones
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_hal.screens.terminal.app import TOUCH_SECONDS
from tramkit_hal.screens.terminal.sheet import Sheet
from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.pages import Ask, Attract, Bar, Call, Capture, Contrast, Control, FieldView, Mode, Pay, Read, View
from tramkit_hal.ui.screen import Shown
from tramkit_hal.video import NewestFrame, PixelFormat
from tramkit_hal.words import PSEUDO, verbatim

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
            await asyncio.sleep(0.002)
        await laid_out(self.app)

    async def press(self, action: str) -> None:
        """Click what has that action."""
        await click(self.app, next(part for part in self.app.parts() if part.item.action == action))

    async def event(self):
        async with asyncio.timeout(10):
            while (event := await self.screen.next_event()).kind == "touched":
                pass
        return event


@asynccontextmanager
async def at_a_terminal(columns: int = 42, lines: int = 36) -> AsyncIterator[Terminal]:
    settings = TerminalScreen.Settings(headless=True, ghost_tap_ms=0, columns=columns, lines=lines)
    screen = TerminalScreen(settings, DeviceContext(Role.SCREEN, SystemClock()))
    await screen.open()
    yield Terminal(screen)
    await screen.close()


@pytest_asyncio.fixture
async def terminal() -> AsyncIterator[Terminal]:
    async with at_a_terminal() as terminal:
        yield terminal


@pytest.mark.parametrize(
    "mode", [Mode(), Mode(text_scale=2.0), Mode(contrast=Contrast.HIGH)], ids=["normal", "largest", "high"]
)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_says_what_the_model_says(terminal: Terminal, language: str, mode: Mode) -> None:
    for name, page in PAGES.items():
        view = view_of(page, language=language, mode=mode)
        await terminal.show(view)
        assert await terminal.screen.describe() == describe(view, capabilities=terminal.screen.capabilities), name


@pytest.mark.parametrize(
    ("size", "language"),
    [((42, 36), "vi"), ((42, 36), "en"), ((42, 36), PSEUDO), ((80, 24), "vi"), ((120, 40), "en")],
)
async def test_nothing_is_cut_off_and_everything_can_be_reached(size: tuple[int, int], language: str) -> None:
    async with at_a_terminal(*size) as terminal:
        for name, page in PAGES.items():
            await terminal.show(view_of(page, language=language))
            drawn = cells(terminal.app)
            assert [strip.cell_length for strip in drawn] == [size[0]] * size[1], name
            words = "\n".join(strip.text for strip in drawn)
            said = {item.name for item in describe(terminal.screen.view)}
            assert "…" not in words or any("…" in each for each in said), (name, words)
            rolled: list[int] = []
            for part in terminal.app.parts():
                if part.item.role in ("code", "picture"):
                    continue
                column, line = terminal.app.reach(part)
                if (now := [zone.first for zone in zones(terminal.app) if isinstance(zone, Sheet)]) != rolled:
                    rolled, drawn = now, cells(terminal.app)
                beside = "".join(strip.crop(column).text for strip in drawn[line : line + 3])
                assert part.drawn[0].strip() in beside, (name, part.item, beside)


async def test_every_button_and_answer_says_so(terminal: Terminal) -> None:
    for name, page in PAGES.items():
        if isinstance(page, Ask) or name == "attract":
            continue
        await terminal.show(view_of(page))
        for choice in sorted(page.answers()):
            await terminal.press(choice)
            event = await terminal.event()
            assert (event.kind, event.page, event.revision, event.choice) == (
                "answered",
                page.id,
                page.revision,
                choice,
            )


async def test_what_is_written_in_a_call_goes_on_its_way_as_it_is_typed(terminal: Terminal) -> None:
    page = Call(id="call", title=verbatim("Call"), video="v", own_video="o", connection="live", writes=True)
    await terminal.show(view_of(page))
    await terminal.press("write")
    await terminal.show(view_of(page.model_copy(update={"reply": ""})))
    for key in ("đ", "a", "u"):
        terminal.app.type_key(key)
    async with asyncio.timeout(10):
        while getattr(await terminal.screen.next_event(), "values", {}) != {"reply": "đau"}:
            pass
    await terminal.show(view_of(page.model_copy(update={"reply": "đ", "written": "Ở đâu?"})))
    assert "đau" in [item.value for item in await terminal.screen.describe()], "the echo is late"
    assert terminal.app.described() == describe(terminal.screen.view, {"reply": "đau"}, terminal.screen.capabilities)


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


async def test_what_is_typed_last_is_no_touch_of_the_page_that_comes_after_it(terminal: Terminal) -> None:
    await terminal.show(ask())
    for key in "ab":  # the second is told a second after the first
        terminal.app.type_key(key)
    await terminal.show(View(page=Attract(id="attract", title=verbatim("A"))))
    later = asyncio.Event()
    terminal.app.set_timer(TOUCH_SECONDS, later.set)  # begins after the touch that waited
    await later.wait()
    await terminal.press("continue")
    events = [await terminal.screen.next_event() for _ in range(2)]
    assert [(event.page, event.kind) for event in events] == [("said", "touched"), ("attract", "answered")]


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
    assert "Hoàng" not in words_of(terminal)
    assert all("Hoàng" not in part.item.value for part in terminal.app.parts())


def words_of(terminal: Terminal) -> str:
    return "\n".join(strip.text for strip in cells(terminal.app))


def scanned(terminal: Terminal) -> str:
    """Hold a phone before the glass; return what it reads."""
    picture = cv2.cvtColor(pixels(cells(terminal.app)), cv2.COLOR_RGB2BGR)
    return read_code(picture)


@pytest.mark.parametrize("contrast", list(Contrast))
@pytest.mark.parametrize("size", [(42, 36), (80, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_code_on_the_glass_is_read_by_a_phone(size: tuple[int, int], contrast: Contrast) -> None:
    async with at_a_terminal(*size) as terminal:
        pay = PAGES["pay"]
        assert isinstance(pay, Pay)
        await terminal.show(view_of(pay, mode=Mode(contrast=contrast)))
        assert scanned(terminal) == pay.code


async def test_a_payment_whose_code_does_not_fit_is_made_by_hand() -> None:
    async with at_a_terminal(80, 24) as terminal:
        pay = PAGES["pay"]
        assert isinstance(pay, Pay)
        await terminal.show(view_of(pay, language="en"))
        assert scanned(terminal) == ""
        assert "The code does not fit on this display. Transfer by hand" in words_of(terminal)


async def test_a_code_that_does_not_fit_says_so(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["tell_codes"]))
    assert "Màn hình này không đủ chỗ cho mã." in words_of(terminal)


@pytest.mark.parametrize("pixel_format", ["bgr24", "i420"])
async def test_a_picture_is_drawn_as_the_camera_or_the_other_side_gives_it(
    terminal: Terminal, pixel_format: PixelFormat
) -> None:
    page = PAGES["capture_camera"]
    assert isinstance(page, Capture)
    newest = NewestFrame()
    terminal.screen.set_video(page.video, newest)
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :160] = (0, 0, 255)  # red at the camera's left, so at the right of a mirror
    newest.put(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420) if pixel_format == "i420" else image, pixel_format, 0.0)
    await terminal.show(view_of(page))
    assert not await red(terminal, left=True)
    assert await red(terminal, left=False)
    newest.clear()
    async with asyncio.timeout(10):
        while "Camera chưa lên hình" not in words_of(terminal):
            await terminal.pilot.pause(0.05)


async def red(terminal: Terminal, *, left: bool) -> bool:
    """Tell whether the left or the right of the picture is red, once there is a picture."""
    async with asyncio.timeout(10):
        while "▀" not in words_of(terminal):
            await terminal.pilot.pause(0.05)
    picture = pixels(cells(terminal.app))
    half = picture[:, : picture.shape[1] // 2] if left else picture[:, picture.shape[1] // 2 :]
    return bool(np.all(np.abs(half.astype(int) - (255, 0, 0)) < 40, axis=2).any())


async def test_what_is_below_the_glass_is_announced_and_read_with_one_key(terminal: Terminal) -> None:
    page = Read(id="long", title=verbatim("Long"), body=tuple(verbatim(f"Paragraph {n}.") for n in range(30)))
    await terminal.show(view_of(page, language="en"))
    assert "▼ See more" in words_of(terminal)
    seen = words_of(terminal)
    for _ in range(10):
        if "▲ Back to the top" in words_of(terminal):
            break
        await terminal.pilot.press("enter")
        await terminal.pilot.pause()
        seen += words_of(terminal)
    assert all(f"Paragraph {n}." in seen for n in range(30))
    await terminal.pilot.press("enter")
    await terminal.pilot.pause()
    assert "Paragraph 0." in words_of(terminal)


async def test_a_lowered_page_leaves_the_upper_third_empty(terminal: Terminal) -> None:
    few = PAGES["choose"].model_copy(update={"options": SERVICES[:1]})
    await terminal.show(view_of(few, mode=Mode(lowered=True)))
    assert [strip.text.strip() for strip in cells(terminal.app)[:10]] == [""] * 10
    await terminal.press("telehealth")
    assert (await terminal.event()).choice == "telehealth"


async def test_a_terminal_that_changes_its_size_shows_the_page_anew(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["choose"]))
    narrow = [strip.text.rstrip() for strip in cells(terminal.app)]
    await terminal.pilot.resize_terminal(120, 40)
    await reads(terminal, lambda lines: any(PAGE_IN_THE_MIDDLE in line for line in lines))
    await terminal.pilot.resize_terminal(42, 36)
    await reads(terminal, lambda lines: lines == narrow)


PAGE_IN_THE_MIDDLE = " " * 20 + "( ) "


async def reads(terminal: Terminal, so: Callable[[list[str]], bool]) -> None:
    """Wait until what stands on the glass is so."""
    async with asyncio.timeout(10):
        while not so([strip.text.rstrip() for strip in cells(terminal.app)]):
            await terminal.pilot.pause(0.02)


async def test_enter_begins_where_the_first_page_is_longer_than_the_glass(terminal: Terminal) -> None:
    page = PAGES["attract"]
    assert isinstance(page, Attract)
    await terminal.show(view_of(page.model_copy(update={"services": page.services * 9})))
    assert "▼" in words_of(terminal)
    await terminal.pilot.press("enter")
    assert (await terminal.event()).choice == "continue"


async def test_a_press_answers_the_page_that_is_seen_not_the_one_that_is_to_come(terminal: Terminal) -> None:
    await terminal.show(view_of(PAGES["read"]))
    button = next(part for part in terminal.app.parts() if part.item.action == "continue")
    assert button.press is not None
    await terminal.screen.show(view_of(PAGES["tell"]))
    button.press()  # before it is drawn
    await terminal.show(view_of(PAGES["check"]))
    await terminal.press("continue")
    assert (await terminal.event()).page == PAGES["check"].id


async def test_enter_goes_on_to_the_next_field_and_typing_follows(terminal: Terminal) -> None:
    fields = tuple(
        FieldView(name=name, control=Control.DIGITS, label=verbatim(name.title())) for name in ("first", "second")
    )
    await terminal.show(view_of(Ask(id="two", title=verbatim("Two"), fields=fields)))
    await terminal.pilot.press("1", "enter", "2", "up", "3")
    await terminal.press("continue")
    assert (await terminal.event()).values == {"first": "13", "second": "2"}
