"""The web screen in a real Chromium: every page answers, survives a reload and a change."""

from __future__ import annotations

import pytest
from support.golden_pages import golden_pages, telehealth_pages, view_of

from tramkit.testing.browser_screen import BrowserScreen
from tramkit_hal.ui.pages import Ask, Control, Fact, FieldView, Mode, Tell, Wait
from tramkit_hal.words import Text, verbatim

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = golden_pages()


TAP = """(choice) => {
    const button = [...document.querySelectorAll("[data-choice]")].find((each) => each.dataset.choice === choice);
    while (!button.checkVisibility()) document.querySelector('[data-step="1"]:not([hidden])').click();
    const { x, y, width, height } = button.getBoundingClientRect();
    const hit = document.elementFromPoint(x + width / 2, y + height / 2);
    if (!button.contains(hit)) throw new Error(`${choice} lies under ${hit?.outerHTML}`);
    hit.dispatchEvent(new MouseEvent("click", { bubbles: true }));
}"""
"""Turns to an answer and touches what lies at its middle; faster than a mouse, for the many."""


async def test_every_choice_of_every_page_answers(resident):
    await resident.page.emulate_media(reduced_motion="reduce")
    for page in PAGES.values():
        for number, choice in enumerate(sorted(page.answers())):
            again = page.model_copy(update={"id": f"{page.id}{number}"})  # nothing of the one before stays
            await resident.show(view_of(again))
            await resident.page.evaluate(TAP, choice)
            event = await resident.event()
            assert (event.kind, event.choice, event.page) == ("answered", choice, again.id)


async def test_the_bar_back_language_and_change_are_presses(resident):
    page = telehealth_pages()["check"]
    for selector, button, value in [
        ("#bar-start_over", "start_over", ""),
        ("#bar-listen", "listen", ""),
        ("#bar-settings", "settings", ""),
        ("#bar-lower", "lower", ""),
        ("#bar-help", "help", ""),
        ("#back", "back", ""),
        ("#language-en", "language", "en"),
        ('[data-press="change"] >> nth=1', "change", "born"),
    ]:
        await resident.show(view_of(page))
        await resident.page.click(selector)
        event = await resident.event()
        assert (event.kind, event.button, event.value) == ("pressed", button, value)
        await resident.show(view_of(Wait(id="between", title=verbatim("between"))))


async def test_the_attract_page_begins_at_any_touch(resident):
    await resident.show(view_of(PAGES["attract"]))
    await resident.page.mouse.click(540, 500)
    assert (await resident.event()).choice == "continue"


async def test_fields_answer_with_what_was_typed_and_chosen(resident):
    fields = (
        FieldView(name="who", control=Control.NAME, label=verbatim("Name"), max_length=50),
        FieldView(name="born", control=Control.DATE, label=verbatim("Born"), max_length=10),
        FieldView(name="pain", control=Control.YES_NO, label=verbatim("Pain?")),
        FieldView(name="agree", control=Control.CONSENT, label=verbatim("I agree")),
    )
    await resident.show(view_of(Ask(id="mixed", title=verbatim("Mixed"), fields=fields)))
    page = resident.page
    for key in ("a", "n", " ", "b"):
        await page.click(f'#keyboard-vietnamese [data-key="{key}"]')
    await page.click("#f-born")
    for key in "17051990":
        await page.click(f'#keyboard-digits [data-key="{key}"]')
    assert await page.input_value("#f-born") == "17/05/1990"
    await page.click('#keyboard-digits [data-key="delete"]')
    assert await page.input_value("#f-born") == "17/05/199"
    await page.keyboard.type("1")
    await page.click('label:has([name="pain"][value="no"])')
    await page.click("#continue")
    assert (await resident.event()).values == {"who": "An B", "born": "17/05/1991", "pain": "no", "agree": ""}


async def test_a_physical_keyboard_types_dates_and_enter_goes_on(resident):
    field = FieldView(name="born", control=Control.DATE, label=verbatim("Born"), max_length=10)
    await resident.show(view_of(Ask(id="born", title=verbatim("Born"), fields=(field,))))
    await resident.page.focus("#f-born")
    await resident.page.keyboard.type("1/5/1990")
    assert await resident.page.input_value("#f-born") == "01/05/1990"
    await resident.page.keyboard.press("Enter")
    assert (await resident.event()).values == {"born": "01/05/1990"}


