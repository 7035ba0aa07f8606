"""What the console asks a station's panel for, and what it has it do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from yarl import URL

from tramkit_hal import TramkitError

SECONDS = 5.0
"""How long the panel may take to answer."""


class PanelError(TramkitError):
    """The panel did not do what was asked; the words are for the operator."""


@dataclass(frozen=True)
class LogLine:
    """A line of the station's log.

    :param number: rises with each line.
    :param at: when, ISO 8601.
    :param fields: what else it says, in order.
    """

    number: int
    at: str
    level: str
    event: str
    fields: dict[str, object]


class PanelClient:
    """The panel of a running station.

    :param address: as the station printed it, with its secret; or ``unix:PATH`` of its socket, where the kernel says
        who asks.
    """

    def __init__(self, address: str) -> None:
        path = address.removeprefix("unix:") if address.startswith("unix:") else ""
        self._by_socket = bool(path)
        self._address = URL("http://station.invalid/" if path else address)
        self._origin = self._address.origin()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path) if path else None,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
        )

    async def close(self) -> None:
        """Hang up."""
        await self._http.close()

    async def sign_in(self) -> None:
        """Show the secret once; the answer's cookie opens the rest.

        :raises PanelError: nobody answers, the secret is an old one, or this user may not look.
        """
        try:
            async with self._http.get(self._address) as answer:
                if self._by_socket and answer.status == 403:
                    raise PanelError(str((await answer.json()).get("error", "You may not look at this station.")))
                if answer.status != 200:
                    raise PanelError("The secret in the address is not this start's: use the address it printed.")
        except (aiohttp.ClientError, TimeoutError):
            raise PanelError(f"No station answers at {self._origin}.") from None

    async def report(self, language: str) -> dict[str, Any]:
        """Return the station as it is now."""
        return await self._ask("GET", "/api/state", language)

    async def ready(self, language: str) -> tuple[bool, dict[str, Any]]:
        """Return whether a resident can begin a visit, and each check that says so or why not."""
        url = URL(f"{self._origin}/readyz").update_query(language=language)
        try:
            async with self._http.get(url) as answer:
                if answer.status not in (200, 503):
                    raise PanelError(f"The station at {self._origin} does not say how it is ({answer.status}).")
                return answer.status == 200, await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise PanelError(f"No station answers at {self._origin}.") from None

    async def words(self, language: str) -> dict[str, str]:
        """Return the panel's words."""
        return await self._ask("GET", "/api/words", language)

    async def log(self, after: int) -> list[LogLine]:
        """Return the log's lines after a number, oldest first."""
        lines: list[LogLine] = []
        for each in await self._ask("GET", f"/api/log?after={after}", "en"):
            fields = cast("dict[str, object]", json.loads(each["line"]))
            at, level, event = (str(fields.pop(name, "")) for name in ("timestamp", "level", "event"))
            lines.append(LogLine(each["number"], at, level, event, fields))
        return lines

    async def reset(self, role: str, index: int, language: str) -> None:
        """Reset a device."""
        await self._ask("POST", f"/api/devices/{role}/{index}/reset", language, {})

    async def close_station(self, closed: bool, language: str) -> None:
        """Close the station for service, or open it again."""
        await self._ask("POST", "/api/station/closed", language, {"closed": closed})

    async def acknowledge(self, call: int, language: str) -> None:
        """Answer a call for staff."""
        await self._ask("POST", f"/api/staff/{call}/acknowledge", language, {})

    async def _ask(self, method: str, path: str, language: str, body: object = None) -> Any:
        """Ask; a station that was restarted with the same secret is signed in to again.

        :raises PanelError: it refuses, with its words, or does not answer.
        """
        url = URL(f"{self._origin}{path}").update_query(language=language)
        try:
            for last in (False, True):
                async with self._http.request(method, url, json=body, headers={"Origin": str(self._origin)}) as answer:
                    if answer.status == 403 and not last:
                        await self.sign_in()
                        continue
                    found = await answer.json()
                    if answer.status != 200:
                        raise PanelError(str(found.get("error", answer.status)))
                    return found
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise PanelError(f"No station answers at {self._origin}.") from None
