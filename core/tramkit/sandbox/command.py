"""The command that runs a plugin's sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tramkit.sandbox.server import Sandbox


def sandbox_command(
    name: str, help: str, address_name: str, port: int, load: Callable[[], Callable[[Path], Sandbox]]
) -> click.Command:
    """Return ``tramkit NAME [--port N] [--data FILE]``, which runs a sandbox until it is told to stop.

    :param address_name: what the address is called when it is told.
    :param port: unless another one is given.
    :param load: imports the sandbox's class: only when it is run.
    """

    @click.command(name, help=help)
    @click.option("--port", default=port, show_default=True, type=click.IntRange(0, 65535))
    @click.option("--data", type=click.Path(path_type=Path), default=Path("var") / f"{name}.sqlite")
    def command(port: int, data: Path) -> None:
        from tramkit.sandbox import serve_sandbox

        serve_sandbox(lambda: load()(data), port, address_name)

    return command
