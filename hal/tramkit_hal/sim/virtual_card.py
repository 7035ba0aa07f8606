"""A virtual identity card: a chip in memory that answers APDUs as a Vietnamese card does (ICAO 9303 parts 10 and 11).

It has PACE by generic and integrated mapping, Basic Access Control, secure messaging, chip and active authentication
with keys of its own. :mod:`tramkit_hal.sim.vpcd` lays it on a virtual PC/SC reader.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tramkit_hal.card import tlv
from tramkit_hal.card.access import zone_seed
from tramkit_hal.card.chip import APPLICATION, CARD_ACCESS, COM, FILES, TAGS
from tramkit_hal.card.cipher import AES128, TDES, Suite
from tramkit_hal.card.curve import Point, by_number
from tramkit_hal.card.errors import ChipError
from tramkit_hal.card.files import GROUPS, DataGroup
from tramkit_hal.card.pace import BY_CAN, BY_ZONE, password_key, pseudo_random, token
from tramkit_hal.card.security_infos import KNOWN_CARD_ACCESS, PaceInfo, pace_infos
from tramkit_hal.sim.card_session import CardSession, data_of, expected_of

OK, NOT_FOUND, NOT_ALLOWED, WRONG_DATA, WRONG_KEY = 0x9000, 0x6A82, 0x6982, 0x6A80, 0x6300
NO_INSTRUCTION = 0x6D00

CURVE = by_number(13)
assert CURVE is not None
BRAINPOOL = CURVE


@dataclass(frozen=True)
class ChipKeys:
    """The private keys of one chip, on brainpoolP256r1.

    :param chip: for chip authentication.
    :param active: for active authentication.
    """

    chip: int = field(default_factory=BRAINPOOL.secret, repr=False)
    active: int = field(default_factory=BRAINPOOL.secret, repr=False)


@dataclass(frozen=True)
class Profile:
    """How a chip behaves; the default is what readers of real cards report.

    :param card_access: content of EF.CardAccess; empty: it cannot be selected.
    :param pace: it does PACE; else it answers ``6982`` to its first command.
    :param bac: it does Basic Access Control.
    :param master_file: it can select the MF; real ones answer ``6D00``.
    :param piece: most bytes that it gives at once.
    """

    card_access: bytes = KNOWN_CARD_ACCESS
    pace: bool = True
    bac: bool = True
    master_file: bool = False
    chip_authentication: bool = True
    active_authentication: bool = True
    piece: int = 65_536


class VirtualCard:
    """A chip as it lies on a reader.

    :param groups: the files of its application, the security object among them.
    :param can: six digits that open it by PACE.
    :param zone: key of the zone that opens it by BAC.
    :param keys: None: it has no private keys, as a copy of another card's files.
    """

    def __init__(
        self,
        groups: Mapping[DataGroup, bytes],
        can: str,
        zone: str,
        keys: ChipKeys | None,
        profile: Profile | None = None,
    ) -> None:
        self.profile = profile or Profile()
        self._can = can
        self._zone = zone
        self._keys = keys
        self._files = {FILES[group]: data for group, data in groups.items()}
        tags = bytes(TAGS[group] for group in GROUPS if group in groups)
        versions = tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000")
        self._files[COM] = tlv.encode(0x60, versions + tlv.encode(0x5C, tags))
        self.reset()

    def reset(self) -> None:
        """Take the power away and give it again: everything agreed on is forgotten."""
        self._session: CardSession | None = None
        self._next_session: CardSession | None = None
        self._file = b""
        self._selected = False
        self._opened = False
        self._challenge = b""
        self._pace = _Pace()
        self._chip_oid = b""

    # ── APDUs ─────────────────────────────────────────────────────────────────────────────────────────────

    def transmit(self, command: bytes) -> bytes:
        """Return the chip's answer, with its status word."""
        protected = command[0] & 0x0C == 0x0C
        if self._session is None or not protected:
            self._session = None  # a command in clear ends a session
            if protected:
                return (0x6988).to_bytes(2, "big")
            data, status = self._answer(command)
            self._switch()
            return data + status.to_bytes(2, "big")
        try:
            clear = self._session.open(command)
        except (ChipError, ValueError):
            clear = None
        if clear is None:
            self._session, self._opened = None, False
            return (0x6988).to_bytes(2, "big")
        data, status = self._answer(clear)
        answer = self._session.close(command, data, status)
        self._switch()
        return answer

    def _switch(self) -> None:
        """Begin the session that the last command agreed on; its own answer still belonged to the old one."""
        if self._next_session is not None:
            self._session, self._next_session, self._opened = self._next_session, None, True

    def _answer(self, command: bytes) -> tuple[bytes, int]:
        data, expected = data_of(command), expected_of(command)
        match command[1], command[2], command[3]:
            case 0xA4, 0x04, _:
                return self._select_application(data)
            case 0xA4, 0x02, _:
                return self._select_file(data)
            case 0xA4, 0x00, _:
                return b"", OK if self.profile.master_file else NO_INSTRUCTION
            case 0xB0 | 0xB1, _, _:
                return self._read(command, data, expected)
            case 0x22, 0xC1, 0xA4:
                return self._begin_pace(data)
            case 0x22, 0x41, 0xA4 | 0xA6:
                return self._begin_chip_authentication(command[3], data)
            case 0x86, _, _:
                return self._general_authenticate(data)
            case 0x84, _, _:
                return self._get_challenge()
            case 0x82, _, _:
                return self._external_authenticate(data)
            case 0x88, _, _:
                return self._internal_authenticate(data)
            case _:
                return b"", NO_INSTRUCTION

    # ── files ─────────────────────────────────────────────────────────────────────────────────────────────

    def _select_application(self, data: bytes) -> tuple[bytes, int]:
        self._selected, self._file = data == APPLICATION, b""
        return b"", OK if self._selected else NOT_FOUND

    def _select_file(self, data: bytes) -> tuple[bytes, int]:
        file = int.from_bytes(data, "big")
        self._file = b""
        if file == CARD_ACCESS:
            self._file = self.profile.card_access
            return b"", OK if self._file else NOT_FOUND
        if not self._opened or not self._selected:
            return b"", NOT_ALLOWED
        self._file = self._files.get(file, b"")
        return b"", OK if self._file else NOT_FOUND

    def _read(self, command: bytes, data: bytes, expected: int) -> tuple[bytes, int]:
        if not self._file:
            return b"", 0x6986
        odd = command[1] == 0xB1
        if odd:
            at, expected = int.from_bytes(tlv.only(data, 0x54), "big"), max(1, expected - 4)
        else:
            at = command[2] << 8 | command[3]
        if at >= len(self._file):
            return b"", 0x6B00
        piece = self._file[at : at + min(expected, self.profile.piece)]
        return tlv.encode(0x53, piece) if odd else piece, OK

    # ── PACE ──────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_pace(self, data: bytes) -> tuple[bytes, int]:
        oid, kind = tlv.find(data, 0x80), tlv.find(data, 0x83)
        info = next((each for each in self._pace_infos() if each.oid == oid), None)
        if not self.profile.pace:
            return b"", NOT_ALLOWED
        if info is None or kind not in (b"\x01", b"\x02"):
            return b"", WRONG_DATA
        self._pace = _Pace(info, kind[0], self._can if kind[0] == BY_CAN else self._zone)
        return b"", OK

    def _pace_infos(self) -> list[PaceInfo]:
        """Return what it does, whatever nonsense its file says."""
        try:
            return pace_infos(self.profile.card_access) or pace_infos(KNOWN_CARD_ACCESS)
        except ChipError:
            return pace_infos(KNOWN_CARD_ACCESS)

    def _general_authenticate(self, data: bytes) -> tuple[bytes, int]:
        try:
            inside = tlv.only(data, 0x7C)
            if self._chip_oid:
                return self._chip_authentication(tlv.only(inside, 0x80))
            answer, secret = self._pace.step(inside)
        except (ChipError, ValueError):
            self._pace = _Pace()
            return b"", WRONG_KEY
        if secret is not None and self._pace.info is not None:
            self._next_session = CardSession(self._pace.info.suite, secret)
            self._pace = _Pace()
        return tlv.encode(0x7C, answer), OK

    # ── BAC ───────────────────────────────────────────────────────────────────────────────────────────────

    def _get_challenge(self) -> tuple[bytes, int]:
        if not self.profile.bac or not self._selected:
            return b"", NOT_ALLOWED
        self._challenge = secrets.token_bytes(8)
        return self._challenge, OK

    def _external_authenticate(self, data: bytes) -> tuple[bytes, int]:
        challenge, self._challenge = self._challenge, b""
        if not challenge or len(data) != 40:
            return b"", 0x6985
        seed = zone_seed(self._zone)
        encrypt_key, mac_key = TDES.derive(seed, 1), TDES.derive(seed, 2)
        theirs = TDES.decrypt(encrypt_key, data[:32])
        if TDES.mac(mac_key, data[:32]) != data[32:] or theirs[8:16] != challenge:
            return b"", WRONG_KEY
        part = secrets.token_bytes(16)
        hidden = TDES.encrypt(encrypt_key, challenge + theirs[:8] + part)
        secret = bytes(one ^ other for one, other in zip(theirs[16:], part, strict=True))
        counter = int.from_bytes(challenge[4:] + theirs[4:8], "big")
        self._next_session = CardSession(TDES, secret, counter)
        return hidden + TDES.mac(mac_key, hidden), OK

    # ── no copy ───────────────────────────────────────────────────────────────────────────────────────────

    def _begin_chip_authentication(self, template: int, data: bytes) -> tuple[bytes, int]:
        if self._session is None or not self.profile.chip_authentication:
            return b"", WRONG_DATA
        if template == 0xA6:
            return self._chip_authentication(tlv.find(data, 0x91) or b"", TDES)
        self._chip_oid = tlv.find(data, 0x80) or b""
        return b"", OK if self._chip_oid else WRONG_DATA

    def _chip_authentication(self, key: bytes, suite: Suite = AES128) -> tuple[bytes, int]:
        if self._chip_oid and self._chip_oid[-1] == 1:
            suite = TDES
        self._chip_oid = b""
        secret = self._keys.chip if self._keys else BRAINPOOL.secret()  # a copy can only guess
        shared = BRAINPOOL.agree(secret, BRAINPOOL.decode(key))
        self._next_session = CardSession(suite, shared)
        return tlv.encode(0x7C, b""), OK

    def _internal_authenticate(self, data: bytes) -> tuple[bytes, int]:
        if self._session is None or not self.profile.active_authentication or len(data) != 8:
            return b"", NO_INSTRUCTION
        number = self._keys.active if self._keys else BRAINPOOL.secret()
        key = ec.derive_private_key(number, BRAINPOOL.openssl)
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big"), OK


