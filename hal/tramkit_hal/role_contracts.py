"""Which contract each role needs."""

from __future__ import annotations

from collections.abc import Mapping

from tramkit_hal.contracts.audio import Microphone, Speaker
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.document_printer import DocumentPrinter
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.face import FaceMatcher
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.contracts.lights import Lights
from tramkit_hal.contracts.payment_terminal import PaymentTerminal
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.recogniser import SpeechRecogniser
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.contracts.vital import VitalSensor
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.device.base import Device
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.screen import Screen

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
    Role.SPEECH_RECOGNISER: SpeechRecogniser,
    Role.FACE_MATCHER: FaceMatcher,
    Role.DOCUMENT_PRINTER: DocumentPrinter,
    Role.POWER: Power,
    Role.LIGHTS: Lights,
    Role.ENCLOSURE: Enclosure,
}
