"""A D-Bus of the test's own, in place of the system's: on it stand what programs look for there."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy></busconfig>
"""


class PrivateBus:
    """A bus in a folder; :attr:`address` goes into ``DBUS_SYSTEM_BUS_ADDRESS`` of who shall use it."""

    def __init__(self, folder: Path) -> None:
        self._path, self._config = folder / "bus", folder / "bus.conf"
        self.address = f"unix:path={self._path}"
        self._daemon: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self._config.write_text, CONFIG.format(path=self._path))
        self._daemon = await asyncio.create_subprocess_exec(
            "dbus-daemon", f"--config-file={self._config}", "--nofork", stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    (await self.connect()).disconnect()
                    return
                await asyncio.sleep(0.02)

    async def connect(self) -> MessageBus:
        return await MessageBus(bus_address=self.address).connect()

    async def stop(self) -> None:
        if self._daemon is not None:
            with contextlib.suppress(ProcessLookupError):
                self._daemon.terminate()
            await self._daemon.wait()


ANSWERS = {"GetAPIVersion": ("u", [515]), "GetState": ("i", [2])}


async def stand_in_for_avahi(bus: MessageBus) -> None:
    """Answer what ``ippeveprinter`` asks of Avahi before it starts, though it shall announce itself to nobody."""

    def handle(message: Message) -> bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface != "org.freedesktop.Avahi.Server":
            return None
        signature, body = ANSWERS.get(message.member or "", ("", []))
        bus.send(Message.new_method_return(message, signature, body))
        return True

    bus.add_message_handler(handle)
    await bus.request_name("org.freedesktop.Avahi")
