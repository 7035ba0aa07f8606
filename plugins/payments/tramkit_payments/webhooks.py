"""What payment providers tell of a transfer: each provider's format and signature, read into one notice.

A notice is believed only when its signature is right; whether it pays anything is for who knows the order: amount,
account and memo are compared there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from tramkit import Data, TramkitError, find_memo

__all__ = ["MAX_BODY", "IrrelevantNoticeError", "Notice", "WebhookError", "find_memo", "payos_signature", "verify"]

MAX_BODY = 64 * 1024
"""Most bytes of a notice."""
MAX_AMOUNT = 10**15
"""VND."""
MAX_DRIFT = timedelta(minutes=5)
"""So far a signed notice's time may lie from ours (SePay's documents: replayed notices are refused)."""


class WebhookError(TramkitError, ValueError):
    """A notice is not believed; the words say why, without repeating what it says."""


class IrrelevantNoticeError(WebhookError):
    """A notice is rightly signed and tells of nothing that could pay an order: no error of who sent it."""


class Notice(Data):
    """Money that came to an account.

    :param provider: who tells.
    :param id: the provider's own number of the transfer; the same twice is the same transfer.
    :param account: where it came to.
    :param sub_account: under which part of the account: a virtual account, or a code before the memo; empty: none.
    :param amount: whole VND, above 0.
    :param memo: what the transfer says, in Unicode's composed form, as the banks left it.
    :param at: when, as the provider writes it.
    """

    provider: str
    id: str
    account: str
    sub_account: str = ""
    amount: int
    memo: str
    at: str = ""


def verify(
    provider: str,
    headers: Mapping[str, str],
    body: bytes | str,
    secret: str | Sequence[str],
    now: datetime | None = None,
) -> Notice:
    """Check who sent a notice and read it.

    :param provider: in any case. ``payos``: HMAC-SHA256 over the sorted ``data``, in the body. ``sepay``: either
        ``X-SePay-Signature``, HMAC-SHA256 over ``{timestamp}.{body}`` with ``X-SePay-Timestamp``, or an
        ``Authorization: Apikey`` header.
    :param headers: of the request; names in any case.
    :param body: of the request, JSON.
    :param secret: payOS's checksum key; SePay's secret key or API key. Several while one is exchanged for another.
    :param now: a signed time that lies further than :data:`MAX_DRIFT` from it is refused; None: any time is right.
    :raises IrrelevantNoticeError: rightly signed, but no incoming transfer in VND with words.
    :raises WebhookError: unknown provider, too long, malformed, unsigned, forged.
    """
    provider = provider.lower()
    if provider not in _READERS:
        raise WebhookError(f"no such provider: {provider!r}; known are {', '.join(sorted(_READERS))}")
    keys = [secret] if isinstance(secret, str) else list(secret)
    if not keys or not all(keys):
        raise WebhookError("no secret is configured for this provider")
    if not isinstance(body, (bytes, bytearray, str)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise WebhookError(f"the body is given as it came, bytes or text, not {type(body).__name__}")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    if len(raw) > MAX_BODY:
        raise WebhookError(f"the notice is longer than {MAX_BODY} bytes")
    lower = {name.lower(): value for name, value in headers.items()}
    check, read = _READERS[provider]
    if provider == "sepay":  # the signature is over the bytes: nothing of them is read before
        check(lower, raw, {}, keys, now)
        return read(_object(raw))
    told = _object(raw)
    check(lower, raw, told, keys, now)
    return read(told)


def payos_signature(data: Mapping[str, Any], key: str) -> str:
    """Return payOS's signature of ``data``: HMAC-SHA256 of ``k=v&…``, sorted by name; null is written empty."""
    text = "&".join(f"{name}={_written(data[name])}" for name in sorted(data))
    return hmac.new(key.encode(), text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def sepay_signature(timestamp: str, body: bytes, key: str) -> str:
    """Return SePay's signature: HMAC-SHA256 of the Unix time, a dot and the body as it came."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        told: Any = json.loads(raw)
    except ValueError:  # also a body that is not UTF-8
        raise WebhookError("the notice is no JSON") from None
    except RecursionError:
        raise WebhookError("the notice is nested too deeply") from None
    if not isinstance(told, dict):
        raise WebhookError("the notice is no JSON object")
    return cast("dict[str, Any]", told)


def _check_payos(
    _headers: Mapping[str, str], _raw: bytes, told: Mapping[str, Any], keys: Sequence[str], _now: datetime | None
) -> None:
    data, signature = told.get("data"), told.get("signature")
    if not isinstance(signature, str) or not signature:
        raise WebhookError("the notice is not signed")
    if not isinstance(data, dict):
        raise WebhookError("the notice has no data")
    data = cast("dict[str, Any]", data)
    given = signature.strip().lower().encode(errors="surrogatepass")
    try:
        right = [payos_signature(data, key).encode() for key in keys]
    except RecursionError:
        raise WebhookError("the notice is nested too deeply") from None
    if not any([hmac.compare_digest(each, given) for each in right]):
        raise WebhookError("the signature is wrong")


def _payos(told: Mapping[str, Any]) -> Notice:
    data = cast("dict[str, Any]", told["data"])
    if (data.get("code") or told.get("code")) != "00" or told.get("success") is False:
        raise IrrelevantNoticeError("the transfer did not succeed")
    if not _is_vnd(data):
        raise IrrelevantNoticeError("the transfer is not in VND")
    return Notice(
        provider="payos",
        amount=_amount(data.get("amount")),
        memo=_words(data.get("description")),
        id=_text(data, "reference"),
        account=_text(data, "accountNumber"),
        sub_account=_part(data.get("virtualAccountNumber")),
        at=str(data.get("transactionDateTime") or ""),
    )


def _check_sepay(
    headers: Mapping[str, str], raw: bytes, _told: Mapping[str, Any], keys: Sequence[str], now: datetime | None
) -> None:
    if "x-sepay-signature" in headers:
        _check_sepay_signature(headers, raw, keys, now)
        return
    given = headers.get("authorization", "")
    if not given:
        raise WebhookError("the notice is not signed")
    scheme, _space, key = given.partition(" ")
    if scheme.lower() != "apikey" or not _is_one_of(key.strip(), keys):
        raise WebhookError("the signature is wrong")


def _check_sepay_signature(headers: Mapping[str, str], raw: bytes, keys: Sequence[str], now: datetime | None) -> None:
    timestamp = headers.get("x-sepay-timestamp", "").strip()
    if not re.fullmatch(r"[0-9]{1,13}", timestamp, re.ASCII):
        raise WebhookError("the notice is signed without a time")
    given = headers["x-sepay-signature"].strip().lower().removeprefix("sha256=")
    if not _is_one_of(given, [sepay_signature(timestamp, raw, key) for key in keys]):
        raise WebhookError("the signature is wrong")
    if now is not None:
        drift = abs(now.timestamp() - int(timestamp))
        if drift > MAX_DRIFT.total_seconds():
            raise WebhookError(f"its time lies {drift:.0f} seconds from this machine's: replayed, or a wrong clock")


def _is_one_of(given: str, right: Sequence[str]) -> bool:
    given_bytes = given.encode(errors="surrogateescape")  # a header's bytes need not be text
    return any([hmac.compare_digest(each.encode(), given_bytes) for each in right])


def _is_vnd(told: Mapping[str, Any]) -> bool:
    return str(told.get("currency") or "VND").strip().upper() == "VND"


def _sepay(told: Mapping[str, Any]) -> Notice:
    if str(told.get("transferType")).strip().lower() != "in":
        raise IrrelevantNoticeError("the notice is not of an incoming transfer")
    if not _is_vnd(told):
        raise IrrelevantNoticeError("the transfer is not in VND")
    return Notice(
        provider="sepay",
        amount=_amount(told.get("transferAmount")),
        memo=_words(told.get("content") or told.get("description")),
        id=_text(told, "id"),
        account=_text(told, "accountNumber"),
        sub_account=_part(told.get("subAccount")),
        at=str(told.get("transactionDate") or ""),
    )


_Check = Callable[[Mapping[str, str], bytes, Mapping[str, Any], Sequence[str], datetime | None], None]
_READERS: dict[str, tuple[_Check, Callable[[Mapping[str, Any]], Notice]]] = {
    "payos": (_check_payos, _payos),
    "sepay": (_check_sepay, _sepay),
}


def _written(value: object) -> str:
    """Return a value as payOS's own libraries, which are JavaScript's, write it into what is signed."""
    if value is None or value in ("null", "undefined"):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (dict, list)):
        return json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _sorted(value: object) -> object:
    """Return nested values with sorted names and numbers as JavaScript writes them."""
    if isinstance(value, dict):
        return {name: _sorted(each) for name, each in sorted(cast("dict[str, object]", value).items())}
    if isinstance(value, list):
        return [_sorted(each) for each in cast("list[object]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not 1 <= len(_sound(str(value))) <= 80:
        raise WebhookError(f"the notice has no good {name}")
    return _sound(str(value))


def _part(value: object) -> str:
    """Return a sub-account; what is none is left out: the main account is enough."""
    return _sound(value.strip()) if isinstance(value, str) and len(value) <= 80 else ""


def _sound(text: str) -> str:
    """Return a text without halves of characters, which JSON may carry and nobody can keep."""
    return text.encode(errors="replace").decode()


def _amount(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WebhookError("the amount is no whole number of VND")
    if value <= 0:
        raise IrrelevantNoticeError("no money came")
    if value > MAX_AMOUNT:
        raise WebhookError("the amount is more than any account can get")
    return value


def _words(value: object) -> str:
    """Return what a transfer says; one that says nothing pays no order."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise IrrelevantNoticeError("the transfer says nothing")
    if not isinstance(value, str):
        raise WebhookError("the notice says no memo")
    return _sound(unicodedata.normalize("NFC", value))
