"""The station's steps in a service's journal: their keys, their place for Back, what came of them."""

from __future__ import annotations

from tramkit.asking.journal import JournalEntry
from tramkit.asking.recorder import Recorder
from tramkit.host.host import Host
from tramkit.host.person import NotIdentifiedError, Person
from tramkit.host.steps import IdentifyStep, MeasureStep, PapersStep, SignStep, StationStep, StepDone

PREFIX = "station:"
"""How the keys of the station's steps begin."""


class StationSteps:
    """Asks the station for its steps, once each in a run.

    :ivar person: who the resident is, as far as this run knows.
    """

    def __init__(self, host: Host, recorder: Recorder, person: Person | None) -> None:
        self._host = host
        self._recorder = recorder
        self.person = person

    async def do(self, asked: StationStep, name: str) -> StepDone:
        """Do a step, or return what came of it.

        :param name: what a Change link calls the answer.
        :raises NotIdentifiedError: the resident could not, or would not, be identified.
        """
        done = await self._done(asked, name)
        if done.refused is not None:
            raise NotIdentifiedError(done.refused)
        if done.person is not None:
            self.person = done.person
        return done

    async def _done(self, asked: StationStep, name: str) -> StepDone:
        journal = self._recorder.journal
        key = journal.key(PREFIX + _base(asked))
        entry = journal.replay(key)
        if entry is not None:
            return entry.value
        again = journal.resumed(key, "") is not None
        self._recorder.current = key
        done = await self._host.step(key, asked, again=again)
        if done.went_back:
            journal.end_resume()
        journal.record(JournalEntry(key, name, done, answer=done.asked))
        return done


def _base(asked: StationStep) -> str:
    match asked:
        case IdentifyStep():
            return f"identify:{asked.level.value}:{asked.exactly}"
        case PapersStep() | SignStep():
            return f"{asked.kind}:{asked.name}"
        case MeasureStep():
            return f"measure:{asked.vital.value}"
        case _:
            return asked.kind
