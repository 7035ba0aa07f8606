"""Who asks at the panel's Unix socket, by the kernel's word (SO_PEERCRED, unix(7)), and what they may do."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiohttp import web


@dataclass(frozen=True)
class Actor:
    """Somebody at the panel.

    :param name: for the log.
    :param may_act: an operator; else a viewer.
    """

    name: str
    may_act: bool
    may_look: bool = True


ACTOR = web.RequestKey("actor", Actor)


class Peers:
    """Which users of this machine may look, and which may act; the station's own user and root may do everything.

    :param operators: names of users, or of groups as ``@group``.
    :param viewers: the same.
    """

    def __init__(self, operators: Sequence[str] = (), viewers: Sequence[str] = ()) -> None:
        self._operators, self._viewers = tuple(operators), tuple(viewers)

    def actor(self, uid: int) -> Actor:
        """Return who a user is here."""
        try:
            user = pwd.getpwuid(uid)
        except KeyError:
            return Actor(f"uid {uid}", may_act=uid in (0, os.getuid()), may_look=uid in (0, os.getuid()))
        if uid in (0, os.getuid()) or _named(user, self._operators):
            return Actor(user.pw_name, may_act=True)
        return Actor(user.pw_name, may_act=False, may_look=_named(user, self._viewers))


def _named(user: pwd.struct_passwd, names: Sequence[str]) -> bool:
    if user.pw_name in names:
        return True
    groups = [name.removeprefix("@") for name in names if name.startswith("@")]
    for name in groups:
        with contextlib.suppress(KeyError):
            group = grp.getgrnam(name)
            if user.pw_name in group.gr_mem or user.pw_gid == group.gr_gid:
                return True
    return False


def open_socket(path: Path) -> socket.socket:
    """Listen on a Unix socket that anybody may knock at: who is let in is decided by who it is.

    :raises OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.is_socket():
            path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o666)
        listening.listen(16)
    except OSError:
        listening.close()
        raise
    return listening


def peer_of(request: web.Request) -> int | None:
    """Return the user at the other end; None: it is no Unix socket."""
    transport = request.transport
    found = None if transport is None else cast("socket.socket | None", transport.get_extra_info("socket"))
    if found is None or found.family != socket.AF_UNIX:
        return None
    _pid, uid, _gid = struct.unpack("3i", found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)