async def test_a_secret_is_masked(resident):
    await resident.show(view_of(PAGES["ask_secret"]))
    assert await resident.page.get_attribute("#f-code", "type") == "password"
    shown = await resident.screen.describe()
    assert [item.value for item in shown if item.role == "field"] == ["••••"]


async def test_errors_stand_on_top_and_at_the_field_and_lead_there(resident):
    await resident.show(view_of(PAGES["ask_error"]))
    words = "Số định danh cá nhân có 12 chữ số."
    assert await resident.page.inner_text("#summary a") == words
    assert (await resident.page.inner_text("#error-number")).strip() == words
    assert await resident.page.get_attribute("#f-number", "aria-invalid") == "true"
    await resident.page.click("#summary a")
    assert await resident.page.evaluate("document.activeElement.id") == "f-number"
    await resident.page.click('[data-press="help"] >> nth=0')
    assert (await resident.event()).button == "help"


async def test_a_wrong_answer_moves_the_focus_to_the_error_summary(resident):
    page = PAGES["ask_error"]
    field = page.fields[0].model_copy(update={"error": None})
    await resident.show(view_of(page.model_copy(update={"fields": (field,), "revision": 2, "attempts": 0})))
    await resident.page.click("#continue")
    await resident.event()
    await resident.screen.show(view_of(page))
    await resident.page.wait_for_selector("#summary")
    await resident.page.wait_for_function("() => document.activeElement.id === 'summary'")


async def test_a_reload_shows_the_same_page_and_what_was_typed(resident):
    await resident.show(view_of(PAGES["ask_text"]))
    await resident.page.fill("#f-complaint", "Chóng mặt từ hôm qua")
    await resident.touched()
    await resident.page.reload()
    await resident.page.wait_for_selector("#main.ask")
    assert await resident.page.input_value("#f-complaint") == "Chóng mặt từ hôm qua"


KEEP_WHAT_COMES = """
window.Worker = class extends Worker {
    constructor(...given) {
        super(...given);
        window.come = [];
        this.addEventListener("message", ({ data }) => window.come.push(data));
        window.lineOfThePage = this;
    }
};
"""


async def test_a_view_that_comes_after_a_newer_one_changes_nothing(make_screen, profile):
    await profile.add_init_script(KEEP_WHAT_COMES)
    resident = BrowserScreen(await make_screen(), await profile.new_page())
    await resident.open()
    for name in ("attract", "ask_text"):
        await resident.show(view_of(PAGES[name]))
        await resident.page.wait_for_function(
            "serial => come.some(each => each && JSON.parse(each).serial === serial)", arg=resident.screen.serial
        )
    asked = list(resident.requests)
    attract = resident.screen.serial - 1
    await resident.page.evaluate(
        """serial => lineOfThePage.dispatchEvent(new MessageEvent("message", {
            data: come.find(each => each && JSON.parse(each).serial === serial) }))""",
        attract,
    )
    await resident.page.click("#continue")
    assert (await resident.event()).page == "ask_text"
    assert resident.requests == asked


async def test_typed_values_are_forgotten_with_the_visit(resident):
    await resident.show(view_of(PAGES["ask_text"]))
    await resident.page.fill("#f-complaint", "bí mật")
    await resident.touched()
    await resident.screen.show(view_of(PAGES["ask_text"], visit="visit-2"))
    await resident.page.wait_for_function("() => JSON.parse(document.body.dataset.state).visit === 'visit-2'")
    assert await resident.page.input_value("#f-complaint") == "Đau đầu"


async def test_a_new_revision_keeps_focus_caret_and_typing(resident):
    first = PAGES["ask_text"]
    await resident.show(view_of(first))
    page = resident.page
    await page.focus("#f-complaint")
    await page.fill("#f-complaint", "Đau bụng")
    await page.evaluate("document.activeElement.setSelectionRange(3, 3); window.kept = document.activeElement")
    await resident.screen.show(
        view_of(first.model_copy(update={"revision": 1, "title": verbatim("Mới")}), note=verbatim("Xin đợi"))
    )
    await page.wait_for_selector("text=Xin đợi")
    kept = await page.evaluate("""() => [window.kept === document.activeElement, document.activeElement.value,
        document.activeElement.selectionStart, document.getElementById("title").textContent]""")
    assert kept == [True, "Đau bụng", 3, "Mới"]


