"""Who has the number of an operator that the station does not work with is told where to go."""

from __future__ import annotations

from tramkit.testing.station import station
from tramkit_hal.ui.pages import Choose, Tell
from tramkit_hal.words import render
from tramkit_sim_identity import operators, rules
from tramkit_sim_identity.identify import Identify
from tramkit_sim_identity.numbers import prefixes


async def test_another_operator_can_be_chosen_and_nothing_is_sent() -> None:
    async with station([Identify(operators.bundled().operators, rules.bundled(), prefixes())]) as s:
        await s.menu()
        s.screen.answer("sim_identity.identify")
        await s.page("choose", "What is it about")
        s.screen.answer("number")
        await s.page("capture")
        s.screen.answer("typed")
        await s.page("ask", "Please enter your details")
        s.screen.answer(name="Lê Văn Tám", number="079054001234", born="02091954", sex="male")
        await s.page("ask", "Which number is it")
        s.screen.answer(number="0901234567")
        page = await s.page("choose", "operator")
        assert isinstance(page, Choose)
        assert [render(option.label, "vi") for option in page.options][-1] == "Nhà mạng khác"
        s.screen.answer(page.options[-1].value)
        told = await s.page("tell", "does not work with your operator")
        assert isinstance(told, Tell)
        assert "tại cửa hàng của nhà mạng" in render(told.body[0], "vi")
        s.screen.answer()
        await s.attract()
