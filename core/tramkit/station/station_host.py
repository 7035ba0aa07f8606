"""The station as one visit's service sees it: pages, steps, orders, devices; it believes nothing that comes back.

Longer than 400 lines: one class, a method for each call of the interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from tramkit.asking.idle import Idle
from tramkit.asking.journal import Journal
from tramkit.capture import camera_test, signature, vitals
from tramkit.capture.printing import hand_over
from tramkit.checkout import paying
from tramkit.conversation.live_page import LivePage
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.attachment import MAX_BYTES, MAX_OWN_BYTES, Attachment
from tramkit.host.host import Begun, Opened, Snapshot, StaffCalled, Unreachable
from tramkit.host.order import Order, Record
from tramkit.host.person import Level, NotIdentifiedError, Person
from tramkit.host.results import HandedOver
from tramkit.host.steps import CameraStep, IdentifyStep, MeasureStep, PapersStep, SignStep, StationStep, StepDone
from tramkit.identity.identifying import Identification
from tramkit.identity.means import IdentityMeans
from tramkit.orders.runner import Runner
from tramkit.papers.asking import Asked, ask_papers
from tramkit.station.quota import Quota
from tramkit.station.running_step import RunningStep
from tramkit.station.wrong_tries import WrongTries
from tramkit_hal import TramkitError
from tramkit_hal.contracts.audio import Microphone, Sound, SoundQueue, Speaker
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.recogniser import SpeechRecogniser
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage, Call, Pay, Wait
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text

if TYPE_CHECKING:
    from tramkit.papers.server import Uploads

_OPENED: Mapping[Role, type[Device]] = {
    Role.CAMERA: Camera,
    Role.DOCUMENT_CAMERA: Camera,
    Role.MICROPHONE: Microphone,
    Role.SPEAKER: Speaker,
    Role.SPEECH_RECOGNISER: SpeechRecogniser,
}
"""What a service may take for itself; everything else is used by the station's steps only."""


MAX_WHAT = 80
"""Letters of the name of a kind of tries."""
_SHOWN = frozenset(("choose", "ask", "read", "check", "tell", "wait", "done"))


class NotOfThisVisitError(TramkitError, ValueError):
    """A service gave back something that this visit never had: a file, a live page, a device."""


@dataclass
class _Step:
    """A step of the station that a service has asked for.

    :ivar done: what it came to; None: it is not done, or was taken back.
    :ivar before: what it came to when it was taken back.
    :ivar files: what was given in it, whole.
    """

    journal: Journal = field(default_factory=Journal)
    done: StepDone | None = None
    before: StepDone | None = None
    files: tuple[Attachment, ...] = ()


