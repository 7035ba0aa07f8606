"""A station with a service of many pages, in a process of its own: ``python -m bench.screen.station SEED``.

It prints the address of its web screen and runs until it is terminated.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from tramkit import Fact, Option, Service, Visit, verbatim
from tramkit.devices import Devices
from tramkit.staff import StaffBell
from tramkit.station import Profile, Station
from tramkit.timeouts import Timeouts
from tramkit_hal.clock import SystemClock
from tramkit_hal.device import DeviceContext
from tramkit_hal.roles import Role
from tramkit_hal.screens.web import WebScreen

WARDS = ("Bình Trưng", "Thảo Điền", "An Phú", "Cát Lái", "Thủ Thiêm", "An Khánh", "Long Trường", "Phước Long")
LONG = verbatim("Trạm dùng thông tin ông/bà cung cấp chỉ để làm việc ông/bà vừa chọn. Khi ông/bà rời đi, trạm xoá hết.")


class Pages(Service):
    """Shows pages of every kind that one touch answers, round and round."""

    id = "bench.pages"
    title = verbatim("Nhiều trang")

    async def serve(self, visit: Visit) -> None:
        while True:
            ward = await visit.choose(verbatim("Ông/bà ở phường nào?"), [_option(name) for name in WARDS])
            await visit.tell(verbatim("Xin ông/bà chú ý"), LONG, verbatim(ward))
            await visit.read(verbatim("Ông/bà đọc trước khi tiếp tục"), *[LONG] * 4)
            facts = [Fact(label=verbatim(f"Câu {number}"), value=verbatim(name)) for number, name in enumerate(WARDS)]
            await visit.check(verbatim("Ông/bà kiểm tra lại"), facts, action=verbatim("Tiếp tục"))


KINDS = 4
"""How many pages :class:`Pages` shows before it begins again."""


def _option(name: str) -> Option:
    return Option(value=name, label=verbatim(name), hint=verbatim("Thành phố Hồ Chí Minh"))


async def main(seed: int) -> None:
    """Run until SIGTERM."""
    clock = SystemClock()
    screen = WebScreen(WebScreen.Settings(), DeviceContext(Role.SCREEN, clock))
    station = Station(
        Profile("bench-1", "UBND phường Bình Trưng", "Đảo Kim Cương"),
        Devices({Role.SCREEN: [screen]}, clock),
        [Pages()],
        StaffBell(clock, "1022"),
        clock,
        Timeouts(menu=3600, question=3600, reading=3600),
        seed=seed,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, station.stop)
    running = asyncio.create_task(station.run())
    while not screen.addresses:
        await asyncio.sleep(0.01)
    print(screen.addresses["station"], flush=True)
    await running


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
