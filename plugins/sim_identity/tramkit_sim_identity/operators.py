"""The mobile operators the station works with: data of ``operators.toml`` or of another file; their client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from tramkit import Data, DataFile, Fact, Gateway, GatewayError, Messages, Words, verbatim

_ = Messages("tramkit_sim_identity")

BUNDLED = Path(__file__).parent / "operators.toml"
_NUMBERS: TypeAdapter[list[str]] = TypeAdapter(list[Annotated[str, Field(pattern=r"^0[0-9]{9}$")]])


class Operator(Data):
    """A mobile operator.

    :param given_to: what ``prefixes.toml`` calls it.
    :param url: of its gateway.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    name: Words
    given_to: str
    url: str = Field(pattern=r"^https?://[^\s/]+")


class Operators(Data):
    """All operators of a file."""

    operators: tuple[Operator, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Operators:
        if len({each.id for each in self.operators}) != len(self.operators):
            raise ValueError("the same operator stands there twice")
        return self


FILE = DataFile(Operators, BUNDLED)
read_operators, bundled = FILE.read, FILE.bundled


class OperatorGateway:
    """The client of one operator."""

    def __init__(self, operator: Operator) -> None:
        self.gateway = Gateway(operator.url, "the operator", facts=_facts)

    async def numbers_of(self, number: str) -> list[str]:
        """Return the subscriptions in a person's name.

        :param number: personal identity number.
        :raises GatewayError: no answer that can be understood.
        """
        _status, told = await self.gateway.ask("POST", "/subscriptions/search", {"number": number})
        try:
            return _NUMBERS.validate_python(told.get("numbers"))
        except ValidationError:
            raise GatewayError("the operator's answer cannot be understood") from None


def _facts(told: Mapping[str, Any]) -> tuple[Fact, ...]:
    return (Fact(label=_("Confirmation number"), value=verbatim(str(told["reference"]))),)
