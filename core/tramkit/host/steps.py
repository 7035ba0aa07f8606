"""The station's own steps of a visit, several pages or a device each: what a service asks for, and what comes back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tramkit.host.attachment import Attachment
from tramkit.host.person import Level, Person
from tramkit.host.results import CameraTest
from tramkit_hal.contracts.vital import Reading, Vital
from tramkit_hal.data import Data
from tramkit_hal.words import Text


class IdentifyStep(Data):
    """Learn who the resident is."""

    kind: Literal["identify"] = "identify"
    level: Level
    exactly: bool = False


class PapersStep(Data):
    """Have a paper photographed here or sent from a phone.

    :param name: names the files.
    :param most: files that are taken.
    :param later: words of the answer that gives nothing here.
    :param what: a paper that must be readable, or a photo of something.
    """

    kind: Literal["papers"] = "papers"
    title: Text
    body: tuple[Text, ...] = ()
    name: str
    most: int = Field(ge=1)
    later: Text
    what: Literal["paper", "photo"] = "paper"


class SignStep(Data):
    """Have the resident sign."""

    kind: Literal["sign"] = "sign"
    title: Text
    body: tuple[Text, ...] = ()
    name: str


class MeasureStep(Data):
    """Measure a vital sign."""

    kind: Literal["measure"] = "measure"
    vital: Vital
    title: Text
    body: tuple[Text, ...] = ()


class CameraStep(Data):
    """Let the resident see and hear whether camera and microphone work."""

    kind: Literal["camera"] = "camera"
    title: Text
    body: tuple[Text, ...] = ()


StationStep = Annotated[IdentifyStep | PapersStep | SignStep | MeasureStep | CameraStep, Field(discriminator="kind")]


class StepDone(Data):
    """What a step of the station came to.

    :param asked: the resident saw a page of it, so Back stops there.
    :param went_back: they went back within it, which ends the way back from a Change link.
    :param person: who they are; of an ``identify`` step.
    :param refused: why they could not be identified, for the resident.
    :param files: handles of what was given; their data stay with the station until an order is placed.
    :param reading: None: skipped, or it cannot be measured here.
    """

    asked: bool
    went_back: bool = False
    person: Person | None = None
    refused: Text | None = None
    files: tuple[Attachment, ...] = ()
    reading: Reading | None = None
    camera: CameraTest | None = None