async def test_a_value_that_the_station_fills_in_arrives_in_the_field(resident):
    first = PAGES["ask_text"]
    await resident.show(view_of(first))
    await resident.page.fill("#f-complaint", "cũ")
    field = first.fields[0].model_copy(update={"value": "đọc từ thẻ"})
    await resident.screen.show(view_of(first.model_copy(update={"revision": 1, "fields": (field,)})))
    await resident.page.wait_for_function("() => document.getElementById('f-complaint').value === 'đọc từ thẻ'")


async def test_the_language_changes_in_the_middle_of_a_page(resident):
    await resident.show(view_of(PAGES["ask_text"]))
    await resident.page.fill("#f-complaint", "Đau lưng")
    await resident.page.click("#language-en")
    event = await resident.event()
    assert event.values == {"complaint": "Đau lưng"}
    await resident.show(view_of(PAGES["ask_text"], language="en"))
    assert await resident.page.input_value("#f-complaint") == "Đau lưng"
    assert "Continue" in await resident.page.inner_text("#continue")
    assert "Space" in await resident.page.inner_text("#keyboard-vietnamese")


async def test_a_new_page_takes_the_focus_to_its_heading(resident):
    await resident.show(view_of(PAGES["choose"]))
    await resident.show(view_of(PAGES["read"]))
    await resident.page.wait_for_function("() => document.activeElement.id === 'title'")


async def test_a_press_on_a_live_page_survives_its_next_revision(resident):
    wait = PAGES["wait"]
    await resident.show(view_of(wait))
    facts = (Fact(label=verbatim("Place"), value=verbatim("1")),)
    await resident.page.evaluate(
        "() => { JSON.parse = ((parse) => (text) => text.includes('html') ? {} : parse(text))(JSON.parse) }"
    )
    await resident.screen.show(view_of(wait.model_copy(update={"revision": 7, "facts": facts})))
    await resident.page.click('[data-choice="leave_queue"]')
    event = await resident.event()
    assert (event.choice, event.revision) == ("leave_queue", 7)


async def test_a_browser_that_shares_no_memory_shows_the_same(make_screen, profile):
    await profile.add_init_script("Object.defineProperty(window, 'crossOriginIsolated', { value: false })")
    resident = BrowserScreen(await make_screen(), await profile.new_page())
    await resident.open()
    await resident.show(view_of(PAGES["choose"]))
    await resident.page.click("#option-1")
    await resident.event()
    await resident.show(view_of(PAGES["read"]))
    assert "read" in await resident.page.get_attribute("#main", "class")
    assert resident.problems == []


async def test_a_station_that_comes_back_is_heard_again(make_screen, profile):
    screen = await make_screen()
    resident = BrowserScreen(screen, await profile.new_page())
    await resident.open()
    await resident.show(view_of(PAGES["choose"]))
    await screen.close()
    await resident.page.wait_for_selector("#lost:not([hidden])")
    await screen.open()
    await resident.show(view_of(PAGES["read"]))
    await resident.page.wait_for_selector("#lost[hidden]", state="attached")
    await resident.page.click("#continue")
    assert (await resident.event()).page == "read"


BREAK = "() => new Promise((broken) => { socket.addEventListener('close', broken); socket.close(); })"


@pytest.mark.parametrize("meanwhile", ["the same page", "another page"])
async def test_a_touch_while_the_line_is_broken_is_told_when_it_is_mended(make_screen, profile, meanwhile):
    resident = BrowserScreen(await make_screen(), await profile.new_page())
    await resident.open()
    await resident.show(view_of(PAGES["choose"]))
    await resident.page.workers[0].evaluate(BREAK)
    await resident.page.click("#option-1")
    if meanwhile == "another page":  # the touch was not meant for it
        await resident.show(view_of(PAGES["read"]))
        await resident.page.click("#continue")
    event = await resident.event()
    assert event.page == {"the same page": "choose", "another page": "read"}[meanwhile]
    assert resident.problems == []


