"""A VP8 encoder whose bit rate changes while it runs.

FFmpeg's wrapper of libvpx has to be built anew for another bit rate, and each new encoder begins with a key frame of
20–30 kB: what a narrow line can bear least. The library itself takes a new rate with the next picture.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tramkit import TramkitError
from tramkit_telehealth.media.native import MissingLibraryError, library

MAX_INTRA_PERCENT = 500
"""Most bits of a key frame, as a percentage of a picture's share of the rate: 170 ms of it at 30 pictures a second."""

CPU_USED = -6
"""Speed against quality, as Chromium has it for a desktop."""

KEYFRAME_DISTANCE = 3000
"""Pictures between two key frames that nobody asked for."""

# vpx_encoder.h, vp8cx.h, vpx_image.h
_KEYFRAME, _REALTIME, _I420, _CBR, _PACKET_FRAME, _ABI_MISMATCH = 1, 1, 0x102, 1, 0, 3
_SET_CPU_USED, _SET_NOISE, _SET_STATIC, _SET_PARTITIONS, _SET_MAX_INTRA = 13, 15, 17, 18, 26
_ABI_VERSIONS = range(20, 80)


class Vp8Error(TramkitError, RuntimeError):
    """libvpx refused a setting or a picture; carries its code."""


class _Configuration(ctypes.Structure):
    """``vpx_codec_enc_cfg``: its first fields, which have kept their places since 2010, and room for the rest."""

    _fields_ = [  # as ctypes wants it
        *((name, ctypes.c_uint) for name in ("usage", "threads", "profile", "width", "height", "depth", "input_depth")),
        *((name, ctypes.c_int) for name in ("timebase_num", "timebase_den")),
        *((name, ctypes.c_uint) for name in ("error_resilient", "passes", "lag_in_frames", "dropframe_threshold")),
        *((name, ctypes.c_uint) for name in ("resize", "scaled_width", "scaled_height", "resize_up", "resize_down")),
        ("end_usage", ctypes.c_uint),
        *((name, ctypes.c_size_t) for name in ("stats", "stats_size", "first_pass", "first_pass_size")),
        *((name, ctypes.c_uint) for name in ("bitrate", "min_quantizer", "max_quantizer", "undershoot", "overshoot")),
        *((name, ctypes.c_uint) for name in ("buffer", "buffer_initial", "buffer_optimal")),
        *((name, ctypes.c_uint) for name in ("vbr_bias", "vbr_min", "vbr_max", "vbr_complexity")),
        *((name, ctypes.c_uint) for name in ("keyframe_mode", "keyframe_min", "keyframe_max")),
        ("rest", ctypes.c_char * 4096),
    ]


_DEFAULTS = {"width": 320, "height": 240, "timebase_den": 30, "bitrate": 256, "buffer": 6000, "keyframe_max": 128}
"""What libvpx fills in: where it stands elsewhere the library has another layout, and is not used."""


class _Packet(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("pts", ctypes.c_int64),
        ("duration", ctypes.c_ulong),
        ("flags", ctypes.c_uint32),
    ]


@lru_cache(maxsize=1)
def _vpx() -> tuple[ctypes.CDLL, int]:
    """Return libvpx and the version of its interface.

    :raises MissingLibraryError: it is not there, or is laid out in a way that is not known here.
    """
    vpx = library("vpx")
    vpx.vpx_codec_vp8_cx.restype = ctypes.c_void_p
    vpx.vpx_codec_enc_config_default.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
    vpx.vpx_codec_enc_init_ver.argtypes = [*[ctypes.c_void_p] * 3, ctypes.c_long, ctypes.c_int]
    vpx.vpx_codec_enc_config_set.argtypes = [ctypes.c_void_p] * 2
    vpx.vpx_codec_encode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_ulong,
        ctypes.c_long,
        ctypes.c_ulong,
    ]
    vpx.vpx_codec_get_cx_data.argtypes = [ctypes.c_void_p] * 2
    vpx.vpx_codec_get_cx_data.restype = ctypes.POINTER(_Packet)
    vpx.vpx_img_wrap.argtypes = [ctypes.c_void_p, *[ctypes.c_uint] * 4, ctypes.c_void_p]
    vpx.vpx_img_wrap.restype = ctypes.c_void_p
    vpx.vpx_codec_destroy.argtypes = [ctypes.c_void_p]
    configuration = _Configuration()
    vpx.vpx_codec_enc_config_default(vpx.vpx_codec_vp8_cx(), ctypes.byref(configuration), 0)
    if any(getattr(configuration, name) != value for name, value in _DEFAULTS.items()):
        raise MissingLibraryError("libvpx is laid out in another way")
    for version in _ABI_VERSIONS:
        context = ctypes.create_string_buffer(256)
        code = vpx.vpx_codec_enc_init_ver(context, vpx.vpx_codec_vp8_cx(), ctypes.byref(configuration), 0, version)
        if code == 0:
            vpx.vpx_codec_destroy(context)
            return vpx, version
    raise MissingLibraryError("libvpx has an interface of another version")


