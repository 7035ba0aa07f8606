"""A board at the end of a serial line, written from docs/serial-protocol.md alone."""

from __future__ import annotations

import asyncio
import binascii

from support.line import Line

HAS = {
    "protocol": "1",
    "model": "Booth%202",
    "serial": "B-0042",
    "calibration_due": "2027-06-30",
    "vitals": "blood_pressure,pulse,spo2,temperature,weight,height",
    "presence": "distance",
    "lights": "card_reader,receipt,status",
    "enclosure": "service,paper,tamper",
}
VALUES = {
    "blood_pressure": ("128/82", "mmHg"),
    "pulse": ("76", "/min"),
    "spo2": ("97", "%25"),
    "temperature": ("36.8", "%C2%B0C"),
    "weight": ("61.5", "kg"),
    "height": ("162", "cm"),
}


def sealed(text: str) -> bytes:
    return f"{text}*{binascii.crc_hqx(text.encode(), 0xFFFF):04X}\n".encode()


class FakeBoard:
    """Answers lines; each fault is a switch."""

    def __init__(self, line: Line) -> None:
        self.line = line
        line.heard = self.feed
        self.has = dict(HAS)
        self.values = dict(VALUES)
        self.lights = dict.fromkeys(("card_reader", "receipt", "status"), "off")
        self.present, self.distance = "1", "0.7"
        self.open, self.tampered = "0", "0"
        self.taken = self.purged = self.aborted = 0
        self.mute: set[str] = set()
        self.refuse: dict[str, str] = {}
        self.spoil = False
        self.same_id = False
        self.hold: asyncio.Event | None = None
        self.heard: list[str] = []
        self._rest = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text, _star, given = line.decode("ascii", "replace").rpartition("*")
            if text and f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}" == given:
                self._obey(text.split(" "))

    def event(self, text: str) -> None:
        self.line.say(sealed(f"! {text}"))

    def _obey(self, words: list[str]) -> None:
        number, verb = words[0].removeprefix(">"), words[1]
        fields = dict(word.split("=", 1) for word in words[2:])
        self.heard.append(verb)
        if verb in self.mute:
            return
        if verb in self.refuse:
            self.line.say(sealed(f"<{number} NO code={self.refuse[verb]}"))
            return
        if verb == "MEASURE" and self.hold is not None:
            task = asyncio.get_running_loop().create_task(self._later(number, fields))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        self._say(number, self._answer(verb, fields))

    async def _later(self, number: str, fields: dict[str, str]) -> None:
        assert self.hold is not None
        await self.hold.wait()
        self._say(number, self._answer("MEASURE", fields))

    def _say(self, number: str, answer: str) -> None:
        whole = sealed(f"<{number} OK {answer}".strip())
        self.line.say(whole.replace(b"OK", b"0K") if self.spoil else whole)

    def _answer(self, verb: str, fields: dict[str, str]) -> str:
        match verb:
            case "HELLO":
                return " ".join(f"{name}={value}" for name, value in self.has.items())
            case "MEASURE":
                self.taken += 0 if self.same_id and self.taken else 1
                value, unit = self.values[fields["kind"]]
                signature = "AAECAw==".replace("=", "%3D")
                kind = fields["kind"]
                return f"id={self.taken} kind={kind} value={value} unit={unit} quality=0.95 signature={signature}"
            case "ABORT":
                self.aborted += 1
            case "PURGE":
                self.purged += 1
            case "STATUS":
                return "battery=88%25"
            case "PRESENCE":
                return f"present={self.present} distance={self.distance} confidence=0.9"
            case "LIGHT":
                self.lights[fields["light"]] = fields["shine"]
            case "LIGHTS":
                return " ".join(f"{name}={shine}" for name, shine in self.lights.items())
            case "DARK":
                self.lights = dict.fromkeys(self.lights, "off")
            case "ENCLOSURE":
                return f"service={self.open} paper=? tampered={self.tampered} temperature=31.5"
            case "ACKNOWLEDGE":
                self.tampered = "0"
        return ""
