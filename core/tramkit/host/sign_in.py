"""The contract of a way to sign in: how a resident says who they are without a card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from pydantic import Field

from tramkit.host.person import Level, Person
from tramkit.host.service_state import ServiceState
from tramkit_hal import TramkitError
from tramkit_hal.data import Data
from tramkit_hal.words import Text


class SignIn(Data):
    """What the resident is to do on their own phone.

    :param code: content of the QR code to scan.
    :param address: where the same can be done by typing; empty: nowhere.
    :param spoken: what is to be typed or compared there; empty: nothing.
    :param seconds: how long it is good for.
    :param handle: what the method knows it by; never shown, never logged.
    """

    code: str
    address: str = ""
    spoken: str = ""
    seconds: float = Field(gt=0)
    handle: str = Field(repr=False)


class NotSignedInError(TramkitError):
    """A sign-in that came to nothing: refused, expired, of an account that is not enough, or nobody answers.

    :param reason: for the resident, with what to do.
    """

    def __init__(self, reason: Text) -> None:
        super().__init__("not signed in")
        self.reason = reason


class SignInDescriptor(Data):
    """A way to sign in as the station knows it.

    :param id: ``plugin.name``.
    :param level: how surely it tells who the resident is.
    """

    id: str
    title: Text
    hint: Text | None = None
    level: Level


class SignInPort(Protocol):
    """A way to sign in as the station calls it, wherever it runs; see :class:`IdentityMethod`."""

    id: str
    title: Text
    hint: Text | None
    level: Level

    def availability(self) -> ServiceState: ...
    async def begin(self) -> SignIn: ...
    async def wait(self, sign_in: SignIn) -> Person: ...


class IdentityMethod(ABC):
    """A way to sign in. It keeps nothing of a resident in ``self``: the same object serves every visit.

    :cvar id: ``plugin.name``.
    :cvar title: what the resident chooses.
    :cvar level: how surely it tells who the resident is; a person that it returns has this level.
    """

    id: ClassVar[str]
    title: ClassVar[Text]
    hint: ClassVar[Text | None] = None
    level: ClassVar[Level] = Level.VNEID

    def availability(self) -> ServiceState:
        """Return whether it can be used now; called often, must not block."""
        return ServiceState()

    @abstractmethod
    async def begin(self) -> SignIn:
        """Ask the provider for a sign-in.

        :raises NotSignedInError: the provider does not answer.
        """

    @abstractmethod
    async def wait(self, sign_in: SignIn) -> Person:
        """Wait until the resident has approved it, and return who the provider says they are.

        Cancelled when the resident leaves or chooses another way.

        :raises NotSignedInError: refused, expired, not enough, or what came back cannot be believed.
        """