class _Pace:
    """What a chip knows in the middle of PACE.

    :param info: None: it has not begun.
    """

    def __init__(self, info: PaceInfo | None = None, kind: int = BY_ZONE, password: str = "") -> None:
        self.info = info
        self._kind = kind
        self._password = password
        self._nonce = b""
        self._base: Point | None = None
        self._own = 0
        self._ours: Point | None = None
        self._theirs: Point | None = None

    def step(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return the answer to a step and, after the last, the shared secret.

        :raises ValueError: a step out of order, or the other side does not know the password.
        """
        if self.info is None:
            raise ValueError("not begun")
        if not data:
            self._nonce = secrets.token_bytes(16)
            key = password_key(self.info.suite, self._password, self._kind)
            return tlv.encode(0x80, self.info.suite.encrypt(key, self._nonce)), None
        ((tag, content),) = tlv.values(data)
        curve = self.info.curve
        if tag == 0x81 and self._nonce:
            if self.info.integrated:
                number = pseudo_random(self.info.suite, curve, self._nonce, content)
                self._base = curve.map_integrated(number)
                return tlv.encode(0x82, b""), None
            own = curve.secret()
            shared = curve.multiply(own, curve.decode(content))
            self._base = curve.map_generic(self._nonce, shared)
            return tlv.encode(0x82, curve.encode(curve.multiply(own, curve.generator))), None
        if tag == 0x83 and self._base:
            self._theirs, self._own = curve.decode(content), curve.secret()
            self._ours = curve.multiply(self._own, self._base)
            return tlv.encode(0x84, curve.encode(self._ours)), None
        if tag == 0x85 and self._theirs and self._ours:
            shared_secret = curve.agree(self._own, self._theirs)
            mac_key = self.info.suite.derive(shared_secret, 2)
            if token(self.info, mac_key, self._ours) != content:
                raise ValueError("the other side does not know the password")
            return tlv.encode(0x86, token(self.info, mac_key, self._theirs)), shared_secret
        raise ValueError("a step out of order")
