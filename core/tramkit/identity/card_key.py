"""What opens the chip of the resident's card, where the reader cannot find it out: the printed code, or the number."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from tramkit import forms
from tramkit.asking.idle import Idle
from tramkit.capture import scanning
from tramkit.conversation.codes import scan, scanner_works
from tramkit.conversation.station_visit import StationVisit
from tramkit.forms import Form
from tramkit_hal.card.access import from_qr, zone_keys
from tramkit_hal.card.qr import CardQr, CardQrError
from tramkit_hal.card.qr import parse as parse_qr
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Ask, Capture, Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

NUMBER, CAMERA = "number", "camera"
"""What a resident can choose in place of the scanner: to type the number, to show the code to the camera."""

NO_CARD_CODE = _("That code is not the code of an identity card. Please try again.")
TWO_CARDS = _("The chip and the number are those of two different people. Please use one card only.")


class CardNumber(Form):
    """The number on the card, whose last six digits open its chip."""

    number: Annotated[str, forms.citizen_id(_("Identity number"), hint=_("12 digits on the front of the card"))]


class CardKey:
    """What opens the chip of one resident's card; it lives no longer than the step that reads it.

    :ivar number: whose chip it must be; empty: nobody has said.
    :ivar text: for :meth:`IdReader.read`; empty: the reader finds it out.
    """

    def __init__(self, visit: StationVisit) -> None:
        self._visit = visit
        self.number = ""
        self.text = ""
        person = visit.person
        if person is not None and person.number and self.is_needed():
            self._take(person.number)
            self.text = " ".join([self.text, *zone_keys(person.number, person.born, person.issued)])

    def forget(self) -> None:
        """Forget it: it did not open the chip, or another person's."""
        self.number = self.text = ""

    async def ask(self, key: str, trouble: tuple[Text, ...], others: tuple[Option, ...]) -> str | None:
        """Ask for it where it is needed and not known; return the other way that the resident takes, None: it is known.

        :param key: of the page.
        :param trouble: what went wrong before.
        """
        while self.is_needed() and not self.text:
            page = Capture(
                id=f"{key}-code",
                source="code",
                title=self._title(),
                body=(*trouble, _("It opens the chip of your card. The card is read only after that.")),
                options=(*self._options(), *others),
            )
            sources = [partial(self._visit.while_there, Role.CODE_SCANNER, CodeScanner, scan)]
            try:
                found = await self._visit.page_or_device(page, sources)
            except DeviceError:  # unreadable: it is held there again
                trouble = (NO_CARD_CODE,)
                continue
            if isinstance(found, Answered):
                if found.choice == NUMBER:
                    await self._by_number(key)
                elif found.choice == CAMERA:
                    trouble = await self._by_camera(key)
                else:
                    return found.choice
                continue
            trouble = self._by_code(found)
        return None

    def is_needed(self) -> bool:
        """Tell whether the reader cannot open a chip without it."""
        readers = self._visit.devices.usable(Role.ID_READER, IdReader)
        return bool(readers) and not readers[0].capabilities.optical

    def _title(self) -> Text:
        if scanner_works(self._visit.devices):
            return _("Please hold the QR code of your identity card in front of the scanner")
        return _("Please show the QR code of your identity card, or type its number")

    def _options(self) -> tuple[Option, ...]:
        typed = Option(value=NUMBER, label=_("Type the identity number instead"))
        if not scanning.camera_reads(self._visit.devices):
            return (typed,)
        return Option(value=CAMERA, label=_("Show the QR code of the card to the camera")), typed

    def _by_code(self, text: str) -> tuple[Text, ...]:
        try:
            code: CardQr = parse_qr(text)
        except CardQrError:
            return (NO_CARD_CODE,)
        self._take(code.number)
        self.text = from_qr(code)
        return ()

    async def _by_camera(self, key: str) -> tuple[Text, ...]:
        try:
            text = await scanning.show_to_camera(
                self._visit,
                f"{key}-code-camera",
                _("Show the QR code of your card to the camera"),
                (_("Hold the card still, so that the whole code is in the picture. No picture is kept."),),
                Option(value="other", label=_("Do it another way")),
            )
        except DeviceError:
            return (scanning.NO_CAMERA,)
        return () if text is None else self._by_code(text)

    async def _by_number(self, key: str) -> None:
        values: dict[str, str] = {}
        errors: dict[str, Text] = {}
        attempts = 0
        back = Option(value="other", label=_("Do it another way"))
        while True:
            page = Ask(
                id=f"{key}-number",
                title=_("What is the number of your identity card?"),
                fields=CardNumber.views(values, errors, {}),
                options=(back,),
                attempts=attempts,
            )
            answered = await self._visit.exchange(page, Idle.QUESTION)
            if answered.choice == back.value:
                return
            values = dict(answered.values)
            found, errors = CardNumber.read(values)
            if found is not None:
                self._take(found.number)
                return
            attempts += 1

    def _take(self, number: str) -> None:
        self.number = self.text = number
