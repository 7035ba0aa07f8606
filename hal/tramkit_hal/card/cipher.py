"""Ciphers and checksums between reader and chip, and their keys (ICAO 9303 part 11, sections 9.7 and 9.8)."""

# Two-key Triple-DES and SHA-1 are what the standard demands of older cards; nothing else here rests on them.

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

ENCRYPT, MAC, PASSWORD = 1, 2, 3
"""Counters of the key derivation: for encryption, for checksums, for a nonce under a password."""

MAC_SIZE = 8


@dataclass(frozen=True)
class Suite:
    """A block cipher and its checksum.

    :param block: bytes.
    :param key_size: bytes of a key.
    """

    name: str
    block: int
    key_size: int
    cipher: Callable[[bytes], CipherAlgorithm]

    def derive(self, secret: bytes, counter: int) -> bytes:
        """Return a key from a shared secret (section 9.7.1)."""
        digest = hashlib.sha1 if self.key_size == 16 else hashlib.sha256
        key = digest(secret + counter.to_bytes(4, "big")).digest()[: self.key_size]
        return _with_parity(key) if self is TDES else key

    def encrypt(self, key: bytes, data: bytes, start: bytes = b"") -> bytes:
        """Return whole blocks encrypted in CBC mode; the first vector is zero unless given."""
        coder = Cipher(self.cipher(key), modes.CBC(start or bytes(self.block))).encryptor()
        return coder.update(data) + coder.finalize()

    def decrypt(self, key: bytes, data: bytes, start: bytes = b"") -> bytes:
        """Return whole blocks decrypted in CBC mode.

        :raises ValueError: they are not whole.
        """
        coder = Cipher(self.cipher(key), modes.CBC(start or bytes(self.block))).decryptor()
        return coder.update(data) + coder.finalize()

    def start(self, key: bytes, counter: bytes) -> bytes:
        """Return the first vector of a message (section 9.8.6): zero for 3DES, the encrypted counter for AES."""
        return bytes(self.block) if self is TDES else self.encrypt(key, counter)

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return a checksum of eight bytes: CMAC for AES, retail MAC over padded data for 3DES."""
        if self is TDES:
            return _retail_mac(key, pad(data, self.block))
        mac = CMAC(algorithms.AES(key))
        mac.update(data)
        return mac.finalize()[:MAC_SIZE]


TDES = Suite("3DES", 8, 16, lambda key: TripleDES(key + key[:8]))
AES128 = Suite("AES-128", 16, 16, algorithms.AES)
AES192 = Suite("AES-192", 16, 24, algorithms.AES)
AES256 = Suite("AES-256", 16, 32, algorithms.AES)
SUITES = {1: TDES, 2: AES128, 3: AES192, 4: AES256}
"""By the last number of the object identifiers of PACE and chip authentication."""


def pad(data: bytes, block: int) -> bytes:
    """Return data with a bit set behind it and zeros up to a whole block (ISO/IEC 9797-1, padding method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Return data without that padding.

    :raises ValueError: it has none.
    """
    bare = data.rstrip(b"\0")
    if not bare.endswith(b"\x80"):
        raise ValueError("no padding")
    return bare[:-1]


def _with_parity(key: bytes) -> bytes:
    """Return a DES key whose bytes have odd parity, as the standard's examples have it."""
    return bytes(each & 0xFE | ((each >> 1).bit_count() + 1) % 2 for each in key)


def _retail_mac(key: bytes, data: bytes) -> bytes:
    """Return MAC algorithm 3 of ISO/IEC 9797-1 with DES: one chain, its last block through both keys."""
    first = Cipher(TripleDES(key[:8] * 3), modes.CBC(bytes(8))).encryptor()
    last = first.update(data)[-8:]
    back = Cipher(TripleDES(key[8:] * 3), modes.ECB()).decryptor()
    forth = Cipher(TripleDES(key[:8] * 3), modes.ECB()).encryptor()
    return forth.update(back.update(last))
