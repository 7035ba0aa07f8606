"""The outside world as the runner sees it: a call for each effect, one word for every way of getting no answer."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping

from tramkit.host.gateway_error import GatewayError
from tramkit.host.order import EffectKind, Outcome, Record, key_of
from tramkit.host.payment import Payment, PaymentPort
from tramkit.host.plugin_side import Fulfiller
from tramkit_hal.device.errors import DeviceError

_log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
"""How long the outside world may take to answer once."""
MEMO_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MEMO_LENGTH = 13


def memo_of(key: str) -> str:
    """Return the memo of a payment: thirteen letters and digits, the same for the same key (65 bits of SHA-256)."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest())
    letters = ""
    for _letter in range(MEMO_LENGTH):
        number, at = divmod(number, len(MEMO_LETTERS))
        letters += MEMO_LETTERS[at]
    return letters


def payment_of(record: Record) -> Payment:
    """Return what is to be collected for an order."""
    key = key_of(record.id, EffectKind.COLLECT)
    return Payment(key=key, amount=record.order.amount, payee=record.order.payee, memo=memo_of(key))


class Wire:
    """Calls whoever does an effect. Whatever goes wrong there is no answer: the outcome is unknown.

    :param services: who fulfils, by service id.
    :param methods: who collects, by id.
    :param memos: of the payments for which money may come, by order.
    """

    def __init__(
        self, services: Mapping[str, Fulfiller], methods: Mapping[str, PaymentPort], memos: Mapping[str, str]
    ) -> None:
        self._services = services
        self._methods = methods
        self._memos = memos

    def method(self, record: Record) -> PaymentPort:
        """Return the payment method of an order."""
        return self._methods[record.method]

    async def send(self, record: Record, kind: EffectKind) -> Outcome:
        """Have an effect done; the same key does it once."""
        key = key_of(record.id, kind)
        if kind is EffectKind.COLLECT:
            return await self._call(lambda: self.method(record).collect(self._payment(record)))
        if kind is EffectKind.FULFIL:
            return await self._call(lambda: self._services[record.order.service].fulfil(record.order, key))
        amount = record.effects[kind].amount
        return await self._call(lambda: self.method(record).refund(self._payment(record), key, amount))

    async def ask(self, record: Record, kind: EffectKind) -> Outcome:
        """Ask what became of an effect."""
        key = key_of(record.id, kind)
        if kind is EffectKind.COLLECT:
            return await self._call(lambda: self.method(record).inquire(self._payment(record)))
        if kind is EffectKind.FULFIL:
            return await self._call(lambda: self._services[record.order.service].inquire(record.order, key))
        return await self._call(lambda: self.method(record).inquire_refund(self._payment(record), key))

    async def give_up(self, record: Record) -> Outcome:
        """Have a payment given up, or ask whether money came for one that was given up."""
        return await self._call(lambda: self.method(record).cancel(self._payment(record)))

    def _payment(self, record: Record) -> Payment:
        others = frozenset(memo for id, memo in self._memos.items() if id != record.id)
        return payment_of(record).model_copy(update={"others": others})

    async def _call(self, call: Callable[[], Awaitable[Outcome]]) -> Outcome:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await call()
        except (OSError, TimeoutError, GatewayError, DeviceError) as error:
            _log.info("no answer", extra={"trouble": str(error)})
        except Exception as error:  # a plugin's edge: an exception is no answer, and answers are asked for
            _log.warning("gateway failed", exc_info=error)
        return Outcome(state="unknown")
