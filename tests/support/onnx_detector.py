"""A detector for ``cv2.FaceDetectorYN`` that takes a bright square for a face: an ONNX file written by hand.

No package ships YuNet, so the tests bring a network with its inputs and outputs: at each stride a score, a box and five
points a cell. Scores are the mean brightness of a cell of 32 pixels; each box is as wide as a square of all the bright
pixels. OpenCV loads, runs and decodes it as it does YuNet.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

FLOAT, INT64 = 1, 7
STRIDES = (8, 16, 32)


def write_bright_square_detector(file: Path, width: int, height: int) -> None:
    """Write the model.

    :param width: of the pictures that it will be given, pixels; ``height`` likewise.
    """
    nodes: list[bytes] = []
    constants: list[bytes] = []
    outputs: list[bytes] = []

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        body = b"".join(_text(1, each) for each in inputs) + _text(2, output) + _text(3, output) + _text(4, kind)
        nodes.append(body + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items()))
        return output

    def constant(name: str, shape: list[int], values: list[float]) -> str:
        body = b"".join(_int(1, each) for each in shape) + _int(2, FLOAT) + _text(8, name)
        constants.append(body + _field(9, struct.pack(f"<{len(values)}f", *values)))
        return name

    def integers(name: str, values: list[int]) -> str:
        body = _int(1, len(values)) + _int(2, INT64) + _text(8, name)
        constants.append(body + _field(9, struct.pack(f"<{len(values)}q", *values)))
        return name

    grey = node("Conv", ["input", constant("third", [1, 3, 1, 1], [1 / 765] * 3)], "grey", kernel_shape=[1, 1])
    bright = node(
        "Sigmoid",
        [
            node(
                "Conv",
                [grey, constant("k", [1, 1, 1, 1], [40.0]), constant("kb", [1], [-24.0])],
                "steep",
                kernel_shape=[1, 1],
            )
        ],
        "bright",
    )
    for stride in STRIDES:
        count = (width + 31) // 32 * 32 // stride * ((height + 31) // 32 * 32 // stride)
        cell = node("AveragePool", [bright], f"cell{stride}", kernel_shape=[stride, stride], strides=[stride, stride])
        used = 1.0 if stride == 32 else 0.0
        score = node(
            "Conv", [cell, constant(f"u{stride}", [1, 1, 1, 1], [used])], f"score{stride}", kernel_shape=[1, 1]
        )
        flat = node("Transpose", [score], f"flat{stride}", perm=[0, 2, 3, 1])
        for name in ("cls", "obj"):
            node("Reshape", [flat, integers(f"{name}shape{stride}", [1, -1, 1])], f"{name}_{stride}")
        # each box: its middle in the middle of the cell, exp(b) cells wide
        all_ = node("GlobalAveragePool", [bright], f"all{stride}")
        some = node("Add", [all_, constant(f"some{stride}", [1, 1, 1, 1], [1e-6])], f"some_{stride}")
        half = node(
            "Mul", [node("Log", [some], f"log{stride}"), constant(f"h{stride}", [1, 1, 1, 1], [0.5])], f"half{stride}"
        )
        padded = ((width + 31) // 32 * 32) * ((height + 31) // 32 * 32)
        offset = constant(f"o{stride}", [1, 1, 1, 1], [_half_log(padded, stride)])
        wide = node("Add", [half, offset], f"wide{stride}")
        nothing = node("Mul", [cell, constant(f"z{stride}", [1, 1, 1, 1], [0.0])], f"nothing{stride}")
        size = node("Add", [nothing, wide], f"size{stride}")
        middle = node("Add", [nothing, constant(f"m{stride}", [1, 1, 1, 1], [0.5])], f"middle{stride}")
        box = node("Concat", [middle, middle, size, size], f"box{stride}", axis=1)
        points = node("Concat", [middle] * 10, f"points{stride}", axis=1)
        for name, source, depth in (("bbox", box, 4), ("kps", points, 10)):
            turned = node("Transpose", [source], f"{name}t{stride}", perm=[0, 2, 3, 1])
            node("Reshape", [turned, integers(f"{name}shape{stride}", [1, -1, depth])], f"{name}_{stride}")
        outputs += [
            _value(f"{name}_{stride}", [1, count, depth])
            for name, depth in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        ]
    graph = b"".join(_field(1, each) for each in nodes) + _text(2, "bright square")
    graph += b"".join(_field(5, each) for each in constants)
    graph += _field(11, _value("input", [1, 3, (height + 31) // 32 * 32, (width + 31) // 32 * 32]))
    graph += b"".join(_field(12, each) for each in outputs)
    file.write_bytes(_int(1, 8) + _field(7, graph) + _field(8, _text(1, "") + _int(2, 13)))


def _half_log(pixels: int, stride: int) -> float:
    return 0.5 * math.log(pixels) - math.log(stride)


# ── protobuf, as far as it is needed (onnx.proto) ──


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _attribute(name: str, value: object) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _int(3, value) + _int(20, 2)
    assert isinstance(value, list)
    return _text(1, name) + b"".join(_int(8, each) for each in value) + _int(20, 7)


def _value(name: str, shape: list[int]) -> bytes:
    dimensions = b"".join(_field(1, _int(1, each)) for each in shape)
    return _text(1, name) + _field(2, _field(1, _int(1, FLOAT) + _field(2, dimensions)))
