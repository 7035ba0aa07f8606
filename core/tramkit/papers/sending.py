"""What one sending of a phone holds, looked at file by file."""

from __future__ import annotations

from tramkit.papers.content import kind_of
from tramkit.papers.problem import Kind, Made, PaperRefusedError, Problem
from tramkit.papers.sandboxed_worker import examine
from tramkit_hal import TramkitError

MAX_TOGETHER = 30 * 1024 * 1024
"""Bytes of one sending."""


class NotTakenError(TramkitError):
    """What was sent is not taken.

    :param problems: each with the number of the file, 0 where that says nothing, and what the file is.
    """

    def __init__(self, problems: tuple[tuple[int, Problem, Kind], ...]) -> None:
        super().__init__("not taken")
        self.problems = problems


async def examined(files: list[bytes], room: int) -> list[Made]:
    """Look at all files; one that is wrong and none is taken.

    :raises NotTakenError: with a problem for each that is wrong.
    """
    made: list[Made] = []
    problems: list[tuple[int, Problem, Kind]] = []
    for number, data in enumerate(files, start=1):
        try:
            made.append(await examine(data))
        except PaperRefusedError as refused:
            problems.append((number if len(files) > 1 else 0, refused.problem, refused.kind))
    if not problems and sum(len(each.data) for each in made) > room:
        problems.append((0, Problem.MUCH, ""))
    if problems:
        raise NotTakenError(tuple(problems))
    return made


def looks_like(data: bytes | bytearray) -> Kind:
    """Tell by its beginning what a file is that is not read to its end."""
    try:
        return "pdf" if kind_of(bytes(data[:4096])) == "pdf" else "picture"
    except PaperRefusedError:
        return ""
