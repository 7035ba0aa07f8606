"""Which files an order of a service may hold: what the visit was given, and what the service has made itself."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from PIL import Image
from support.golden_pages import SIGNATURE
from support.station import station

from tramkit import Attachment, Messages, Service, Visit
from tramkit.station.station_host import NotOfThisVisitError, StationHost

_ = Messages("tests")
FORM = Attachment.of("form", "text/plain", b"form")


@dataclass
class Signing(Service):
    """Asks for a signature and offers the station one file after the other."""

    id = "test.signing"
    title = _("Signing")
    taken: list[Attachment] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def serve(self, visit: Visit) -> None:
        host = visit._host  # pyright: ignore[reportPrivateUsage]
        assert isinstance(host, StationHost)
        signature = await visit.sign(_("Please sign"))
        assert signature.data == b""
        self.taken += [host.file(FORM), host.file(signature)]
        for wrong in (
            FORM.handle(),  # nobody has its data
            FORM.model_copy(update={"data": b"term"}),
            FORM.model_copy(update={"size": 3}),
            Attachment.of(signature.name, "image/png", b"another"),
            signature.model_copy(update={"name": "form"}),
        ):
            try:
                self.taken.append(host.file(wrong))
            except NotOfThisVisitError as error:
                self.refused.append(str(error))
        await visit.done(_("Done"))


async def test_an_order_holds_what_was_given_and_what_the_service_made_but_nothing_put_in_its_place() -> None:
    service = Signing()
    async with station([service]) as site:
        await site.menu()
        site.screen.answer(service.id)
        await site.page("ask")
        site.screen.answer(signature=SIGNATURE)
        await site.page("done")
    form, signature = service.taken
    assert form == FORM
    assert signature.name == "signature"
    assert Image.open(io.BytesIO(signature.data)).format == "PNG"
    assert service.refused == [
        'no file "form" was given in this visit',
        'the data of "form" are not those of its size and SHA-256',
        'the data of "form" are not those of its size and SHA-256',
        'another file "signature" was given in this visit',
        'no file "form" was given in this visit',
    ]
