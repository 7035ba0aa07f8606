"""The station's side of an outside system: JSON over HTTP, with one word for every way of getting no answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from tramkit import bounded_json
from tramkit.host.attachment import Attachment
from tramkit.host.gateway_error import GatewayError
from tramkit.host.order import Order, Outcome
from tramkit.visit.egress import ask_http
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import bilingual

SECONDS = 10.0
UPLOAD_SECONDS = 25.0
"""How long one file may take; what has arrived is not sent again."""


class Gateway:
    """An outside system's HTTP interface.

    :param url: of the system.
    :param name: what it is called in messages to the operator.
    :param headers: sent with each question, e.g. the station's key.
    :param facts: makes lines for the receipt of an answer to an application.
    """

    def __init__(
        self,
        url: str,
        name: str,
        headers: Mapping[str, str] | None = None,
        facts: Callable[[Mapping[str, Any]], tuple[Fact, ...]] | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._name = name
        self._headers = dict(headers or {})
        self._facts = facts

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Ask once and return the status and the JSON object that came.

        :param path: begins with a slash.
        :raises GatewayError: no answer within ten seconds, a status of 500 and more, or something that is no object,
            too long or too deep.
        """
        if body is None:
            return await self._ask(method, path, SECONDS)
        data = json.dumps(body, ensure_ascii=False).encode()
        return await self._ask(method, path, SECONDS, {"Content-Type": "application/json"}, data)

    async def _ask(
        self, method: str, path: str, seconds: float, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, Any]]:
        try:
            answer = await ask_http(
                method,
                f"{self._url}{path}",
                headers={**self._headers, **(headers or {})},
                body=body,
                seconds=seconds,
            )
            told: Any = bounded_json.loads(answer.body)
        except GatewayError as error:
            raise GatewayError(f"{self._name} {error}") from None
        except ValueError:
            raise GatewayError(f"{self._name} answers what cannot be read") from None
        if answer.status >= 500 or not isinstance(told, dict):
            raise GatewayError(f"{self._name} is out of order")
        return answer.status, cast("dict[str, Any]", told)

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand an order's request and its files in as an application; the other side takes the same key once.

        :raises GatewayError: it is not known whether it was taken.
        """
        return await self.submit(key, order.request, attachments=order.attachments)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of an order's application."""
        return await self.status(key)

    async def submit(
        self,
        key: str,
        body: Mapping[str, Any],
        path: str = "/applications",
        attachments: Sequence[Attachment] = (),
    ) -> Outcome:
        """Hand in an application under a key; the other side takes the same key once.

        :param attachments: uploaded first, each under an id of its own that the application names with its SHA-256.
        """
        files: list[dict[str, Any]] = []
        for number, each in enumerate(attachments, start=1):
            id = f"{key}-{number}"
            if (refused := await self._upload(id, each)) is not None:
                return refused
            files.append({"id": id, "name": each.name, "type": each.type, "size": each.size, "sha256": each.sha256})
        return self._outcome(*await self.ask("POST", path, {**body, "key": key} | ({"files": files} if files else {})))

    async def _upload(self, id: str, file: Attachment) -> Outcome | None:
        """Send a file unless the other side has it already; return why the application is refused, None: it is there.

        :raises GatewayError: it is not known whether it is there.
        """
        path = f"/files/{id}"
        status, told = await self.ask("GET", path)
        if status == 200 and told.get("sha256") == file.sha256:
            return None
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        headers = {"Content-Type": file.type, "Content-Digest": f"sha-256=:{digest}:"}  # RFC 9530
        status, told = await self._ask("PUT", path, UPLOAD_SECONDS, headers, file.data)
        if status in (200, 201) and told.get("sha256") == file.sha256:
            return None
        if status in (409, 413, 415):
            return Outcome(state="refused")
        raise GatewayError(f"{self._name} does not take a file: status {status}")

    async def status(self, key: str, path: str = "/applications") -> Outcome:
        """Ask what became of a key."""
        status, told = await self.ask("GET", f"{path}/{key}")
        if status == 404 and told.get("error") == "NO_SUCH_KEY":
            return Outcome(state="not_found")
        return self._outcome(status, told)

    def _outcome(self, status: int, told: Mapping[str, Any]) -> Outcome:
        outcome = _outcome(status, told)
        if self._facts is None or outcome.state != "done":
            return outcome
        try:
            return outcome.model_copy(update={"facts": self._facts(told)})
        except (KeyError, TypeError, ValueError):  # it was taken: what cannot be read of the answer is left out
            return outcome


def _has_words(reason: Any) -> bool:
    return isinstance(reason, dict) and isinstance(cast("dict[str, Any]", reason).get("vi"), str)


def _outcome(status: int, told: Mapping[str, Any]) -> Outcome:
    reference = str(told.get("reference", ""))[:120]
    reason: Any = told.get("reason")
    words = None
    if _has_words(reason):
        vi: str = reason["vi"][:300]
        words = bilingual(vi=vi, en=str(reason.get("en") or vi)[:300])
    match told.get("status"):
        case "ACCEPTED":
            return Outcome(state="done", reference=reference)
        case "REFUSED":
            return Outcome(state="refused", reference=reference, reason=words)
        case "PENDING":
            return Outcome(state="pending", reference=reference)
        case _ if status in (400, 409):
            return Outcome(state="refused")
        case _:
            return Outcome(state="unknown")
