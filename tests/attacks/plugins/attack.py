"""What a hostile plugin is made of: code that goes for something, and what shows that it had it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Literal

PLUGIN = """
import asyncio, ctypes, errno, fcntl, glob, json, mmap, os, signal, socket, struct, subprocess, sys, threading, time
from tramkit import Fact, Level, Messages, Option, Order, Outcome, Person, Service, hookimpl
from tramkit_hal.words import verbatim

_ = Messages("tests")
PLACE = json.loads({place!r})
libc = ctypes.CDLL(None, use_errno=True)

def system_call(number, *values):
    done = libc.syscall(number, *values)
    if done < 0:
        raise OSError(ctypes.get_errno(), "system call %d" % number)
    return done

{module}

class Hello(Service):
    id = "hostile.hello"

    async def serve(self, visit):
        ways = [Option(value=each, label=verbatim(each)) for each in ("first", "second")]
        way = await visit.choose(_("Which?"), ways)
        done = first if way == "first" else second
        try:
            got = done(visit)
            if asyncio.iscoroutine(got):
                got = await got
        except Exception as error:
            got = ""
            await visit.tell(verbatim("NOTHING " + type(error).__name__ + " " + str(error)[:150]))
        else:
            await visit.tell(verbatim("GOT " + str(got)[:300] if got else "NOTHING"))

    async def fulfil(self, order, key):
        return Outcome(state="done")

    async def inquire(self, order, key):
        return Outcome(state="unknown")

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""

MANIFEST = """
api = 1
name = "hostile"
title = {{ vi = "Thử", en = "Toy" }}

[[services]]
id = "hostile.hello"
title = {{ vi = "Chào", en = "Hello" }}
"""


@dataclass(frozen=True)
class Attack:
    """One hostile plugin.

    :param does: what it does, in words: the name of its test.
    :param first: the body of a function of ``visit`` that returns what it got.
    :param second: what it does in the next visit: find what the first one kept.
    :param module: what it does when it is imported, and what it defines.
    :param harms: its harm is not what it tells: ``ends`` the process of the station, ``blocks`` its loop.
    :param told: what the station's log says of it under ``sandbox``; empty: the kernel shows it nothing to be told.
    :param process: it has nothing under ``process`` either.
    """

    does: str
    first: str
    second: str = "return ''"
    module: str = ""
    harms: Literal["", "ends", "blocks"] = ""
    told: str = ""
    process: bool = False

    def code(self, place: str) -> str:
        """Return the module, told where everything lies."""
        functions = "\n".join(
            f"{'async ' if 'await ' in body else ''}def {name}(visit):\n{indent(dedent(body).strip(), '    ')}\n"
            for name, body in (("first", self.first), ("second", self.second))
        )
        return PLUGIN.replace("{place!r}", repr(place)).replace("{module}", dedent(self.module) + "\n" + functions)
