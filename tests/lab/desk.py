"""The real desk in the lab's middle, with one station and one doctor: ``python -m tests.lab.desk FOLDER ICE``.

ICE is JSON: what ``[[ice]]`` says. It says ``ready`` when it is there and works until standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.lab.network import SERVERS
from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth.desk.app import serve
from tramkit_telehealth.desk.ice import IceSection
from tramkit_telehealth.desk.settings import demo_file, read_config

PORT = 8082
ADDRESS = f"http://{SERVERS}:{PORT}"
STATION, KEY = "lab-1", "the key of the lab"
DOCTOR, PASSWORD = "bs-lab", "the password of the lab"


async def main(folder: Path, ice: str) -> None:
    """Serve."""
    sections = tuple(IceSection.model_validate(each) for each in json.loads(ice))
    config = read_config(demo_file()).model_copy(update={"ice": sections})
    async with serve(config, folder, SystemClock(), host=SERVERS, port=PORT) as desk:
        await desk.accounts.put_station(STATION, KEY)
        await desk.accounts.put_doctor(
            DOCTOR, name="BS. Lab", licence="000", specialties=["general"], languages=["vi"], password=PASSWORD
        )
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
