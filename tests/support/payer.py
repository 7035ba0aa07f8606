"""A resident before a till: they do what leads to what they have come for, or whatever else the screen lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.money import BILL
from support.money_station import MoneyStation
from tramkit.host.order import Record
from tramkit.station.conditions import LOOK_SECONDS, NO_LEDGER
from tramkit_billing.service import LEAST_PART
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import AnyPage, Availability, Bar, Check, Option
from tramkit_hal.words import Money, render

ENOUGH = 60
"""More acts than any way to a payment takes."""


@dataclass(frozen=True)
class Wish:
    """What a resident has come for.

    :param customer: whose bill, or which phone.
    :param method: how they pay.
    :param which: of the bills or amounts that are offered.
    :param provider: whose bill.
    :param share: of what may be paid in part.
    :param receipt: code of a receipt that they look for instead; empty: none.
    """

    customer: str = BILL
    method: str = "payments.vietqr"
    which: int = 0
    receipt: str = ""
    provider: str = "evn"
    share: float = 0.5

    @property
    def service(self) -> str:
        """The service that it is found in."""
        if self.receipt:
            return "tramkit.receipts"
        return "billing.topup" if self.customer.startswith("0") else "billing.pay"


class Payer:
    """Who stands before a station, and what they have come for.

    :param heard: is told of each act and the page it was done on.
    """

    def __init__(self, kiosk: MoneyStation, heard: Callable[[str, AnyPage], None] = lambda _act, _page: None) -> None:
        self.kiosk = kiosk
        self.wish = Wish()
        self._heard = heard

    async def go_on(self, backs: frozenset[int] | set[int] = frozenset()) -> AnyPage:
        """Go on until the page where it is paid, or the end of the visit, or a menu that closes what they came for.

        :param backs: which acts are a step back instead.
        """
        for number in range(ENOUGH):
            page = await self.page()
            if page.kind in ("pay", "wait", "done") or (page.kind == "attract" and number):
                return page
            if self.closed(page) is not None:
                return page
            await self.act("back" if number in backs else "on")
        raise AssertionError(f"there is no way on from {page.kind} {page.title.id!r}")

    def closed(self, page: AnyPage) -> Option | None:
        """Return the service they came for, if the page is the menu and it is closed there."""
        options = page.options if page.kind == "choose" else ()
        closed = (option for option in options if option.state is Availability.CLOSED)
        return next((option for option in closed if option.value == self.wish.service), None)

    async def opens_again(self, closed: Option) -> bool:
        """Hold the menu to why it closes what takes orders, and to opening it when the disk works; tell whether so."""
        assert closed.reason == NO_LEDGER, closed.reason
        if self.kiosk.disk_works:
            self.kiosk.clock.skip(LOOK_SECONDS)  # the station looks whether it does
            await self.kiosk.running.screen.until(
                lambda page: page.kind == "choose" and self.closed(page) is None, 20.0
            )
        return self.kiosk.disk_works

    async def leave(self) -> None:
        """Have whoever stands there leave."""
        while (await self.page()).kind != "attract":
            await self.act("leave")

    async def page(self) -> AnyPage:
        """Return the page that stands there, waiting for one."""
        return await self.kiosk.running.screen.until(lambda _page: True)

    async def act(self, act: str) -> None:
        """Do something at the screen, if the page lets them, and wait for what it shows of it.

        :param act: ``on``: what leads on; ``twice``: the same with a nervous finger; ``back``, ``language``, ``leave``,
            ``give_up``, ``again``: another way to pay, ``again twice``, ``beside``: touch beside every button.
        """
        page = await self.page()
        screen = self.kiosk.running.screen
        event = self._event(act, page)
        if event is None:
            return
        self._heard(act, page)
        shown = asyncio.ensure_future(screen.changed())
        await asyncio.sleep(0)
        for _time in range(2 if act.endswith("twice") else 1):
            screen.send(event)
        await shown
        if act == "give_up" and page.kind == "pay":
            await self._surely()

    async def _surely(self) -> None:
        """Answer that the payment is to be given up, where that is asked."""
        screen = self.kiosk.running.screen
        asked = await screen.until(lambda page: page.kind != "pay")
        if "give_up_surely" in asked.answers():
            shown = asyncio.ensure_future(screen.changed())
            await asyncio.sleep(0)
            screen.answer("give_up_surely")
            await shown

    def _event(self, act: str, page: AnyPage) -> Answered | Pressed | Touched | None:
        at: dict[str, Any] = {"page": page.id, "revision": page.revision}
        view = self.kiosk.running.screen.view
        if page.kind == "attract" or page.id == "farewell":
            return Touched(**at) if act in ("on", "beside", "leave") else None
        match act:
            case "back" if view.back:
                return Pressed(**at, button="back")
            case "language":
                return Pressed(**at, button="language", value="en" if view.language == "vi" else "vi")
            case "give_up" if "give_up" in page.answers():
                return Answered(**at, choice="give_up")
            case "again" | "again twice" if page.kind == "tell" and self.wish.method in page.answers():
                return Answered(**at, choice=self.wish.method)
            case "leave" if "leave" in page.answers():
                return Answered(**at, choice="leave")
            case "leave" if Bar.START_OVER in view.bar:
                return Pressed(**at, button=Bar.START_OVER)
            case "on" | "twice" if choice := self._choice(page):
                return Answered(**at, choice=choice, values=self._typed(page) if page.kind == "ask" else {})
            case _:
                return None

    def _typed(self, page: AnyPage) -> dict[str, str]:
        total = next((text.params["total"] for text in page.body if "total" in text.params), None)
        most = total.amount if isinstance(total, Money) else LEAST_PART
        part = LEAST_PART + int((most - LEAST_PART) * self.wish.share)
        code = self.wish.receipt or self.wish.customer
        return {"code": code, "number": self.wish.customer, "amount": str(part)}

    def _choice(self, page: AnyPage) -> str:
        """Return the answer that leads to what the resident has come for; empty: none does."""
        if page.kind == "choose":
            offered = [option.value for option in page.options]
            wanted = [each for each in (self.wish.service, self.wish.provider, self.wish.method) if each in offered]
            return wanted[0] if wanted else offered[self.wish.which % len(offered)]
        if page.kind in ("pay", "wait"):
            return ""
        return next((each for each in ("stay", "give_up") if each in page.answers()), "continue")


async def ordered(kiosk: MoneyStation, customer: str = BILL, method: str = "payments.vietqr") -> tuple[Payer, Record]:
    """Lead a resident to the Pay page."""
    payer = Payer(kiosk)
    payer.wish = Wish(customer, method)
    assert (await payer.go_on()).kind == "pay"
    return payer, (await kiosk.records())[-1]


def comes_to(check: Check, language: str = "en") -> str:
    """Return what it comes to, as a page says it on which an order is looked over: large, or among the facts."""
    if check.large is not None:
        return render(check.large, language)
    (fact,) = (fact for fact in check.facts if fact.label.id == "Amount")
    return render(fact.value, language)


def words(page: AnyPage, language: str = "en") -> str:
    """Return what a page says."""
    facts = [f"{render(each.label, language)}: {render(each.value, language)}" for each in getattr(page, "facts", ())]
    return "\n".join([render(page.title, language), *(render(text, language) for text in page.body), *facts])
