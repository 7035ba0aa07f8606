"""What a station uses a device for."""

from enum import StrEnum


class Role(StrEnum):
    """The part a device plays at a station; ``station.toml`` binds each to an ordered list of drivers."""

    SCREEN = "screen"
    ID_READER = "id_reader"
    CODE_SCANNER = "code_scanner"
    CAMERA = "camera"
    DOCUMENT_CAMERA = "document_camera"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    VOICE = "voice"
    SPEECH_RECOGNISER = "speech_recogniser"
    FACE_MATCHER = "face_matcher"
    RECEIPT_PRINTER = "receipt_printer"
    VITAL_SENSOR = "vital_sensor"
    PAYMENT_TERMINAL = "payment_terminal"
    PRESENCE = "presence"
    DOCUMENT_PRINTER = "document_printer"
    POWER = "power"
    LIGHTS = "lights"
    ENCLOSURE = "enclosure"
