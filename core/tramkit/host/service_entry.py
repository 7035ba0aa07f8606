"""What ``plugin.toml`` says of a service: the one place where it is declared, read without importing the plugin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tramkit.host.person import Level
from tramkit.host.plugin_side import ServiceDescriptor
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Stage
from tramkit_hal.words import Nfc, Text, bilingual


class Titles(Data):
    """Words in every language of the station."""

    vi: Nfc = Field(min_length=1, max_length=120)
    en: Nfc = Field(min_length=1, max_length=120)

    @property
    def text(self) -> Text:
        return bilingual(vi=self.vi, en=self.en)


class ServiceEntry(Data):
    """One service that a plugin offers.

    :param id: ``plugin.name``.
    :param needs: devices without which it is closed.
    :param wants: devices without which it is limited.
    :param limited_without: what the resident goes without when a wanted device is down; the core has words of its own.
    :param identity: how sure the station must be of who the resident is before it starts.
    :param identity_exactly: a VNeID sign-in does not stand in for the chip, nor the chip for a sign-in.
    :param asks_identity: it calls ``visit.identify`` itself where it fits, e.g. after an emergency question.
    :param needs_date: false: it is right though the station's clock is not (no age, no rate, no term is reckoned).
    :param request_version: of what its orders' requests look like: raised where an older one cannot be carried out as
        it is; then :meth:`tramkit.Service.migrate` makes a newer one of it.
    :param icon: the drawing beside its title.
    :param path: the steps that it always takes, in order; the station puts the choice and the identity that it asks for
        before them.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    title: Titles
    hint: Titles | None = None
    needs: tuple[Role, ...] = ()
    wants: tuple[Role, ...] = ()
    limited_without: dict[Role, Titles] = Field(default_factory=dict[Role, Titles])
    identity: Literal["none", "claimed", "chip", "chip_face", "vneid"] = "none"
    identity_exactly: bool = False
    asks_identity: bool = False
    needs_date: bool = True
    request_version: int = Field(default=1, ge=1, le=1000)
    icon: Icon | None = None
    path: tuple[Stage, ...] = (Stage.QUESTIONS, Stage.REVIEW, Stage.RECEIPT)

    def described(self, *, takes_orders: bool) -> ServiceDescriptor:
        """Return the service as the station knows it.

        :param takes_orders: it fulfils orders, which its code alone can tell.
        """
        return ServiceDescriptor(
            id=self.id,
            title=self.title.text,
            hint=self.hint.text if self.hint is not None else None,
            needs=self.needs,
            wants=self.wants,
            limited_without={role: words.text for role, words in self.limited_without.items()},
            identity=Level(self.identity),
            identity_exactly=self.identity_exactly,
            asks_identity=self.asks_identity,
            needs_date=self.needs_date,
            takes_orders=takes_orders,
            request_version=self.request_version,
            icon=self.icon,
            path=self.path,
        )