async def test_a_tap_right_after_a_page_change_does_nothing(make_screen, profile):
    resident = BrowserScreen(await make_screen(ghost_tap_ms=600), await profile.new_page())
    await resident.open()
    await resident.show(view_of(PAGES["choose"]))
    box = await resident.page.locator("#option-1").bounding_box()
    x, y = box["x"] + 50, box["y"] + 20
    await resident.page.mouse.click(x, y)
    await resident.page.wait_for_function("() => !document.body.classList.contains('settling')")
    await resident.page.mouse.click(x, y)
    await resident.event()
    assert resident.screen._stage.events.empty() or (await resident.touched())


async def test_names_with_markup_are_text(resident):
    evil = "<script>document.title='x'</script><img src=x onerror=alert(1)>{{7*7}}"
    page = Tell(id="evil", title=verbatim(evil), facts=(Fact(label=verbatim(evil), value=verbatim(evil)),))
    await resident.show(view_of(page, head=verbatim(evil), note=verbatim(evil)))
    assert await resident.page.inner_text("#title") == evil
    assert await resident.page.locator("#root script, #root img").count() == 0
    await resident.page.reload()
    assert await resident.page.inner_text("#title") == evil
    assert resident.problems == []


async def test_braces_in_words_stay_as_they_are(resident):
    await resident.show(view_of(Tell(id="braces", title=Text(id="{x} {0}"))))
    assert await resident.page.inner_text("#title") == "{x} {0}"


async def test_nothing_leaves_the_station_and_the_csp_has_no_hole(resident):
    response = await resident.page.goto(resident.screen.addresses["station"])
    policy = (await response.all_headers())["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for page in {page.kind: page for page in PAGES.values()}.values():
        await resident.show(view_of(page))
    await resident.page.locator("#bar-help").focus()
    origin = resident.screen.addresses["station"].split("/?")[0]
    assert all(url.startswith((origin, origin.replace("http", "ws"))) for url in resident.requests)
    markup = await resident.page.content()
    assert " style=" not in markup
    assert "<style" not in markup
    assert resident.problems == []


async def test_many_options_come_eight_a_page_without_scrolling(resident):
    await resident.show(view_of(PAGES["choose_many"]))
    visible = resident.page.locator("#options li:not([hidden])")
    assert await visible.count() == 8
    await resident.page.click('[data-step="1"]')
    assert await visible.count() == 3
    assert "2" in await resident.page.inner_text(".count")
    await resident.page.click('[data-step="-1"]')
    assert await visible.count() == 8


async def test_the_countdown_runs_in_the_browser(resident):
    await resident.show(view_of(PAGES["timeout"]))
    await resident.page.wait_for_function("() => document.querySelector('#countdown strong').textContent === '29'")


async def test_a_touch_beside_every_button_says_that_somebody_is_here(resident):
    await resident.show(view_of(PAGES["read"]))
    await resident.page.mouse.click(600, 1200)
    assert (await resident.touched()).page == "read"


async def test_modes_reach_the_page(resident):
    await resident.show(view_of(PAGES["read"], mode=Mode(text_scale=1.5, contrast="high", lowered=True)))
    data = await resident.page.evaluate("({...document.documentElement.dataset})")
    assert data | {"shown": ""} == {
        "scale": "1.5",
        "contrast": "high",
        "lowered": "yes",
        "typing": "direct",
        "shown": "",
    }
    top = (await resident.page.locator("#head").bounding_box())["y"]
    assert top > 1920 * 0.32  # the upper third stays empty


async def test_a_keypad_move_is_the_last_that_is_told_of_its_press(make_screen, profile):
    """Any touch hushes the voice: an echo of the press would silence the word that the press asks for."""
    page = await profile.new_page()
    await page.clock.install()
    person = BrowserScreen(await make_screen(), page)
    await person.open()
    await person.show(view_of(PAGES["ask_text"]))
    for _press in range(3):
        await page.keyboard.press("ArrowDown")
    await page.clock.run_for(3000)
    await page.evaluate("document.getElementById('bar-help').click()")
    heard = [await person.screen.next_event() for _each in range(4)]
    assert [event.kind for event in heard] == ["touched"] * 3 + ["pressed"]
    assert all(event.at for event in heard[:3]), heard
