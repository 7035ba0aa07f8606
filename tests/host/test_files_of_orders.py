"""Which files an order of a service may hold: what the visit was given, and what the service has made itself."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field

import pytest
from PIL import Image
from support.golden_pages import SIGNATURE

from tramkit import Attachment, Messages, Order, Service, Visit
from tramkit.host.attachment import MAX_OWN_BYTES
from tramkit.host.calls import Calls
from tramkit.host.host import Host
from tramkit.host.peer import MAX_FRAME
from tramkit.station.station_host import NotOfThisVisitError, StationHost
from tramkit.testing.station import station

_ = Messages("tests")
FORM = Attachment.of("form", "text/plain", b"form")
FORM_GIVEN = Attachment.of("page-1", "image/png", b"page").handle()


@dataclass
class Signing(Service):
    """Asks for a signature and offers the station one file after the other."""

    id = "test.signing"
    title = _("Signing")
    taken: list[Attachment] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def serve(self, visit: Visit) -> None:
        host = visit._host  # pyright: ignore[reportPrivateUsage]
        host = getattr(host, "_host", host)  # what sees to it that the service goes on stands between
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
        own = [Attachment.of(f"form-{number}", "text/plain", b"x" * (MAX_OWN_BYTES // 2 + 1)) for number in range(2)]
        with pytest.raises(ValueError, match="more than 5242880 bytes together"):
            await visit.place(Order(service=self.id, payee="", amount=0, title=self.title, attachments=tuple(own)))
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


def test_a_file_that_a_service_made_crosses_to_the_station_whole_and_fits_its_frame() -> None:
    calls = Calls(Host)
    order = Order(service="test.signing", payee="", amount=0, title=_("Signing"), attachments=(FORM, FORM_GIVEN))
    told = json.loads(json.dumps(calls.arguments("place", (order,), {})))
    assert calls.read_arguments("place", told) == {"order": order}
    largest = Attachment.of("form", "text/plain", bytes(range(256)) * (MAX_OWN_BYTES // 256))
    full = calls.arguments("place", (order.model_copy(update={"attachments": (largest,)}),), {})
    assert MAX_OWN_BYTES < len(json.dumps(full)) < MAX_FRAME - 1024 * 1024
