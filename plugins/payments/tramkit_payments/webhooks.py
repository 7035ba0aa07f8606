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
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

MAX_BODY = 64 * 1024
"""Most bytes of a notice."""


class WebhookProblem(ValueError):
    """A notice is not believed; the words say why, without repeating what it says."""


class Notice(BaseModel):
    """Money that came to an account.

    :param provider: who tells.
    :param id: the provider's own number of the transfer; the same twice is the same transfer.
    :param account: where it came to.
    :param amount: whole VND, above 0.
    :param memo: what the transfer says, in Unicode's composed form, as the banks left it.
    :param at: when, as the provider writes it.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    id: str
    account: str
    amount: int
    memo: str
    at: str = ""


def verify(provider: str, headers: Mapping[str, str], body: bytes | str, secret: str) -> Notice:
    """Check who sent a notice and read it.

    :param provider: ``payos`` (HMAC-SHA256 over the sorted ``data``, in the body) or ``sepay`` (an ``Authorization:
        Apikey`` header), in any case.
    :param headers: of the request; names in any case.
    :param body: of the request, JSON.
    :param secret: payOS's checksum key, or SePay's API key.
    :raises WebhookProblem: unknown provider, too long, malformed, unsigned, forged, not an incoming transfer in VND.
    """
    provider = provider.lower()
    if provider not in _READERS:
        raise WebhookProblem(f"no such provider: {provider!r}; known are {', '.join(sorted(_READERS))}")
    if not secret:
        raise WebhookProblem("no secret is configured for this provider")
    if not isinstance(body, (bytes, bytearray, str)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise WebhookProblem(f"the body is given as it came, bytes or text, not {type(body).__name__}")
    raw = body.encode() if isinstance(body, str) else body
    if len(raw) > MAX_BODY:
        raise WebhookProblem(f"the notice is longer than {MAX_BODY} bytes")
    try:
        told: Any = json.loads(raw)
    except ValueError:  # also a body that is not UTF-8
        raise WebhookProblem("the notice is no JSON") from None
    except RecursionError:
        raise WebhookProblem("the notice is nested too deeply") from None
    if not isinstance(told, dict):
        raise WebhookProblem("the notice is no JSON object")
    lower = {name.lower(): value for name, value in headers.items()}
    return _READERS[provider](lower, cast("dict[str, Any]", told), secret)


def payos_signature(data: Mapping[str, Any], key: str) -> str:
    """Return payOS's signature of ``data``: HMAC-SHA256 of ``k=v&…``, sorted by name; null is written empty."""
    text = "&".join(f"{name}={_written(data[name])}" for name in sorted(data))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def find_memo(memo: str, words: str) -> bool:
    """Tell whether a memo stands in what banks made of it: wrapped in their own words, in another case, with spaces.

    :param memo: ours, ``[A-Z0-9]``.
    :param words: what the transfer says.
    """
    if not re.fullmatch(r"[A-Z0-9]{6,25}", memo):
        return False
    said = unicodedata.normalize("NFKC", words).upper()
    spaced = r"[ .\-_]?".join(memo)
    return re.search(rf"(?<![A-Z0-9]){spaced}(?![A-Z0-9])", said) is not None


def _payos(_headers: Mapping[str, str], told: dict[str, Any], secret: str) -> Notice:
    data, signature = told.get("data"), told.get("signature")
    if not isinstance(signature, str) or not signature:
        raise WebhookProblem("the notice is not signed")
    if not isinstance(data, dict):
        raise WebhookProblem("the notice has no data")
    data = cast("dict[str, Any]", data)
    if not hmac.compare_digest(payos_signature(data, secret).encode(), signature.lower().encode()):
        raise WebhookProblem("the signature is wrong")
    if data.get("code") != "00" or told.get("success") is False:
        raise WebhookProblem("the transfer did not succeed")
    if data.get("currency") != "VND":
        raise WebhookProblem("the transfer is not in VND")
    return Notice(
        provider="payos",
        id=_text(data, "reference"),
        account=_text(data, "accountNumber"),
        amount=_amount(data.get("amount")),
        memo=_composed(data.get("description")),
        at=str(data.get("transactionDateTime") or ""),
    )


def _sepay(headers: Mapping[str, str], told: dict[str, Any], secret: str) -> Notice:
    given = headers.get("authorization", "")
    if not given:
        raise WebhookProblem("the notice is not signed")
    scheme, _space, key = given.partition(" ")
    if scheme.lower() != "apikey" or not hmac.compare_digest(key.strip().encode(), secret.encode()):
        raise WebhookProblem("the signature is wrong")
    if told.get("transferType") != "in":
        raise WebhookProblem("the notice is not of an incoming transfer")
    if told.get("currency", "VND") != "VND":
        raise WebhookProblem("the transfer is not in VND")
    account = told.get("subAccount") or told.get("accountNumber")
    return Notice(
        provider="sepay",
        id=_text(told, "id"),
        account=_text({"accountNumber": account}, "accountNumber"),
        amount=_amount(told.get("transferAmount")),
        memo=_composed(told.get("content")),
        at=str(told.get("transactionDate") or ""),
    )


_READERS: dict[str, Callable[[Mapping[str, str], dict[str, Any], str], Notice]] = {"payos": _payos, "sepay": _sepay}


def _written(value: object) -> str:
    if value is None or value in ("null", "undefined"):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not 1 <= len(str(value)) <= 80:
        raise WebhookProblem(f"the notice has no good {name}")
    return str(value)


def _amount(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise WebhookProblem("the amount is no whole number of VND above 0")
    return value


def _composed(value: object) -> str:
    if not isinstance(value, str):
        raise WebhookProblem("the notice says no memo")
    return unicodedata.normalize("NFC", value)
