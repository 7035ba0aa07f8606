"""Opus as a call needs it (RFC 6716, RFC 7587): mono, 16–32 kb/s, in-band FEC, DTX, concealment of what is lost."""

from __future__ import annotations

import ctypes
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tramkit import TramkitError
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_telehealth.media.native import library

MIN_BITRATE, MAX_BITRATE = 16_000, 32_000
"""Bits a second of speech: wide band at the lower end, full band at the upper (RFC 7587 §3.1.1)."""

MAX_PACKET = 1275
"""Most bytes of one frame (RFC 6716 §3.2)."""

MAX_SAMPLES = 5760
"""Samples of the longest packet, 120 ms (RFC 6716 §2.1.4)."""

DTX_BYTES = 2
"""A packet of up to so many bytes says only that there is silence (RFC 6716 §2.1.9)."""

# opus_defines.h
_APPLICATION_VOIP, _SIGNAL_VOICE = 2048, 3001
_SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS, _SET_DTX, _SET_SIGNAL = 4002, 4010, 4012, 4014, 4016, 4024
COMPLEXITY = 5


class OpusError(TramkitError, ValueError):
    """libopus refused a packet or a setting; carries its code."""


@lru_cache(maxsize=1)
def _opus() -> ctypes.CDLL:
    opus = library("opus")
    opus.opus_encoder_create.restype = ctypes.c_void_p
    opus.opus_decoder_create.restype = ctypes.c_void_p
    opus.opus_encoder_destroy.argtypes = opus.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    opus.opus_encode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int32]
    opus.opus_decode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    opus.opus_packet_has_lbrr.argtypes = [ctypes.c_char_p, ctypes.c_int32]
    opus.opus_packet_get_nb_samples.argtypes = [ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32]
    return opus


def _checked(code: int) -> int:
    if code < 0:
        raise OpusError(code)
    return code


def samples_of(packet: bytes) -> int:
    """Return how many samples at 48 kHz a packet holds.

    :raises OpusError: it is no Opus packet.
    """
    return _checked(_opus().opus_packet_get_nb_samples(packet, len(packet), SAMPLE_RATE))


def has_fec(packet: bytes) -> bool:
    """Return whether a packet also holds the one before it, coarsely (RFC 6716 §4.2.5)."""
    return _opus().opus_packet_has_lbrr(packet, len(packet)) == 1


class Encoder:
    """Encodes speech.

    :param bitrate: bits a second.
    :param fec: let each packet also hold the one before it, coarsely.
    :param dtx: send next to nothing while there is silence.
    """

    def __init__(self, bitrate: int = MAX_BITRATE, *, fec: bool = True, dtx: bool = True) -> None:
        self._opus = _opus()
        error = ctypes.c_int()
        self._state = self._opus.opus_encoder_create(SAMPLE_RATE, 1, _APPLICATION_VOIP, ctypes.byref(error))
        _checked(error.value)
        self._out = ctypes.create_string_buffer(MAX_PACKET)
        for setting, value in (
            (_SET_SIGNAL, _SIGNAL_VOICE),
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_FEC, int(fec)),
            (_SET_DTX, int(dtx)),
        ):
            self._set(setting, value)
        self._bitrate = self._loss = 0
        self.bitrate = bitrate
        self.loss = 5

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._opus.opus_encoder_destroy(self._state)

    def _set(self, setting: int, value: int) -> None:
        _checked(self._opus.opus_encoder_ctl(ctypes.c_void_p(self._state), setting, ctypes.c_int32(value)))

    @property
    def bitrate(self) -> int:
        """Bits a second."""
        return self._bitrate

    @bitrate.setter
    def bitrate(self, bitrate: int) -> None:
        if bitrate != self._bitrate:
            self._bitrate = bitrate
            self._set(_SET_BITRATE, bitrate)

    @property
    def loss(self) -> int:
        """Percentage of packets that the encoder reckons with: the more, the better its FEC."""
        return self._loss

    @loss.setter
    def loss(self, percent: int) -> None:
        if percent != self._loss:
            self._loss = percent
            self._set(_SET_LOSS, percent)

    def encode(self, samples: NDArray[np.int16]) -> bytes:
        """Return the packet of one piece.

        :param samples: int16 (960,).
        :raises OpusError: the piece has another length.
        """
        samples = np.ascontiguousarray(samples, np.int16)
        size = self._opus.opus_encode(self._state, samples.ctypes.data, len(samples), self._out, MAX_PACKET)
        return self._out.raw[: _checked(size)]


class Decoder:
    """Decodes to mono, and fills in what is missing."""

    def __init__(self) -> None:
        self._opus = _opus()
        error = ctypes.c_int()
        self._state = self._opus.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error))
        _checked(error.value)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._opus.opus_decoder_destroy(self._state)

    def decode(self, packet: bytes) -> NDArray[np.int16]:
        """Return the samples of a packet, int16 (n,).

        :raises OpusError: it cannot be decoded.
        """
        return self._decode(packet, MAX_SAMPLES, 0)

    def recover(self, following: bytes, samples: int = PIECE) -> NDArray[np.int16]:
        """Return what was lost before a packet, from the copy that the packet holds.

        :raises OpusError: it cannot be decoded.
        """
        return self._decode(following, samples, 1)

    def conceal(self, samples: int = PIECE) -> NDArray[np.int16]:
        """Return sound in place of what is lost: it goes on like what came before, and fades."""
        return self._decode(None, samples, 0)

    def _decode(self, packet: bytes | None, samples: int, fec: int) -> NDArray[np.int16]:
        out = np.empty(samples, np.int16)
        size = self._opus.opus_decode(self._state, packet, len(packet or b""), out.ctypes.data, samples, fec)
        return out[: _checked(size)]
