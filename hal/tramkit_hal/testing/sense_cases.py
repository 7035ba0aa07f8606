"""What sensors, lights, cameras and sound keep."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import numpy as np

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Microphone, Sound, Speaker
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.face import FaceFinding, FaceMatcher
from tramkit_hal.contracts.lights import Lights, Shine
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.recogniser import SpeechRecogniser
from tramkit_hal.contracts.vital import UNITS, Vital, VitalSensor
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.device.errors import Trouble
from tramkit_hal.testing.case import NotApplicableError, case, check
from tramkit_hal.testing.life_cases import error_of
from tramkit_hal.testing.rig import Rig
from tramkit_hal.testing.sim_operations import FRAME, PORTRAIT


@case("HAL-VIT-001", VitalSensor, "A reading has its kind, its unit, its device and its time, and can be true")
async def whole_reading(rig: Rig) -> None:
    async with rig.opened() as device:
        for kind in device.capabilities.kinds:
            before = device.clock.now()
            reading = await device.measure(kind, deadline=rig.seconds)
            check((reading.kind, reading.unit) == (kind, UNITS[kind]), "another kind or unit")
            check(reading.plausible, "no person has that")
            check(reading.device.startswith(device.driver), "it does not say which device measured")
            check(0 <= reading.quality <= 1, "its quality is no share")
            check(
                before <= reading.taken_at <= device.clock.now() + timedelta(seconds=1), "it was taken at another time"
            )


@case("HAL-VIT-002", VitalSensor, "A stored reading of the person before is never given")
async def never_stale(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "stale")
        error = await error_of(device.measure(device.capabilities.kinds[0], deadline=rig.seconds))
        # refused, or passed over while a new one is waited for
        check(error.trouble in (Trouble.UNREADABLE, Trouble.DEADLINE), f"it says {error.trouble}")


@case("HAL-VIT-003", VitalSensor, "A wipe purges what the sensor itself keeps")
async def purges(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.measure(device.capabilities.kinds[0], deadline=rig.seconds)
        await device.wipe()
        check(await rig.count(device, "readings") == 0, "readings are left after a wipe")


@case("HAL-VIT-004", VitalSensor, "What it does not measure is refused")
async def refuses_kind(rig: Rig) -> None:
    async with rig.opened() as device:
        missing = [kind for kind in Vital if kind not in device.capabilities.kinds]
        if not missing:
            raise NotApplicableError("it measures everything")
        error = await error_of(device.measure(missing[0], deadline=1))
        check(error.trouble is Trouble.UNSUPPORTED, f"it says {error.trouble}")


@case("HAL-VIT-005", VitalSensor, "Who stops a measurement gets no reading")
async def aborts(rig: Rig) -> None:
    """Stop a measurement; one that ends by itself before it can be stopped is for the rig to hold up."""
    async with rig.opened() as device:
        task = asyncio.create_task(device.measure(device.capabilities.kinds[0], deadline=rig.seconds))
        for _turn in range(10):
            await asyncio.sleep(0)
        if task.done():
            raise NotApplicableError("it measures at once")
        async with asyncio.timeout(rig.seconds):
            while not task.done():  # a device that was only just asked has nothing to stop yet
                await device.abort()
                await asyncio.sleep(0.01)
        error = await error_of(task)
        check(error.trouble is Trouble.UNREADABLE, f"it says {error.trouble}")


@case("HAL-PRS-001", Presence, "What it cannot tell is neither yes nor no")
async def presence_unknown(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "unknown")
        check((await device.snapshot()).present is None, "it guessed")


@case("HAL-PRS-002", Presence, "Coming and going are told once, and the snapshot says the same")
async def presence_events(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "leave")
        async with device.events() as events:
            for name in ("arrive", "arrive", "leave"):
                await rig.do(device, name)
            told = [(await asyncio.wait_for(anext(events), 5)).name for _time in range(2)]
        check(told == ["arrived", "left"], f"it told {told}")
        check((await device.snapshot()).present is False, "the snapshot says something else")


@case("HAL-PWR-001", Power, "What it cannot tell is neither mains nor battery")
async def power_unknown(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "unknown")
        check((await device.snapshot()).on_battery is None, "it guessed")


@case("HAL-PWR-002", Power, "The mains that go, a battery that empties and the mains that come are told")
async def power_events(rig: Rig) -> None:
    async with rig.opened() as device, device.events() as events:
        for name in ("mains_off", "mains_low", "mains_on"):
            await rig.do(device, name)
        told = [(await asyncio.wait_for(anext(events), 15)).name for _time in range(3)]
        check(told == ["on_battery", "low", "restored"], f"it told {told}")


@case("HAL-PWR-003", Power, "A battery that is nearly empty is low")
async def power_low(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "mains_low")
        now = await device.snapshot()
        check(now.on_battery is True and now.low, "it does not say that it ends soon")


@case("HAL-LGT-001", Lights, "A light shines as it was told to, and no other does")
async def shines(rig: Rig) -> None:
    async with rig.opened() as device:
        first = device.capabilities.lights[0]
        for shine in (Shine.ON, Shine.BLINK, Shine.OFF):
            await device.set(first, shine)
            now = await device.shining()
            check(now[first] is shine, "it shines in another way")
            check(all(now[light] is Shine.OFF for light in now if light is not first), "another light shines")


@case("HAL-LGT-002", Lights, "A wipe darkens them all")
async def darkens(rig: Rig) -> None:
    async with rig.opened() as device:
        for light in device.capabilities.lights:
            await device.set(light, Shine.ON)
        await device.wipe()
        check(set((await device.shining()).values()) == {Shine.OFF}, "a light shines after a wipe")


@case("HAL-ENC-001", Enclosure, "Tampering is told and stays until the operator has seen to it: no wipe ends it")
async def tampered(rig: Rig) -> None:
    async with rig.opened() as device, device.events() as events:
        await rig.do(device, "tamper")
        check((await asyncio.wait_for(anext(events), 5)).name == "tamper", "it tells nobody")
        await device.wipe()
        check((await device.snapshot()).tampered is True, "a wipe made it forget")
        await device.acknowledge()
        check((await device.snapshot()).tampered is False, "it stays though the operator has seen to it")


@case("HAL-ENC-002", Enclosure, "A door that opens is told, with its name")
async def door_opens(rig: Rig) -> None:
    async with rig.opened() as device, device.events() as events:
        await rig.do(device, "door_open")
        event = await asyncio.wait_for(anext(events), 5)
        check(event.name == "opened" and event.value in {door.value for door in device.capabilities.doors}, "no door")
        check(True in (await device.snapshot()).open.values(), "the snapshot says that every door is shut")


@case("HAL-CAM-001", Camera, "It gives new pictures while it runs, of the size that it said")
async def pictures(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start(320, 180, 15)
        first = await asyncio.wait_for(device.picture.next(0), 10)
        check(first is not None, "there is no picture")
        second = await asyncio.wait_for(device.picture.next(first.sequence), 10)
        check(second is not None and second.sequence > first.sequence, "the picture stands")
        await device.stop()


@case("HAL-CAM-002", Camera, "After a wipe no picture is left")
async def no_picture(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start(320, 180, 15)
        await asyncio.wait_for(device.picture.next(0), 10)
        await device.wipe()
        check(device.picture.frame is None, "a picture of the resident is left")


@case("HAL-MIC-001", Microphone, "It gives sound while it runs, and none after it stopped")
async def hears(rig: Rig) -> None:
    async with rig.opened() as device:
        sounds = await device.start()
        check(await asyncio.wait_for(sounds.get(), 10) is not None, "there is no sound")
        await device.stop()
        for _piece in range(50):
            if await asyncio.wait_for(sounds.get(), 10) is None:
                return
        check(False, "it still hears")


@case("HAL-MIC-002", Microphone, "A wipe ends the sound; it is one listener's at a time")
async def one_listener(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start()
        error = await error_of(device.start())
        check(error.trouble is Trouble.CLAIMED, f"it says {error.trouble}")
        await device.wipe()
        await device.start()
        await device.stop()


@case("HAL-SPK-001", Speaker, "After a wipe it is silent, and as loud as at the start")
async def silent(rig: Rig) -> None:
    async with rig.opened() as device:
        before = device.volume
        await device.start()
        await device.set_volume(1.0 if before < 1 else 0.5)
        await device.wipe()
        check(not device.playing, "it plays after a wipe")
        check(device.volume == before, "it is as loud as the last resident wanted it")


@case("HAL-SPK-002", Speaker, "Its loudness stays between nothing and all")
async def volume(rig: Rig) -> None:
    async with rig.opened() as device:
        for given, kept in ((7.0, 1.0), (-1.0, 0.0), (0.4, 0.4)):
            await device.set_volume(given)
            check(device.volume == kept, f"{given} became {device.volume}")


@case("HAL-VOC-001", Voice, "Words become sound, more words more of it")
async def speaks(rig: Rig) -> None:
    async with rig.opened() as device:
        short, long = await device.say("một", "vi"), await device.say("một hai ba bốn năm sáu", "vi")
        check(len(long) > len(short) > SAMPLE_RATE // 20, "there is hardly any sound")
        check(int(np.abs(long.astype(np.int32)).max()) > 100, "it is silence")


@case("HAL-VOC-002", Voice, "A language that it does not speak is refused")
async def languages(rig: Rig) -> None:
    async with rig.opened() as device:
        error = await error_of(device.say("bonjour", "xx"))
        check(error.trouble is Trouble.UNSUPPORTED, f"it says {error.trouble}")


@case("HAL-REC-001", SpeechRecogniser, "A language that it does not understand is refused")
async def not_understood(rig: Rig) -> None:
    async with rig.opened() as device:
        error = await error_of(device.start("xx"))
        check(error.trouble is Trouble.UNSUPPORTED, f"it says {error.trouble}")


@case("HAL-REC-002", SpeechRecogniser, "Silence is no words, and who stops it is not left waiting")
async def nothing_said(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start(device.capabilities.languages[0])
        saying = asyncio.create_task(device.said())
        for _each in range(100):
            device.hear(Sound(np.zeros(PIECE, np.int16), 0.0))
            await asyncio.sleep(0)
        check(not saying.done(), "it hears words in two seconds of silence")
        await device.stop()
        async with asyncio.timeout(rig.seconds):
            check(await saying is None, "it was stopped and goes on telling")


@case("HAL-FAC-001", FaceMatcher, "Without a picture or a portrait nobody is the same")
async def nobody(rig: Rig) -> None:
    async with rig.opened() as device:
        try:
            await device.compare(PORTRAIT, [])
        except ValueError:
            return
        check(False, "somebody is the same as nobody")


@case("HAL-FAC-002", FaceMatcher, "An empty portrait is unreadable, never the same")
async def empty_portrait(rig: Rig) -> None:
    async with rig.opened() as device:
        error = await error_of(device.compare(PORTRAIT.model_copy(update={"image": b""}), [FRAME]))
        check(error.trouble is Trouble.UNREADABLE and FaceFinding.SAME, f"it says {error.trouble}")
