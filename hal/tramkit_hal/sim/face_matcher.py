"""A simulated face matcher: it looks at no picture, the operator says what stands before the camera."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.face import FaceFinding, FaceMatcher, FaceMatcherCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.video import Frame
from tramkit_hal.words import noted


class FaceMatcherSettings(SimSettings):
    """Settings of the simulated face matcher.

    :param finds: what it finds until the operator says otherwise.
    """

    finds: FaceFinding = FaceFinding.SAME


class SimFaceMatcher(Simulator, FaceMatcher):
    """A face matcher that finds what it is told to find."""

    driver = "sim_face_matcher"
    model = noted("simulated face matcher")
    Settings = FaceMatcherSettings
    faults = (*COMMON_FAULTS, Trouble.UNREADABLE)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._finds: FaceFinding = self.settings.finds
        self._last: FaceFinding | None = None

    @property
    def capabilities(self) -> FaceMatcherCapabilities:
        return FaceMatcherCapabilities(liveness=True)

    async def compare(self, portrait: Portrait, frames: Sequence[Frame], deadline: float = 10.0) -> FaceFinding:
        if not frames:
            raise ValueError("there is no picture to compare with")
        async with self._simulate(deadline):
            if not portrait.image:
                raise DeviceError(Trouble.UNREADABLE, "the portrait is empty")
            self._last = self._finds
            return self._finds

    async def _wipe(self) -> None:
        self._last = None

    def _controls(self) -> tuple[SimControl, ...]:
        options = tuple(finding.value for finding in FaceFinding)
        return (
            SimControl(
                name="finds",
                label=noted("Before the camera, beside the portrait"),
                kind="choice",
                options=options,
                value=self._finds.value,
            ),
        )

    async def _control(self, name: str, value: str) -> None:
        self._finds = FaceFinding(value)

    def shown(self) -> str:
        return noted("Found last") + f": {self._last.value}" if self._last else ""
