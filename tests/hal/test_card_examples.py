"""The worked examples of ICAO 9303 part 11, value by value, and exchanges that other open readers have published.

BAC, its secure messaging and its check digits: appendix D. PACE with generic mapping: appendix G.1; with integrated
mapping: appendix H.1. The standard has no worked example of chip authentication and active authentication; those here
were published with the open reader gmrtd (https://github.com/gmrtd/gmrtd).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tramkit_hal.card import active_authentication, chip_authentication
from tramkit_hal.card.access import zone_seed
from tramkit_hal.card.apdu import Command, split
from tramkit_hal.card.bac import open_by_bac
from tramkit_hal.card.chip_authentication import authenticate_chip
from tramkit_hal.card.cipher import AES128, TDES
from tramkit_hal.card.curve import CURVES, Curve, by_number
from tramkit_hal.card.errors import AccessRefusedError, ChipProtocolError
from tramkit_hal.card.files import ActiveAuthenticationProof
from tramkit_hal.card.mrz import check_digit
from tramkit_hal.card.pace import BY_CAN, BY_ZONE, open_by_pace, password_key, pseudo_random
from tramkit_hal.card.secure_messaging import Channel, SecureMessaging
from tramkit_hal.card.security_infos import KNOWN_CARD_ACCESS, chip_keys, pace_infos

h = bytes.fromhex

BRAINPOOL = by_number(13)
assert BRAINPOOL is not None


class Script:
    """A chip that says what a published exchange says, and nothing where another command comes."""

    def __init__(self, *exchanges: tuple[str, str]) -> None:
        self._exchanges = [(h(command), h(answer)) for command, answer in exchanges]

    def transmit(self, command: bytes) -> bytes:
        expected, answer = self._exchanges.pop(0)
        assert command.hex() == expected.hex()
        return answer

    def is_over(self) -> bool:
        return not self._exchanges


def numbers(*values: str) -> Iterator[int]:
    return iter([int(value, 16) for value in values])


# ── check digits, Basic Access Control (appendix D) ──


@pytest.mark.parametrize(
    ("text", "digit"),
    [("D23145890734", "9"), ("340712", "7"), ("950712", "2"), ("L898902C<", "3"), ("690806", "1"), ("940623", "6")],
)
def test_check_digits_are_those_of_the_standard(text: str, digit: str) -> None:
    assert check_digit(text) == digit


ZONE = "L898902C<369080619406236"
SESSION_KEYS = (h("979ec13b1cbfe9dcd01ab0fed307eae5"), h("f1cb1f1fb5adf208806b89dc579dc1f8"))


def test_the_zone_gives_the_keys_of_the_standard() -> None:
    seed = zone_seed(ZONE)
    assert seed == h("239ab9cb282daf66231dc5a4df6bfbae")
    assert TDES.derive(seed, 1) == h("ab94fdecf2674fdfb9b391f85d7f76f2")
    assert TDES.derive(seed, 2) == h("7962d9ece03d1acd4c76089dce131543")


def test_bac_is_the_exchange_of_the_standard_to_the_byte() -> None:
    script = Script(
        ("0084000008", "4608f919887022129000"),
        (
            "008200002872c29c2371cc9bdb65b779b8e8d37b29ecc154aa56a8799fae2f498f76ed92f25f1448eea8ad90a728",
            "46b9342a41396cd7386bf5803104d7cedc122b9132139baf2eedc94ee178534f2f2d235d074d74499000",
        ),
    )
    random = iter([h("781723860c06c226"), h("0b795240cb7049b01c19b33e32804f0b")])
    channel = Channel(script)
    open_by_bac(channel, ZONE, lambda _size: next(random))
    assert script.is_over()
    assert channel.session is not None
    assert (channel.session._encrypt_key, channel.session._mac_key) == SESSION_KEYS
    assert channel.session.counter == 0x887022120C06C226


def test_bac_with_the_zone_of_another_card_is_refused() -> None:
    answer = "46b9342a41396cd7386bf5803104d7cedc122b9132139baf2eedc94ee178534f2f2d235d074d74489000"
    random = iter([h("781723860c06c226"), h("0b795240cb7049b01c19b33e32804f0b")])

    class Wrong:
        def transmit(self, command: bytes) -> bytes:
            return h("4608f919887022129000") if command[1] == 0x84 else h(answer)

    with pytest.raises(AccessRefusedError):
        open_by_bac(Channel(Wrong()), ZONE, lambda _size: next(random))


def test_secure_messaging_with_3des_is_the_exchange_of_the_standard() -> None:
    script = Script(
        ("0ca4020c158709016375432908c044f68e08bf8b92d635ff24f800", "990290008e08fa855a5d4c50a8ed9000"),
        (
            "0cb000000d9701048e08ed6705417e96ba5500",
            "8709019ff0ec34f9922651990290008e08ad55cc17140b2ded9000",
        ),
        (
            "0cb000040d9701128e082ea28a70f3c7b53500",
            "871901fb9235f4e4037f2327dcc8964f1f9b8c30f42c8e2fff224a990290008e08c8b2787eaea07d749000",
        ),
    )
    channel = Channel(script)
    channel.session = SecureMessaging(TDES, *SESSION_KEYS, 0x887022120C06C226)
    assert channel.must(Command(0xA4, 0x02, 0x0C, h("011e")), "select") == b""
    assert channel.must(Command(0xB0, expected=4), "read") == h("60145f01")
    assert channel.must(Command(0xB0, 0, 4, expected=18), "read") == h("04303130365f36063034303030305c026175")
    assert script.is_over()


@pytest.mark.parametrize("place", range(14))
@pytest.mark.shows("ASVS V11", "EN 5.5")
def test_a_flipped_bit_of_a_protected_answer_is_seen(place: int) -> None:
    answer = bytearray(h("990290008e08fa855a5d4c50a8ed9000"))
    answer[place] ^= 1
    session = SecureMessaging(TDES, *SESSION_KEYS, 0x887022120C06C227)
    with pytest.raises(ChipProtocolError):
        session.unwrap(split(bytes(answer)))


# ── PACE (appendices G and H) ──

PACE_ZONE = "T22000129364081251010318"


def test_pace_with_generic_mapping_is_the_exchange_of_the_standard_to_the_byte() -> None:
    (info,) = pace_infos(h("31143012060a04007f0007020204020202010202010d"))
    assert password_key(AES128, PACE_ZONE, BY_ZONE) == h("89ded1b26624ec1e634c1989302849dd")
    script = Script(
        ("0022c1a40f800a04007f00070202040202830101", "9000"),
        ("10860000027c0000", "7c12801095a3a016522ee98d01e76cb6b98b42c39000"),
        (
            "10860000457c438141047acf3efc982ec45565a4b155129efbc74650dcbfa6362d896fc70262e0c2cc5e"
            "544552dcb6725218799115b55c9baa6d9f6bc3a9618e70c25af71777a9c4922d00",
            "7c43824104824fba91c9cbe26bef53a0ebe7342a3bf178cea9f45de0b70aa601651fba3f57"
            "30d8c879aaa9c9f73991e61b58f4d52eb87a0a0c709a49dc63719363ccd13c549000",
        ),
        (
            "10860000457c438341042db7a64c0355044ec9df190514c625cba2cea48754887122f3a5ef0d5edd301c"
            "3556f3b3b186df10b857b58f6a7eb80f20ba5dc7be1d43d9bf850149fbb3646200",
            "7c438441049e880f842905b8b3181f7af7caa9f0efb743847f44a306d2d28c1d9ec65df6db"
            "7764b22277a2eddc3c265a9f018f9cb852e111b768b326904b59a0193776f0949000",
        ),
        ("008600000c7c0a8508c2b0bd78d94ba86600", "7c0a86083abb9674bce93c089000"),
    )
    secret = numbers(
        "7f4ef07b9ea82fd78ad689b38d0bc78cf21f249d953bc46f4c6e19259c010f99",
        "a73fb703ac1436a18e0cfa5abb3f7bec7a070e7a6788486bee230c4a22762595",
    )
    channel = Channel(script)
    open_by_pace(channel, info, PACE_ZONE, BY_ZONE, secret=lambda _curve: next(secret))
    assert script.is_over()
    assert channel.session is not None
    assert channel.session._encrypt_key == h("f5f0e35c0d7161ee6724ee513a0d9a7f")
    assert channel.session._mac_key == h("fe251c7858b356b24514b3bd5f4297d1")
    assert channel.session.counter == 0


def test_pace_with_integrated_mapping_is_the_exchange_of_the_standard_to_the_byte() -> None:
    (info,) = pace_infos(h("31143012060a04007f0007020204040202010202010d"))
    assert info.integrated
    assert password_key(AES128, "123456", BY_CAN) == h("591468cda83d65219cccb8560233600f")
    assert BRAINPOOL is not None
    number = pseudo_random(
        AES128, BRAINPOOL, h("2923be84e16cd6ae529049f1f1bbe9eb"), h("5dd4cbfc96f5453b130d890a1cdbae32")
    )
    point = BRAINPOOL.map_integrated(number)
    assert point[0] == 0x8E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427
    assert BRAINPOOL.has(point)
    script = Script(
        ("0022c1a40f800a04007f00070202040402830102", "9000"),
        ("10860000027c0000", "7c128010143dc40c08c8e891fbed7dedb92b64ad9000"),
        ("10860000147c1281105dd4cbfc96f5453b130d890a1cdbae3200", "9000"),
        (
            "10860000457c4383410489cba23ffe96aa18d824627c3e934e54a9fd0b87a95d1471dc1c0abfdcd640d4"
            "6755de9b7b778280b6bebd57439adfeb0e21fd4ed6df42578c13418a59b34c3700",
            "7c4384410467f78e5f7f7686082b293e8d087e056916d0f74bc01a5f8957d0de45691e51e8"
            "932b69a962b52a0985ad2c0a271ee6a13a8adddcd1a3a994b9ded257f4d227539000",
        ),
        ("008600000c7c0a8508450f02b86f6a090900", "7c0a860875d4d96e8d5b03089000"),
    )
    secret = numbers("a73fb703ac1436a18e0cfa5abb3f7bec7a070e7a6788486bee230c4a22762595")
    channel = Channel(script)
    open_by_pace(
        channel,
        info,
        "123456",
        BY_CAN,
        secret=lambda _curve: next(secret),
        random=lambda _size: h("5dd4cbfc96f5453b130d890a1cdbae32"),
    )
    assert script.is_over()
    assert channel.session is not None
    assert channel.session._encrypt_key == h("0d3feb33251a6370893d62ae8daaf51b")
    assert channel.session._mac_key == h("b01e89e3d9e8719e586b50b4a7506e0b")


def test_the_content_of_vietnamese_cards_offers_pace_on_brainpool() -> None:
    (info,) = pace_infos(KNOWN_CARD_ACCESS)
    assert (info.suite, info.curve, info.integrated) == (AES128, BRAINPOOL, False)


# ── curves ──


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_multiplication_is_repeated_addition_on_every_curve(curve: Curve) -> None:
    assert curve.has(curve.generator)
    point = curve.multiply(curve.secret(), curve.generator)
    total = point
    for times in range(2, 9):
        total = curve.add(total, point)
        assert curve.multiply(times, point) == total
        assert curve.has(total)
    with pytest.raises(ChipProtocolError):
        curve.add(point, (point[0], curve.p - point[1]))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.shows("ASVS V11")
def test_a_point_beside_the_curve_is_refused(curve: Curve) -> None:
    x, y = curve.generator
    for wrong in ((x, y + 1), (x + 1, y), (0, 0)):
        with pytest.raises(ChipProtocolError):
            curve.decode(curve.encode(wrong))
        with pytest.raises(ChipProtocolError):
            curve.agree(curve.secret(), wrong)
    with pytest.raises(ChipProtocolError):
        curve.decode(b"\x02" + curve.encode(curve.generator)[1:])


# ── chip authentication, active authentication ──

AT_DG14 = bytes.fromhex(
    "6e82017e3182017a300d060804007f0007020202020101300f060a04007f000702020302020201013012060a04007f000702"
    "0204020202010202010d30820142060904007f000702020102308201333081ec06072a8648ce3d02013081e0020101302c06"
    "072a8648ce3d0101022100a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377304404207d5a09"
    "75fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9042026dc5c6ce94a4b44f330b5d9bbd77cbf958416"
    "295cf7e1ce6bccdc18ff8c07b60441048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547e"
    "f835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997022100a9fb57dba1eea9bc3e660a909d838d718c"
    "397aa3b561a6f7901e0e82974856a7020101034200041983917269ac877c0b61544c2c022000d2a5aba723e2d80141e648b4"
    "0911dc3459761f27480e4b57181a53d8fe1190ea86c939ac14363178caffc621f0f905c3"
)

MY_DG14 = bytes.fromhex(
    "6e82016a3182016630820142060904007f000702020102308201333081ec06072a8648ce3d02013081e0020101302c06072a"
    "8648ce3d0101022100a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377304404207d5a0975fc"
    "2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9042026dc5c6ce94a4b44f330b5d9bbd77cbf958416295c"
    "f7e1ce6bccdc18ff8c07b60441048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547ef835"
    "c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997022100a9fb57dba1eea9bc3e660a909d838d718c397a"
    "a3b561a6f7901e0e82974856a702010103420004a04f85afdfc316fb5e9f33f94ca45837d20d9d91ad5002307c3f124b6ef5"
    "b92565d018a6b7f69db73976bfbb4278757405c64e96104d161649e8a94078eaefce300f060a04007f000702020302010201"
    "01300d060804007f0007020202020101"
)

AA_DG15 = bytes.fromhex(
    "6f8201023081ff300d06092a864886f70d01010105000381ed003081e90281e100bb8f93f4dc95e205cda17c6927ab1e365b"
    "13065d03cd12e0fce95d96840529453202f56cc4c13f77cd062930c8bc89a2873b257045c286e601cf3c09323a5310331490"
    "2804aa10a314628ce222206a8866946a36b442041bb54ac81e6855dd1d6e16101833d65a191c20ac8b33b8a1a32920f46043"
    "f8031cf2bc17417030865fc5be5a39dee423bcba3ca8177168eb23cfe01ba43ec87711b1cfff85db46f300dd8ae317b50d54"
    "3b573e119e23af7070d0b2fed6a3b2313a5ec02a531aaed1741f4390d1013e2a0f081eac5dc8b0a1b2c6bdb1206f08d30e36"
    "43e1e5bdf536110203010001"
)


def test_chip_authentication_with_aes_is_the_published_exchange() -> None:
    script = Script(
        (
            "0c2241a41d8711015d8f69b1ea365cce4304970db12421f38e085340d338128085e700",
            "990290008e083f5136e82a6c34779000",
        ),
        (
            "0c860000608751019e18f1ba79d805379752bb560eb70aac3ce3bc5afe2fdd4aeb325ca8b578b4a93b9f66a5df40005f8e"
            "878535251d33dd974aaf77fb858773e5799fa9dc1034e89b1150ec7f0bb3db4bf37a1b9ea4458a9701008e089d204d950c0b95db00",
            "8711010b0a5dffc7432de4deb604291377a05b990290008e08b3384a1f5d1579739000",
        ),
        ("0ca4020c1d8711011b2ee500e84960df7f37afe7adff53838e084500f3b43e192a5700", "990290008e0803c4b125b4218cef9000"),
    )
    channel = Channel(script)
    before = h("524170de3419b7af2f23e45ad6ef9595"), h("97893f5fdc29a5c13a924fe7d8ed44fd")
    channel.session = SecureMessaging(AES128, *before, 0xF0)
    (key,) = chip_keys(AT_DG14)
    secret = numbers("80ebafc8a51becd4d90bb640ee38c9fd5c12748d28aaa37096b98c4533c4f5f5")
    select = Command(0xA4, 0x02, 0x0C, h("010e"))
    proof = authenticate_chip(channel, key, select, lambda _curve: next(secret))
    assert script.is_over()
    assert channel.session._encrypt_key == h("c8e27260efd3f318d18c080cbf11c7e6")
    assert channel.session._mac_key == h("a942190365204a21409eb28b52bf9160")
    assert chip_authentication.holds(AT_DG14, proof)
    assert not chip_authentication.holds(MY_DG14, proof)


def test_chip_authentication_with_3des_is_the_published_exchange() -> None:
    script = Script(
        (
            "0c2241a41d8711019d1e70c6f5ee06a7ca1e98fbf5c945c98e087ac379dc78702e6300",
            "990290008e08643c2c3ac66585e49000",
        ),
        (
            "0c86000058874901a9c6bf370c62aa43ca1ec9b97071727654822361deb8ba4e5719aa05d8e86aa36164dfa5e506dbf60d"
            "c7418858179fd25dac5e9e49393dde37e29652444941b562142ab5f19aea919701008e085083316637060c4d00",
            "87090108166157b375bc1e990290008e08ff8a254c50179f519000",
        ),
        ("0ca4020c1587090106904d37288d69488e08a13b74e87b87e44600", "990290008e08c2bf01fddd1d599d9000"),
    )
    channel = Channel(script)
    before = h("896de34a942c7076fec207207acb79c2"), h("d6c47ff4677ac8ae91cb49f4ce673432")
    channel.session = SecureMessaging(TDES, *before, 0x9646C154BFB7BE79)
    (key,) = chip_keys(MY_DG14)
    secret = numbers("3a31f4e18418312fcb40f3efbe719182c046a9719e1ed8c376197aa9e8ed7465")
    select = Command(0xA4, 0x02, 0x0C, h("010e"))
    proof = authenticate_chip(channel, key, select, lambda _curve: next(secret))
    assert script.is_over()
    assert channel.session._encrypt_key == h("75b95468910849cdf1a1a2ae5452ce9b")
    assert channel.session._mac_key == h("cd0bef85d5a82a7ae0fbc12368a41fef")
    assert chip_authentication.holds(MY_DG14, proof)


SIGNATURE = h(
    "474256306840c0ab1b63c10e1c26bdfef4a0dd843920283cc4e6e70a60f2bd25dc7725f9677bc1cde66379dc28b38e84"
    "90f33afb2d10f9980c44c0bfc175d2b6684218f535c92fdd3e18db770a9ccbf91db3c7f0138e6d9e94b9bc8371761e3a"
    "bed5e5e9b260279cfb238b58ae0d6a01da51c74c2a3ecd62c448bd9f20127f7384587287fa971204234e55b1a856c3e5"
    "aaaa620bb799a68fbae08ee132bb61683eba9b0b40dc1e54641cad975b16991cab50af82e3f3985afd19e7427a125f5b"
    "4b9878b12a5d2e01c7eedca3bb41c6fc05dccd818bce379d04b1f2f5d43487d3"
)


def test_active_authentication_with_rsa_is_the_published_signature() -> None:
    proof = ActiveAuthenticationProof(h("96302b0f3d7e7864"), SIGNATURE)
    assert active_authentication.holds(AA_DG15, b"", proof)
    assert not active_authentication.holds(AA_DG15, b"", ActiveAuthenticationProof(h("96302b0f3d7e7865"), SIGNATURE))
    for place in range(0, len(SIGNATURE), 13):
        other = bytearray(SIGNATURE)
        other[place] ^= 0x10
        assert not active_authentication.holds(
            AA_DG15, b"", ActiveAuthenticationProof(h("96302b0f3d7e7864"), bytes(other))
        )
