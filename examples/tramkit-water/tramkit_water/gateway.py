"""The client of the waterworks' system."""

from __future__ import annotations

from pydantic import Field, ValidationError

from tramkit import Data, Gateway, GatewayError


class Bill(Data):
    """What a customer owes.

    :param amount: VND.
    :param due: day until which it is to be paid, ISO 8601.
    """

    customer: str = Field(max_length=40)
    month: str = Field(max_length=7)
    amount: int = Field(gt=0, strict=True)
    due: str = Field(default="", max_length=10)


class Waterworks(Gateway):
    """The waterworks over HTTP; applications are bills that are paid and leaks that are reported.

    :param url: of the system.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, "the waterworks")

    async def bill(self, customer: str) -> Bill | None:
        """Return a customer's bill; None: there is no such customer.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self.ask("GET", f"/bills/{customer}")
        if status == 404:
            return None
        try:
            return Bill.model_validate(told)
        except ValidationError:
            raise GatewayError("the waterworks answer what cannot be understood") from None
