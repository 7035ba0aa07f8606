"""An operator that is asked for the numbers in somebody's name learns the identity number, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit_sim_identity.operators import OperatorGateway, bundled
from tramkit_sim_identity.sandbox import Operator


class Listening(Operator):
    """An operator that remembers what it was asked."""

    async def _search(self, request: web.Request) -> web.Response:
        self.heard: Any = await request.json()
        return await super()._search(request)


async def test_numbers_are_asked_for_by_the_identity_number_alone(tmp_path: Path) -> None:
    operator = Listening(tmp_path / "operator.sqlite")
    operator.give("0381234567", "079054001234", "Lê Văn Tám", "1954-09-02")
    async with operator.running():
        gateway = OperatorGateway(bundled().operators[0].model_copy(update={"url": operator.address}))
        assert await gateway.numbers_of("079054001234") == ["0381234567"]
        assert operator.heard == {"number": "079054001234"}
