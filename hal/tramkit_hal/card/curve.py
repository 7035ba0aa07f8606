"""Elliptic curves of identity cards, with the point arithmetic that PACE needs and `cryptography` does not offer.

Every multiplication by a secret is OpenSSL's, in constant time: ECDH gives the x-coordinate of ``k·P``, a second one
that of ``(k+1)·P``, and together they tell which of the two points with that x it is. Only additions and the map of
nonces to points are plain Python; their operands are points that are sent in clear or used once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from tramkit_hal.card.errors import ChipProtocolError

Point = tuple[int, int]
"""Affine coordinates; the point at infinity is no value, whoever sends it is refused."""


@dataclass(frozen=True)
class Curve:
    """A curve ``y² = x³ + ax + b`` over a prime field, its prime ≡ 3 (mod 4), cofactor 1.

    :param number: as standardised domain parameters (ICAO 9303 part 11, table 6).
    :param oid: as named curve.
    :param x: of the generator, as ``y``.
    """

    name: str
    number: int
    oid: str
    openssl: ec.EllipticCurve
    p: int
    a: int
    b: int
    x: int
    y: int
    order: int

    @property
    def generator(self) -> Point:
        """The base point of the standard."""
        return self.x, self.y

    @property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    # ── points as bytes ───────────────────────────────────────────────────────────────────────────────────

    def encode(self, point: Point) -> bytes:
        """Return ``04 ‖ x ‖ y`` (BSI TR-03111, section 3.2.1)."""
        return b"\x04" + point[0].to_bytes(self.size, "big") + point[1].to_bytes(self.size, "big")

    def decode(self, data: bytes) -> Point:
        """Return a point that was sent.

        :raises ChipProtocolError: it is not uncompressed, or does not lie on the curve.
        """
        if len(data) != 1 + 2 * self.size or data[0] != 4:
            raise ChipProtocolError("a public key has another form")
        point = int.from_bytes(data[1 : 1 + self.size], "big"), int.from_bytes(data[1 + self.size :], "big")
        if max(point) >= self.p or not self.has(point):
            raise ChipProtocolError("a public key does not lie on the curve")
        return point

    def has(self, point: Point) -> bool:
        """Tell whether a point lies on the curve."""
        x, y = point
        return (y * y - self._right(x)) % self.p == 0

    # ── arithmetic ────────────────────────────────────────────────────────────────────────────────────────

    def secret(self) -> int:
        """Return a random secret, 1 to order - 2: its successor is one too."""
        return 1 + secrets.randbelow(self.order - 2)

    def agree(self, secret: int, point: Point) -> bytes:
        """Return the x-coordinate of ``secret · point`` (ECKA, BSI TR-03111 section 4.3.1).

        :raises ChipProtocolError: the point does not lie on the curve.
        """
        try:
            peer = ec.EllipticCurvePublicNumbers(*point, self.openssl).public_key()
            return ec.derive_private_key(secret, self.openssl).exchange(ec.ECDH(), peer)
        except (ValueError, UnsupportedAlgorithm):
            raise ChipProtocolError("a public key does not lie on the curve") from None

    def multiply(self, secret: int, point: Point) -> Point:
        """Return ``secret · point``; for the base point without a detour.

        :param secret: 1 to order - 2.
        """
        if point == self.generator:
            numbers = ec.derive_private_key(secret, self.openssl).public_key().public_numbers()
            return numbers.x, numbers.y
        x = int.from_bytes(self.agree(secret, point), "big")
        following = int.from_bytes(self.agree(secret + 1, point), "big")
        y = self._root(self._right(x))
        return (x, y) if self.add((x, y), point)[0] == following else (x, self.p - y)

    def add(self, one: Point, other: Point) -> Point:
        """Return the sum of two points.

        :raises ChipProtocolError: it is the point at infinity.
        """
        if one[0] == other[0]:
            if (one[1] + other[1]) % self.p == 0:
                raise ChipProtocolError("a point is at infinity")
            slope = (3 * one[0] * one[0] + self.a) * pow(2 * one[1], -1, self.p) % self.p
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, self.p) % self.p
        x = (slope * slope - one[0] - other[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    # ── nonces as points (PACE) ───────────────────────────────────────────────────────────────────────────

    def map_generic(self, nonce: bytes, shared: Point) -> Point:
        """Return the generator ``s · G + H`` (ICAO 9303 part 11, section 4.4.3.3.1).

        :param shared: ``H``, the point that both sides agreed on.
        :raises ChipProtocolError: the nonce cannot be used.
        """
        scalar = int.from_bytes(nonce, "big") % self.order
        if not 0 < scalar < self.order - 1:
            raise ChipProtocolError("a nonce cannot be used")
        return self.add(self.multiply(scalar, self.generator), shared)

    def map_integrated(self, number: int) -> Point:
        """Return the point that a pseudo-random number stands for (ICAO 9303 part 11, appendix B.2).

        :param number: of the field.
        :raises ChipProtocolError: the number cannot be used.
        """
        p = self.p
        alpha = -number * number % p
        try:
            second = -self.b * pow(self.a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
        except ValueError:
            raise ChipProtocolError("a nonce cannot be used") from None
        right = self._right(second)
        half = pow(right, p - 1 - (p + 1) // 4, p)
        if half * half * right % p == 1:
            return second, half * right % p
        return alpha * second % p, half * pow(number, 3, p) * right % p

    def _right(self, x: int) -> int:
        return (x * x * x + self.a * x + self.b) % self.p

    def _root(self, square: int) -> int:
        return pow(square, (self.p + 1) // 4, self.p)


# fmt: off
CURVES = (
    Curve(
        "secp256r1", 12, "1.2.840.10045.3.1.7", ec.SECP256R1(),
        p=0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff,
        a=0xffffffff00000001000000000000000000000000fffffffffffffffffffffffc,
        b=0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
        x=0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
        y=0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5,
        order=0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    ),
    Curve(
        "brainpoolP256r1", 13, "1.3.36.3.3.2.8.1.1.7", ec.BrainpoolP256R1(),
        p=0xa9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377,
        a=0x7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9,
        b=0x26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6,
        x=0x8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262,
        y=0x547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997,
        order=0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7,
    ),
    Curve(
        "secp384r1", 15, "1.3.132.0.34", ec.SECP384R1(),
        p=0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff,
        a=0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc,
        b=0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,
        x=0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
        y=0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f,
        order=0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
    ),
    Curve(
        "brainpoolP384r1", 16, "1.3.36.3.3.2.8.1.1.11", ec.BrainpoolP384R1(),
        p=0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53,
        a=0x7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826,
        b=0x4a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11,
        x=0x1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e,
        y=0x8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315,
        order=0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565,
    ),
    Curve(
        "brainpoolP512r1", 17, "1.3.36.3.3.2.8.1.1.13", ec.BrainpoolP512R1(),
        p=0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3,
        a=0x7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca,
        b=0x3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723,
        x=0x81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822,
        y=0x7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892,
        order=0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069,
    ),
    Curve(
        "secp521r1", 18, "1.3.132.0.35", ec.SECP521R1(),
        p=0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff,
        a=0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc,
        b=0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00,
        x=0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66,
        y=0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650,
        order=0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409,
    ),
)
# fmt: on
"""What cards may use and OpenSSL has; curves below 256 bits are not believed any more (BSI TR-02102-1)."""


def by_number(number: int) -> Curve | None:
    """Return the curve of standardised domain parameters; None: none that is accepted here."""
    return next((curve for curve in CURVES if curve.number == number), None)


def by_oid(oid: str) -> Curve | None:
    """Return a named curve; None: none that is accepted here."""
    return next((curve for curve in CURVES if curve.oid == oid), None)
