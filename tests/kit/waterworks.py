"""What stands behind the plugin of ten lines."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from tramkit.sandbox import ApplicationSandbox


class Waterworks(ApplicationSandbox):
    """Sells water at 100 ₫ a litre."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.app.add_routes([web.get("/price", self._price)])

    async def _price(self, _request: web.Request) -> web.Response:
        return web.json_response({"price": 100})

    def times(self, key: str) -> int:
        """Return how often a key was carried out."""
        return self.db.execute("SELECT count(*) FROM applications WHERE key = ?", (key,)).fetchone()[0]
