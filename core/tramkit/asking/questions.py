"""Questions of one page each: what a service asks, and what the station's own steps ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tramkit.asking.idle import Idle
from tramkit.asking.recorder import Recorder
from tramkit.forms import Form
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage, Ask, Check, Choose, Done, Fact, Option, Read, Tell, Tone
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

F = TypeVar("F", bound=Form)

CONTINUE = _("Continue")


class Questions:
    """The questions; each is a step of the journal, so that Back can replay the conversation."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def choose(self, title: Text, options: Sequence[Option], *, body: Sequence[Text] = (), name: str = "") -> str:
        """Let the resident choose one; return its value. A closed option says its reason and is not taken."""

        def page(kept: Any) -> AnyPage:
            return Choose(title=title, body=tuple(body), options=tuple(options), selected=kept or "")

        idle = Idle.MENU if name == "menu" else Idle.QUESTION
        return await self._step("choose", title, page, _choice, idle, name)

    async def ask(
        self,
        form: type[F],
        title: Text,
        *,
        body: Sequence[Text] = (),
        action: Text | None = None,
        prefill: Mapping[str, str] | None = None,
        sources: Mapping[str, Text] | None = None,
        scanned: str = "",
        name: str = "",
    ) -> F:
        """Ask a form's questions on one page until they are answered well; return the form.

        :param prefill: what stands in the fields at first, by field, as typed.
        :param sources: where a prefilled value came from, by field.
        :param scanned: the field, of a form with one, that a code before the scanner answers too.
        """
        base = f"{form.__qualname__} {name}"
        attempts = 0
        errors: dict[str, Text] = {}
        typed: Mapping[str, str] = dict(prefill or {})

        def page(kept: Any) -> AnyPage:
            values = {**typed, **kept} if kept and not attempts else typed
            fields = form.views(values, errors, sources or {} if not attempts else {})
            return Ask(title=title, body=tuple(body), fields=fields, attempts=attempts, action=action or CONTINUE)

        def read(answered: Answered) -> Any:
            nonlocal typed, errors, attempts
            typed = dict(answered.values)
            found, errors = form.read(typed)
            attempts += bool(errors)
            return None if found is None else found.typed()

        value = await self._recorder.step(
            "ask", page, read, Idle.QUESTION, base=base, name=name or form.__name__, scanned=scanned
        )
        found, _errors = form.read(value)
        assert found is not None
        return found

    async def read(self, title: Text, *body: Text, action: Text | None = None) -> None:
        """Let the resident read something long."""

        def page(kept: Any) -> AnyPage:
            return Read(title=title, body=body, action=action or CONTINUE)

        await self._step("read", title, page, _done, Idle.READING)

    async def check(
        self, title: Text, facts: Sequence[Fact], *, action: Text, body: Sequence[Text] = (), large: Text | None = None
    ) -> None:
        """Let the resident look over the answers; each fact with ``change`` leads back to the answer of that name.

        :param large: what it comes to, to see from afar.
        """

        def page(kept: Any) -> AnyPage:
            return Check(title=title, body=tuple(body), facts=tuple(facts), action=action, large=large)

        await self._step("check", title, page, _done, Idle.READING)

    async def tell(
        self,
        title: Text,
        *body: Text,
        tone: Tone = Tone.PLAIN,
        large: Text | None = None,
        facts: Sequence[Fact] = (),
        options: Sequence[Option] = (),
        codes: Sequence[str] = (),
        action: Text | None = CONTINUE,
    ) -> str:
        """Tell the resident something; return ``continue`` or the value of the option chosen."""

        def page(kept: Any) -> AnyPage:
            return Tell(
                title=title,
                body=body,
                tone=tone,
                large=large,
                facts=tuple(facts),
                options=tuple(options),
                codes=tuple(codes),
                action=action,
            )

        return await self._step("tell", title, page, _choice, Idle.READING)

    async def done(
        self,
        title: Text,
        *body: Text,
        facts: Sequence[Fact] = (),
        codes: Sequence[str] = (),
        steps: Sequence[Text] = (),
        action: Text | None = None,
    ) -> None:
        """Tell the resident that the service is done; the visit ends after it.

        :param steps: what they do next, three at most.
        """

        def page(kept: Any) -> AnyPage:
            return Done(
                title=title,
                body=body,
                facts=tuple(facts),
                codes=tuple(codes),
                steps=tuple(steps),
                action=action or _("Finish"),
            )

        await self._step("done", title, page, _done, Idle.READING)

    async def _step(
        self,
        kind: str,
        title: Text,
        page: Callable[[Any], AnyPage],
        read: Callable[[Answered], Any],
        idle: Idle,
        name: str = "",
    ) -> Any:
        return await self._recorder.step(kind, page, read, idle, base=name or title.id, name=name)


def _choice(answered: Answered) -> str:
    return answered.choice


def _done(answered: Answered) -> bool:
    return True
