"""A plugin of ten lines: a resident asks a price and orders for it."""

from typing import Annotated

from tramkit import Fact, Form, Gateway, GatewayError, Messages, Order, Service, forms, hookimpl, verbatim

_ = Messages("tests")


class Wish(Form):
    """How much of it."""

    who: Annotated[str, forms.name(_("Your name"))]
    litres: Annotated[int, forms.money(_("Litres"), least=1, most=999)]


class Water(Service):
    """Water by the litre."""

    id, title = "ten_lines.water", _("Water")

    def __init__(self, url: str) -> None:
        self.gateway = Gateway(url, "the waterworks")

    async def serve(self, visit):
        wish = await visit.ask(Wish, _("How much water?"), name="wish")
        try:
            _status, told = await visit.fetch(self.gateway.ask, "GET", "/price")
        except GatewayError:
            return await visit.tell(_("The waterworks do not answer now"))
        facts = (Fact(label=_("For"), value=verbatim(wish.who)),)
        amount = told["price"] * wish.litres
        await visit.place(Order(service=self.id, payee="Cấp nước", amount=amount, title=_("Water"), facts=facts))

    async def fulfil(self, order, key):
        return await self.gateway.submit(key, {})

    async def inquire(self, order, key):
        return await self.gateway.status(key)


@hookimpl
def tramkit_services(settings, context):
    """Return the service."""
    return [Water(settings["url"])]
