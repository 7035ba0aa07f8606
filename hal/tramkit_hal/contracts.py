"""Which contract each role needs."""

from __future__ import annotations

from collections.abc import Mapping

from tramkit_hal.audio import Microphone, Speaker
from tramkit_hal.camera import Camera
from tramkit_hal.card.reader import IdReader
from tramkit_hal.device import Device
from tramkit_hal.face import FaceMatcher
from tramkit_hal.payment_terminal import PaymentTerminal
from tramkit_hal.presence import Presence
from tramkit_hal.printer import ReceiptPrinter
from tramkit_hal.roles import Role
from tramkit_hal.scanner import CodeScanner
from tramkit_hal.screen import Screen
from tramkit_hal.vital import VitalSensor
from tramkit_hal.voice import Voice

CONTRACTS: Mapping[Role, type[Device]] = {
    Role.SCREEN: Screen,
    Role.ID_READER: IdReader,
    Role.CODE_SCANNER: CodeScanner,
    Role.CAMERA: Camera,
    Role.DOCUMENT_CAMERA: Camera,
    Role.MICROPHONE: Microphone,
    Role.SPEAKER: Speaker,
    Role.RECEIPT_PRINTER: ReceiptPrinter,
    Role.VITAL_SENSOR: VitalSensor,
    Role.PAYMENT_TERMINAL: PaymentTerminal,
    Role.PRESENCE: Presence,
    Role.VOICE: Voice,
    Role.FACE_MATCHER: FaceMatcher,
}
