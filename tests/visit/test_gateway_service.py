"""An order goes to the outside system that its request names, whole and once, and no other one hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tramkit import Gateway, GatewayService, Messages, Order, Visit, bilingual
from tramkit.sandbox.server import ApplicationSandbox
from tramkit_hal.words import render

_ = Messages("tests")


class Applies(GatewayService):
    """Hands applications in at one of several offices."""

    id = "test.applies"
    title = bilingual(vi="Nộp đơn", en="Applies")
    taker_key = "office"
    taker_gone = bilingual(vi="Không còn.", en="It is gone.")

    async def serve(self, visit: Visit) -> None:
        raise NotImplementedError


def order(office: str) -> Order:
    return Order(
        service="test.applies", payee="", amount=0, title=_("An order"), request={"office": office, "for": "x"}
    )


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[dict[str, ApplicationSandbox]]:
    made = {name: ApplicationSandbox(tmp_path / f"{name}.sqlite") for name in ("one", "other")}
    async with AsyncExitStack() as stack:
        for each in made.values():
            await stack.enter_async_context(each.running())
        yield made


async def test_an_order_is_taken_by_the_one_that_it_names_and_by_nobody_else(
    offices: dict[str, ApplicationSandbox],
) -> None:
    service = Applies({name: Gateway(each.address, name) for name, each in offices.items()})
    assert (await service.inquire(order("one"), "k1")).state == "not_found"
    assert (await service.fulfil(order("one"), "k1")).state == "done"
    assert (await service.fulfil(order("one"), "k1")).state == "done"
    assert (await service.inquire(order("one"), "k1")).state == "done"
    taken = offices["one"].taken()
    assert taken == [{"for": "x"}], "who takes it is for the station alone"
    assert offices["other"].taken() == []


async def test_an_order_for_one_that_is_gone_is_refused_in_words_and_is_nowhere(
    offices: dict[str, ApplicationSandbox],
) -> None:
    service = Applies({"one": Gateway(offices["one"].address, "one")})
    refused = await service.fulfil(order("other"), "k1")
    assert refused.state == "refused"
    assert refused.reason is not None
    assert render(refused.reason, "en") == "It is gone."
    assert (await service.inquire(order("other"), "k1")).state == "not_found"
    assert offices["one"].taken() == []


async def test_where_there_is_one_all_of_the_request_goes_to_it(offices: dict[str, ApplicationSandbox]) -> None:
    class One(Applies):
        taker_key = ""

    service = One(Gateway(offices["one"].address, "one"))
    assert (await service.fulfil(order("whatever"), "k1")).state == "done"
    assert [each["office"] for each in offices["one"].taken()] == ["whatever"]
