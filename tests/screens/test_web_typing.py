"""Typing Vietnamese on the keyboard of the web screen."""

from __future__ import annotations

import asyncio

import pytest
from support.golden_pages import view_of

from tramkit_hal.ui.pages import Ask, Call, Control, FieldView
from tramkit_hal.words import verbatim

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def ask(resident, control=Control.TEXT, **more):
    field = FieldView(name="said", control=control, label=verbatim("Said"), **more)
    await resident.show(view_of(Ask(id="said", title=verbatim("Said"), fields=(field,))))


async def keys(resident, presses):
    for key in presses:
        await resident.page.click(f'[data-keys]:not([hidden]) [data-key="{key}"]')


async def said(resident, text):
    await resident.page.wait_for_function("(text) => document.getElementById('f-said').value === text", arg=text)


async def test_letters_have_their_keys_and_a_tone_comes_after_its_vowel(resident):
    await ask(resident)
    await keys(resident, ["đ", "ư", "ơ", "\u0300", "n", "g"])
    await said(resident, "đường")
    await resident.page.click("#continue")
    assert (await resident.event()).values == {"said": "đường"}


@pytest.mark.parametrize(("turns", "typed"), [(1, "dduwowngf"), (2, "d9u7o7ng2")], ids=["telex", "vni"])
async def test_who_knows_telex_or_vni_chooses_it(resident, turns, typed):
    await ask(resident)
    await keys(resident, ["way"] * turns)
    assert not await resident.page.is_visible('[data-key="ơ"]')
    await keys(resident, typed)
    await said(resident, "đường")


async def test_the_way_of_typing_lives_through_a_reload_and_ends_with_the_visit(resident):
    await ask(resident)
    await keys(resident, ["way", "a", "s"])
    await said(resident, "á")
    await resident.page.reload()
    await resident.page.wait_for_selector("#f-said")
    assert await resident.page.get_attribute("html", "data-typing") == "telex"
    await resident.screen.wipe()  # the page loads itself anew
    await resident.page.wait_for_selector("html[data-typing=direct]")


async def test_fast_fingers_lose_nothing(resident):
    await ask(resident)
    await resident.page.evaluate(
        """() => { for (const key of ["c", "h", "o", "\u0301", "n", "g", " ", "m", "ă", "\u0323", "t"])
            document.querySelector(`#keyboard-vietnamese [data-key="${key}"]`).click();
            document.getElementById("continue").click(); }"""
    )
    assert (await resident.event()).values == {"said": "chóng mặt"}


async def test_a_name_is_capitalised_and_shift_makes_marked_capitals(resident):
    await ask(resident, Control.NAME)
    await keys(resident, ["đ", "a", "\u0300", "o", " ", "a", "n"])
    await said(resident, "Đào An")
    await keys(resident, ["delete", "delete", "delete", "delete", "delete", "shift", "ê", "\u0301"])
    await said(resident, "ĐẾ")


async def test_an_address_of_mail_has_its_own_keys_and_no_marks(resident):
    await ask(resident, Control.EMAIL)
    assert await resident.page.locator('#keyboard-email [data-key="ơ"]').count() == 0
    await keys(resident, ["l", "a", "n", "@", "a", ".vn"])
    await said(resident, "lan@a.vn")


async def test_a_field_that_is_full_takes_marks_but_no_more_letters(resident):
    await ask(resident, max_length=3)
    await keys(resident, ["h", "o", "a", "n", "\u0300"])
    await said(resident, "hoà")


async def test_a_key_that_is_none_is_refused(resident):
    await ask(resident)
    answer = await resident.page.evaluate(
        """async () => { const post = (body) => fetch("/key", { method: "POST",
            headers: { "Content-Type": "application/json" }, body }).then((answer) => answer.status);
            return [await post("nonsense"), await post('{"text":"a","caret":-1,"key":"a","typing":"direct"}'),
                await post('{"text":"a","caret":1,"key":"a","typing":"morse"}'),
                await post(JSON.stringify({ text: "a".repeat(5000), caret: 0, key: "a", typing: "direct" }))]; }"""
    )
    assert answer == [400] * 4
    resident.problems.clear()


async def test_a_foreign_word_stands_in_the_browser_as_it_was_typed(resident):
    await ask(resident)
    await keys(resident, ["way", *"paracetamol"])
    await said(resident, "paracetamol")


async def test_a_name_keeps_its_tone_where_it_was_put(resident):
    await ask(resident, Control.NAME)
    await keys(resident, ["way", *"thusy", " ", *"hofa"])
    await said(resident, "Thúy Hòa")


def call(**more):
    return Call(id="call", title=verbatim("Call"), video="v", own_video="o", connection="live", writes=True, **more)


async def test_what_is_written_in_a_call_goes_on_its_way_as_it_is_typed_and_stays_while_the_call_moves(resident):
    await resident.show(view_of(call(reply="")))
    await keys(resident, ["đ", "a", "u", " "])
    async with asyncio.timeout(10):
        while (await resident.screen.next_event()).values != {"reply": "đau "}:
            pass
    await resident.show(view_of(call(reply="đa", written="Ở đâu?")))  # the echo is late: what stands there is newer
    await keys(resident, ["b"])
    await resident.page.wait_for_function("() => document.getElementById('f-reply').value === 'đau b'")
    await resident.page.click('[data-key="enter"]')
    await keys(resident, ["x"])
    async with asyncio.timeout(10):
        while (await resident.screen.next_event()).values != {"reply": "đau b\nx"}:
            pass
    size = await resident.page.eval_on_selector(
        "#f-reply", "(box) => parseFloat(getComputedStyle(box).fontSize) / (Math.min(innerWidth, innerHeight) / 268)"
    )
    assert size * 0.7 > 9.5, "capitals of 10 mm on the commonest display"