class Vp8Encoder:
    """Encodes pictures of one size in real time, at a constant rate.

    :param width: pixels, even.
    :param height: pixels, even.
    :param bitrate: bits a second.
    :raises MissingLibraryError: there is no libvpx that can be used.
    """

    def __init__(self, width: int, height: int, bitrate: int) -> None:
        self._context = None
        self._vpx, version = _vpx()
        self.width, self.height = width, height
        self._bitrate = bitrate
        configuration = self._configuration = _Configuration()
        self._checked(
            self._vpx.vpx_codec_enc_config_default(self._vpx.vpx_codec_vp8_cx(), ctypes.byref(configuration), 0)
        )
        self._configure(configuration)
        context = ctypes.create_string_buffer(256)
        self._checked(
            self._vpx.vpx_codec_enc_init_ver(
                context, self._vpx.vpx_codec_vp8_cx(), ctypes.byref(configuration), 0, version
            )
        )
        self._context = context
        for setting, value in (
            (_SET_CPU_USED, CPU_USED),
            (_SET_NOISE, 0),
            (_SET_STATIC, 1),
            (_SET_PARTITIONS, 0),
            (_SET_MAX_INTRA, MAX_INTRA_PERCENT),
        ):
            self._checked(self._vpx.vpx_codec_control_(context, ctypes.c_int(setting), ctypes.c_int(value)))
        self._image = ctypes.create_string_buffer(512)
        self._count = 0

    def _configure(self, configuration: _Configuration) -> None:
        configuration.width, configuration.height = self.width, self.height
        configuration.threads = 2 if self.width * self.height > 640 * 480 and (os.cpu_count() or 1) >= 3 else 1
        configuration.timebase_num, configuration.timebase_den = 1, 90_000
        configuration.lag_in_frames = 0
        configuration.dropframe_threshold = 30
        configuration.resize = 0
        configuration.end_usage = _CBR
        configuration.bitrate = self._bitrate // 1000
        configuration.min_quantizer, configuration.max_quantizer = 2, 56
        configuration.undershoot, configuration.overshoot = 100, 15
        configuration.buffer, configuration.buffer_initial, configuration.buffer_optimal = 1000, 500, 600
        configuration.keyframe_max = KEYFRAME_DISTANCE

    def __del__(self) -> None:
        if getattr(self, "_context", None) is not None:
            self._vpx.vpx_codec_destroy(self._context)

    @property
    def bitrate(self) -> int:
        """Bits a second."""
        return self._bitrate

    @bitrate.setter
    def bitrate(self, bitrate: int) -> None:
        if bitrate // 1000 != self._bitrate // 1000:
            self._configuration.bitrate = bitrate // 1000
            self._checked(self._vpx.vpx_codec_enc_config_set(self._context, ctypes.byref(self._configuration)))
        self._bitrate = bitrate

    def encode(self, image: NDArray[np.uint8], pts: int, duration: int, *, keyframe: bool = False) -> bytes:
        """Return a picture's bytes; none where the encoder leaves the picture out to keep its rate.

        :param image: ``i420`` of the encoder's size.
        :param pts: 90 kHz, rising.
        :param duration: until the next picture, 90 kHz.
        :raises Vp8Error: the picture has another size, or the library fails.
        """
        if image.shape != (self.height * 3 // 2, self.width):
            raise Vp8Error("size")
        image = np.ascontiguousarray(image)
        self._vpx.vpx_img_wrap(self._image, _I420, self.width, self.height, 1, image.ctypes.data)
        flags = _KEYFRAME if keyframe else 0
        self._checked(self._vpx.vpx_codec_encode(self._context, self._image, pts, duration, flags, _REALTIME))
        data = b""
        iterator = ctypes.c_void_p()
        while packet := self._vpx.vpx_codec_get_cx_data(self._context, ctypes.byref(iterator)):
            if packet.contents.kind == _PACKET_FRAME:
                data += ctypes.string_at(packet.contents.data, packet.contents.size)
        return data

    def _checked(self, code: int) -> None:
        if code != 0:
            raise Vp8Error(code)


def is_keyframe(data: bytes) -> bool:
    """Return whether an encoded picture stands for itself (RFC 6386 §9.1)."""
    return len(data) >= 3 and not data[0] & 1
