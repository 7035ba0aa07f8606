"""What the plugin gives to the station: signing in with VNeID, and the command of its sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tramkit import FileError, IdentityMethod, PluginContext, hookimpl, sandbox_command
from tramkit_identity.settings import IdentitySettings

if TYPE_CHECKING:
    from tramkit_identity.sandbox import OpenIdProvider


@hookimpl
def tramkit_identity_methods(settings: IdentitySettings, context: PluginContext) -> list[IdentityMethod]:
    """Return VNeID."""
    from tramkit_identity import claims
    from tramkit_identity.method import VNeId
    from tramkit_identity.provider import Provider

    secret = read_secret(settings.client_secret_file) if settings.client_secret_file else ""
    provider = Provider(settings.issuer, settings.client_id, secret)
    return [VNeId(provider, claims.FILE.settled(settings.claims_file), context.clock)]


def read_secret(file: Path) -> str:
    """Read the client's secret.

    :raises FileError: it is not there, is empty, or others may read it.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise FileError(str(file), [f"others may read it; run: chmod 600 {file}"])
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise FileError(str(file), ["cannot be read; put the client's secret there as text"]) from None
    if not secret:
        raise FileError(str(file), ["is empty; put the client's secret there"])
    return secret


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit vneid-sandbox``."""

    def load() -> type[OpenIdProvider]:
        from tramkit_identity.sandbox import OpenIdProvider

        return OpenIdProvider

    what = "Run the stand-in of VNeID, with the page on which a resident approves or refuses."
    return [sandbox_command("vneid-sandbox", what, "VNeID on the phone", 8091, load)]