class StationHost:
    """One visit's host. Inline it is called directly; beside a process by the messages of its pipe.

    :param runner: carries orders out; None: this station takes none.
    :param uploads: where phones send papers to; None: this station takes none that way.
    :param seed: of the visit's randomness.
    :param tries: counts wrong tries over all visits.
    """

    def __init__(
        self,
        visit: StationVisit,
        means: IdentityMeans,
        runner: Runner | None,
        uploads: Uploads | None,
        seed: int,
        tries: WrongTries,
    ) -> None:
        self.visit = visit
        self.identification = Identification(visit, means)
        self._means = means
        self._runner = runner
        self._uploads = uploads
        self._seed = seed
        self._tries = tries
        self._service = ""
        self._known: Person | None = None
        self._steps: dict[tuple[str, str], _Step] = {}
        self._running: RunningStep | None = None
        self._lives: dict[int, LivePage] = {}
        self._devices: dict[str, Device] = {}
        self._sounds: dict[str, SoundQueue] = {}
        self._quota = Quota()

    @property
    def snapshot(self) -> Snapshot:
        """What an author finds out without waiting, as things stand now."""
        unreachable = [
            Unreachable(level=level, exactly=exactly, reason=reason)
            for level in Level
            for exactly in (False, True)
            if (reason := self._means.why_not(level, exactly=exactly)) is not None
        ]
        return Snapshot(
            language=self.visit.language,
            now=self.visit.clock.now(),
            unreachable=tuple(unreachable),
        )

    @property
    def service(self) -> str:
        """Id of the service that serves now."""
        return self._service

    # ── runs, and what Back does to the station's steps ───────────────────────────────────────────────────

    def serve(self, service: str) -> None:
        """Note which service begins: orders are its own, and its steps are kept apart from those of others."""
        self._service = service
        self._known = self.visit.person

    async def begin(self, kept: Sequence[str]) -> Begun:
        """Begin a run of the service; see :class:`Host`."""
        self.visit.alive()
        self.visit.conversation.walk_again()
        for (service, key), step in self._steps.items():
            if service == self._service and key not in kept and step.done is not None:
                step.before, step.done = step.done, None
        self.visit.person = self._known
        for key in kept:
            step = self._steps.get((self._service, key))
            if step is not None and step.done is not None and step.done.person is not None:
                self.visit.person = step.done.person
        return Begun(seed=self._seed, person=self._known)

    async def step(self, key: str, asked: StationStep, *, again: bool) -> StepDone:
        """Do a step of the station; see :class:`Host`."""
        self.visit.alive()
        if (self._service, key) not in self._steps:
            self._quota.take("steps")
        step = self._steps.setdefault((self._service, key), _Step())
        if step.done is None and again and step.before is not None:
            step.done = step.before
        if step.done is None:
            if step.before is not None:  # it was done and is asked anew: its last answer is taken back
                step.journal.back()
            self._running = running = RunningStep(self.visit, step.journal, f"{self._service} {key} ")
            try:
                done = await running.run(lambda: self._do(step, asked))
            finally:
                self._running = None
            step.done = done.model_copy(update={"asked": step.journal.can_go_back(), "went_back": running.went_back})
            step.before = None
        if step.done.person is not None:
            self.visit.person = step.done.person
        return step.done

    async def _do(self, step: _Step, asked: StationStep) -> StepDone:
        match asked:
            case IdentifyStep():
                try:
                    person = await self.identification.identify(asked.level, exactly=asked.exactly)
                except NotIdentifiedError as unknown:
                    return StepDone(asked=True, refused=unknown.reason)
                return StepDone(asked=True, person=person)
            case PapersStep():
                room = self._room(step)
                wanted = Asked(
                    asked.title, asked.body, asked.name, asked.most, room, asked.later, asked.what, self._uploads
                )
                step.files = await ask_papers(self.visit, wanted)
            case SignStep():
                step.files = (await signature.sign(self.visit, asked.title, asked.body, asked.name),)
            case MeasureStep():
                reading = await vitals.measure(self.visit, asked.vital, asked.title, asked.body)
                return StepDone(asked=True, reading=reading)
            case CameraStep():
                return StepDone(asked=True, camera=await camera_test.try_camera(self.visit, asked.title, asked.body))
        return StepDone(asked=True, files=tuple(each.handle() for each in step.files))

    def _room(self, step: _Step) -> int:
        """Return the bytes that a step may give, so that one order can hold all that the visit gives."""
        others = [each for each in self._steps.values() if each is not step and each.done is not None]
        return MAX_BYTES - sum(file.size for each in others for file in each.files)

    @property
    def in_step(self) -> bool:
        """Whether the page that stands is of a step of the station."""
        return self._running is not None

    def back(self, typed: Mapping[str, str]) -> bool:
        """Go back within the step of the station that runs now; False: it has no answer before."""
        return self._running is not None and self._running.back(typed)

    # ── pages ─────────────────────────────────────────────────────────────────────────────────────────────

    async def show(self, page: AnyPage, idle: Idle, *, back: bool, scanned: str = "") -> Answered:
        """Show a page of the service and return its answer; see :class:`Host`.

        :raises NotOfThisVisitError: a page that only the station shows: its own, or one that asks for money.
        """
        if page.kind not in _SHOWN:
            raise NotOfThisVisitError(f'a service shows no page "{page.kind}"')
        return await self.visit.exchange(page, idle, back=back, scanned=scanned)

    async def commit(self, because: Text) -> None:
        """Refuse Back with these words from here on."""
        self.visit.commit(because)

    async def live_open(self, page: Wait | Call | Pay) -> int:
        """Show a page that changes while it stands; see :class:`Host`."""
        self._quota.take("live pages")
        number = len(self._lives) + 1
        self._lives[number] = self.visit.open_live(page)
        return number

    async def live_update(self, live: int, page: Wait | Call | Pay) -> None:
        """Show another state of it."""
        self._live(live).update(page)

    async def live_answer(self, live: int) -> str:
        """Wait for the next choice that the resident presses there."""
        return await self._live(live).answer()

    async def live_typed(self, live: int) -> str:
        """Wait until something else has been typed into its field; return what stands there."""
        return await self._live(live).typed()

    async def live_close(self, live: int) -> None:
        """End it."""
        await self._live(live).close()

    def _live(self, number: int) -> LivePage:
        if number not in self._lives:
            raise NotOfThisVisitError(f"there is no live page {number}")
        return self._lives[number]

    # ── tries ─────────────────────────────────────────────────────────────────────────────────────────────

    async def wait_for_tries(self, what: str, most: int, seconds: float) -> float:
        """Return for how many seconds nothing more of a kind may be tried; see :class:`Host`."""
        return self._tries.wait(self._service, what[:MAX_WHAT], most, seconds)

    async def wrong_try(self, what: str) -> None:
        """Count a wrong try of a kind; see :class:`Host`."""
        self._tries.wrong(self._service, what[:MAX_WHAT])

    # ── orders, paper, staff ──────────────────────────────────────────────────────────────────────────────

    async def place(self, order: Order) -> Record | None:
        """Have an order paid and carried out; see :class:`Host`.

        The order belongs to the service that runs; its files were given in this visit, or are the service's own.
        """
        self._quota.take("orders")
        if sum(each.size for each in order.attachments if each.data) > MAX_OWN_BYTES:
            raise ValueError(f"the files that the service made have more than {MAX_OWN_BYTES} bytes together")
        files = tuple(self.file(each) for each in order.attachments)
        own = order.model_copy(update={"service": self._service, "attachments": files})
        return await paying.place(self.visit, self._runner, own)

    def file(self, handle: Attachment) -> Attachment:
        """Return a file of an order, whole: one that was given in this visit, or one that the service has made.

        A file of the service's own brings its data, and cannot stand in for one that was given to the service.

        :param handle: with its data only where the service has made it.
        :raises NotOfThisVisitError: it has no data, or not its own, and was not given.
        """
        for (service, _key), step in self._steps.items():
            for file in step.files if step.done is not None else ():
                if (file.name, file.sha256) == (handle.name, handle.sha256):
                    return file
                if handle.data and (service, file.name) == (self._service, handle.name):
                    raise NotOfThisVisitError(f'another file "{handle.name}" was given in this visit')
        if not handle.data:
            raise NotOfThisVisitError(f'no file "{handle.name}" was given in this visit')
        try:
            return handle.holding(handle.data)
        except ValueError as error:
            raise NotOfThisVisitError(f'the data of "{handle.name}" are not those of its size and SHA-256') from error

    async def print(self, document: Document, name: str) -> HandedOver:
        """Hand a document over; see :class:`Host`."""
        self.visit.alive()
        self._quota.take("printed papers")
        return await hand_over(self.visit, document, name)

    async def call_staff(self, reason: Text) -> StaffCalled:
        """Call staff; see :class:`Host`."""
        self._quota.take("staff calls")
        call = self.visit.call_staff(reason)
        return StaffCalled(id=call.id, reason=call.reason, asked_at=call.asked_at, phone=call.phone)

    async def staff_comes(self, call: int) -> datetime:
        """Wait until staff have said that they come; return when."""
        return await self.visit.staff_call(call).acknowledged()

    async def sleep(self, seconds: float) -> None:
        """Wait by the station's clock."""
        await self.visit.clock.sleep(seconds)

    # ── devices ───────────────────────────────────────────────────────────────────────────────────────────

    async def about(self, role: Role) -> Opened:
        """Say what the first usable device of a role can do, without taking it."""
        self.visit.alive()
        for device in self.visit.devices.usable(role, Device):
            return Opened(capabilities=_capabilities(device))
        return Opened()

    async def open(self, role: Role) -> Opened:
        """Take the first usable device of a role; see :class:`Host`."""
        self.visit.alive()
        contract = _OPENED.get(role)
        if contract is None:
            raise DeviceError(Trouble.UNPLUGGED, role.value)
        device = self.visit.device(role, contract)
        handle = f"{role.value}-{self.visit.devices.of(role).index(device)}"
        self._devices[handle] = device
        return Opened(handle=handle, capabilities=_capabilities(device))

    async def do(self, handle: str, operation: str, arguments: Mapping[str, JsonValue]) -> JsonValue:
        """Let a device do something; see :class:`Host`."""
        self.visit.alive()
        device = self._device(handle, Device)
        match operation, device:
            case "usable", _:
                return device.state.usable
            case "start", Camera():
                width, height, fps = (int(str(arguments[name])) for name in ("width", "height", "fps"))
                await device.start(width, height, fps)
            case "start", Microphone():
                self._sounds[handle] = await device.start()
            case "start", Speaker():
                await device.start()
            case "start", SpeechRecogniser():
                await device.start(str(arguments["language"]))
            case "said", SpeechRecogniser():
                return await device.said()
            case "stop", Camera() | Microphone() | Speaker() | SpeechRecogniser():
                await device.stop()
            case _:
                raise NotOfThisVisitError(f'no device does "{operation}" for a service')
        return None

    def picture(self, handle: str) -> NewestFrame:
        """Return the stream of a camera's pictures."""
        return self._device(handle, Camera).picture

    def sound(self, handle: str) -> SoundQueue:
        """Return the stream of a microphone that was started."""
        return self._sounds[handle]

    def play(self, handle: str, sound: Sound) -> None:
        """Give a speaker a piece of sound, or a recogniser."""
        self.visit.alive()
        match self._device(handle, Device):
            case Speaker() as speaker:
                speaker.play(sound)
            case SpeechRecogniser() as recogniser:
                recogniser.hear(sound)
            case _:
                raise NotOfThisVisitError(f'the device "{handle}" takes no sound')

    def backlog(self, handle: str) -> float:
        """Return the seconds of sound that wait at a speaker."""
        return self._device(handle, Speaker).backlog

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture for Capture and Call pages; None takes it away."""
        self.visit.set_video(name, picture)

    def _device(self, handle: str, contract: type[Any]) -> Any:
        device = self._devices.get(handle)
        if not isinstance(device, contract):
            raise NotOfThisVisitError(f'this visit has no device "{handle}" that does so')
        return device

    def forget(self) -> None:
        """Forget everything of the resident."""
        for step in self._steps.values():
            step.journal.wipe()
        self._steps.clear()
        self._devices.clear()
        self._sounds.clear()
        self._lives.clear()
        self._known = None
        self.identification.face.forget()
        self.visit.forget()


def _capabilities(device: Device) -> dict[str, JsonValue]:
    return device.capabilities.model_dump(mode="json")
