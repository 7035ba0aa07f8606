"""Models for ``cv2.FaceDetectorYN`` and ``cv2.FaceRecognizerSF`` that take a bright square for a face, written by hand.

No package ships YuNet and SFace, so the tests bring networks with their inputs and outputs. The detector gives at each
stride a score, a box and five points a cell: scores are the mean brightness of a cell of 32 pixels, each box is as wide
as a square of all the bright pixels, and the points stand where SFace wants them. The recogniser gives the brightness
of 64 places of the face. OpenCV loads, runs and decodes both as it does the real ones.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

FLOAT, INT64 = 1, 7
STRIDES = (8, 16, 32)
CROP = 112
POINTS = ((38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2))
"""Where SFace wants eyes, nose and corners of the mouth in its picture of 112 by 112."""
FACE = 48
"""Pixels of a face whose points are where they should be: less than two cells, so that it is found once."""


class _Network:
    """Nodes, constants and ends of a graph, as they are written."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        self.outputs: list[bytes] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        body = b"".join(_text(1, each) for each in inputs) + _text(2, output) + _text(3, output) + _text(4, kind)
        self.nodes.append(body + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items()))
        return output

    def constant(self, name: str, shape: list[int], values: list[float]) -> str:
        body = b"".join(_int(1, each) for each in shape) + _int(2, FLOAT) + _text(8, name)
        self.constants.append(body + _field(9, struct.pack(f"<{len(values)}f", *values)))
        return name

    def integers(self, name: str, values: list[int]) -> str:
        body = _int(1, len(values)) + _int(2, INT64) + _text(8, name)
        self.constants.append(body + _field(9, struct.pack(f"<{len(values)}q", *values)))
        return name

    def scaled(self, source: str, by: float, name: str, plus: float = 0.0) -> str:
        product = self.node("Mul", [source, self.constant(f"{name}_by", [1, 1, 1, 1], [by])], f"{name}_product")
        return self.node("Add", [product, self.constant(f"{name}_plus", [1, 1, 1, 1], [plus])], name)

    def end(self, source: str, name: str, depth: int, count: int) -> None:
        """Give a map of ``depth`` channels out as rows, one a cell."""
        turned = self.node("Transpose", [source], f"{name}_turned", perm=[0, 2, 3, 1])
        self.node("Reshape", [turned, self.integers(f"{name}_shape", [1, -1, depth])], name)
        self.outputs.append(_value(name, [1, count, depth]))

    def write(self, file: Path, shape: list[int]) -> None:
        graph = b"".join(_field(1, each) for each in self.nodes) + _text(2, "bright square")
        graph += b"".join(_field(5, each) for each in self.constants)
        graph += _field(11, _value("input", shape)) + b"".join(_field(12, each) for each in self.outputs)
        file.write_bytes(_int(1, 8) + _field(7, graph) + _field(8, _text(1, "") + _int(2, 13)))


def write_bright_square_detector(file: Path, width: int, height: int) -> None:
    """Write a model for ``FaceDetectorYN``.

    :param width: of the pictures that it will be given, pixels; ``height`` likewise.
    """
    net = _Network()
    width, height = (width + 31) // 32 * 32, (height + 31) // 32 * 32
    grey = net.node("Conv", ["input", net.constant("third", [1, 3, 1, 1], [1 / 765] * 3)], "grey", kernel_shape=[1, 1])
    bright = net.node("Sigmoid", [net.scaled(grey, 40, "steep", -24)], "bright")
    everywhere = net.scaled(net.node("GlobalAveragePool", [bright], "everywhere"), 1, "some", 1e-6)
    for stride in STRIDES:
        count = width // stride * (height // stride)
        cell = net.node("AveragePool", [bright], f"cell{stride}", kernel_shape=[stride] * 2, strides=[stride] * 2)
        score = net.scaled(cell, float(stride == 32), f"score{stride}")
        net.end(score, f"cls_{stride}", 1, count)
        net.end(score, f"obj_{stride}", 1, count)
        # a box is exp(size) cells wide, and its middle is the cell's
        log = net.node("Log", [everywhere], f"log{stride}")
        wide = net.scaled(log, 0.5, f"wide{stride}", _half_log(width * height, stride))
        size = net.node("Add", [net.scaled(cell, 0, f"nothing{stride}"), wide], f"size{stride}")
        middle = net.scaled(cell, 0, f"middle{stride}", 0.5)
        net.end(net.node("Concat", [middle, middle, size, size], f"box{stride}", axis=1), f"bbox_{stride}", 4, count)
        points = [
            net.scaled(cell, 0, f"point{stride}_{number}", 0.5 + (at - CROP / 2) * FACE / CROP / stride)
            for number, at in enumerate(each for point in POINTS for each in point)
        ]
        net.end(net.node("Concat", points, f"points{stride}", axis=1), f"kps_{stride}", 10, count)
    net.write(file, [1, 3, height, width])


def write_brightness_recognizer(file: Path) -> None:
    """Write a model for ``FaceRecognizerSF``: what differs between two faces is where they are bright."""
    net = _Network()
    grey = net.node("Conv", ["input", net.constant("third", [1, 3, 1, 1], [1 / 765] * 3)], "grey", kernel_shape=[1, 1])
    places = net.node("AveragePool", [grey], "places", kernel_shape=[14, 14], strides=[14, 14])
    mean = net.node("GlobalAveragePool", [grey], "mean")
    differ = net.node("Sub", [places, mean], "differ")
    net.node("Reshape", [differ, net.integers("shape", [1, 64])], "features")
    net.outputs.append(_value("features", [1, 64]))
    net.write(file, [1, 3, CROP, CROP])


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
