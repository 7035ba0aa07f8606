"""What is plugged into this machine, and the sections of ``station.toml`` that would use it.

Nothing is opened: what the kernel lists is enough, and asking an unknown device may print, beep or pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """A device that was found.

    :param role: what a station would use it for.
    :param driver: that would use it.
    :param settings: that driver's keys, with names that stay when it is plugged in elsewhere.
    :param what: how it calls itself.
    :param sure: False: the kernel does not tell what it is; somebody must look.
    """

    role: str
    driver: str
    settings: dict[str, str | int]
    what: str
    sure: bool = True
    note: str = field(default="")

    def section(self) -> str:
        """Return the section for ``station.toml``; out of use where it is not sure."""
        lines = [f"[[roles.{self.role}]]", f'driver = "{self.driver}"']
        lines += [f"{name} = {_toml(value)}" for name, value in self.settings.items()]
        head = [f"# {self.what}" + ("" if self.sure else ": look whether it is that")]
        if self.note:
            head.append(f"# {self.note}")
        return "\n".join([*head, *(lines if self.sure else [f"# {line}" for line in lines])])


def _toml(value: str | int) -> str:
    return str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


SCANNERS = ("scanner", "barcode", "honeywell", "zebra", "symbol", "datalogic", "newland", "opticon")
BOARDS = ("booth", "tramkit")


def find(root: Path = Path("/")) -> list[Found]:
    """Look at what the kernel lists.

    :param root: where ``dev`` and ``sys`` are.
    """
    looks: tuple[Callable[[Path], list[Found]], ...] = (_serial, _keyboards, _cameras, _printers, _readers, _sound)
    return [found for look in looks for found in look(root)]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _serial(root: Path) -> list[Found]:
    found: list[Found] = []
    for name in _names(root / "dev/serial/by-id"):
        device: dict[str, str | int] = {"device": f"/dev/serial/by-id/{name}"}
        lower = name.lower()
        if any(word in lower for word in SCANNERS):
            found.append(Found("code_scanner", "serial_scanner", device, name))
        elif any(word in lower for word in BOARDS):
            found.append(Found("vital_sensor", "booth", device, name, note="a board may serve several roles"))
        else:
            found.append(Found("code_scanner", "serial_scanner", device, name, sure=False))
    return found


def _keyboards(root: Path) -> list[Found]:
    names = [name for name in _names(root / "dev/input/by-id") if name.endswith("-event-kbd")]
    return [
        Found(
            "code_scanner",
            "hid_scanner",
            {"device": f"/dev/input/by-id/{name}"},
            name,
            sure=any(word in name.lower() for word in SCANNERS),
        )
        for name in names
    ]


def _cameras(root: Path) -> list[Found]:
    names = [name for name in _names(root / "dev/v4l/by-id") if name.endswith("-video-index0")]
    return [Found("camera", "opencv", {"device": f"/dev/v4l/by-id/{name}"}, name) for name in names]


def _printers(root: Path) -> list[Found]:
    found: list[Found] = []
    for name in _names(root / "sys/class/usbmisc"):
        usb = (root / "sys/class/usbmisc" / name / "device").resolve().parent
        vendor, product = _read(usb / "idVendor"), _read(usb / "idProduct")
        if name.startswith("lp") and vendor and product:
            serial = _read(usb / "serial")
            what = f"{_read(usb / 'manufacturer')} {_read(usb / 'product')}".strip() or "USB printer"
            identity = ":".join(part for part in (vendor, product, serial) if part)
            found.append(Found("receipt_printer", "escpos", {"usb": identity}, what))
    return found


def _readers(root: Path) -> list[Found]:
    """USB class 0Bh is a smart card reader (CCID)."""
    found: list[Found] = []
    for name in _names(root / "sys/bus/usb/devices"):
        entry = root / "sys/bus/usb/devices" / name
        if _read(entry / "bInterfaceClass").lower() == "0b":
            what = _read(entry.resolve().parent / "product") or "smart card reader"
            found.append(Found("id_reader", "pcsc", {}, what))
    return found


def _sound(root: Path) -> list[Found]:
    cards = [line.split("]:")[1].strip() for line in _read(root / "proc/asound/cards").splitlines() if "]:" in line]
    if not cards:
        return []
    what = ", ".join(cards)
    return [
        Found("microphone", "sounddevice_microphone", {}, what),
        Found("speaker", "sounddevice_speaker", {}, what),
    ]
