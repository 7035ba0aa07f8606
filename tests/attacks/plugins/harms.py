"""Hostile plugins that harm: they end, block or flood the station, or fill what it needs."""

from __future__ import annotations

from .attack import Attack

_PIPE = """
def station_pipe():
    # whatever of the asyncio loop's transports leads to the station
    import gc
    from tramkit.confinement.frames import FrameSocket
    return next((each for each in gc.get_objects() if isinstance(each, FrameSocket)), None)
"""

HARMS = [
    Attack("blocks in time.sleep", "time.sleep(3600)", harms="blocks", told="blocked", process=True),
    Attack("blocks in an endless loop", "while True:\n    pass", harms="blocks", told="blocked", process=True),
    Attack(
        "blocks in a regular expression",
        "import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b') or ''",
        harms="blocks",
        told="blocked",
        process=True,
    ),
    Attack(
        "blocks with all signals off and other threads busy",
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        def busy():
            while True:
                pass
        for _each in range(4):
            threading.Thread(target=busy, daemon=True).start()
        libc.pause()
        """,
        harms="blocks",
        told="blocked|signal",
        process=True,
    ),
    Attack("ends its process", "os._exit(7)", harms="ends", told="exit 7", process=True),
    Attack(
        "ends its process by a fault in the machine's code",
        "ctypes.string_at(1)",
        harms="ends",
        told="signal 11",
        process=True,
    ),
    Attack(
        "kills its parent",
        "os.kill(os.getppid() if PLACE['confined'] else os.getpid(), 9)\ntime.sleep(1)",
        harms="ends",
        told="signal a",
    ),
    Attack(
        "kills everybody of the same user that it sees",
        "os.kill(-1 if PLACE['confined'] else os.getpid(), signal.SIGKILL)\ntime.sleep(1)",
        harms="ends",
        told="signal a",
    ),
    Attack(
        "kills the processes of its neighbours one by one",
        """
        for pid in range(1, 300) if PLACE["confined"] else [os.getpid()]:
            for number in (62, 200, 234):
                libc.syscall(number, *((pid, pid, 9) if number == 234 else (pid, 9)))
        return ""
        """,
        harms="ends",
    ),
    Attack(
        "takes all memory",
        """
        import resource
        if not PLACE["confined"]:
            resource.setrlimit(resource.RLIMIT_DATA, (3 << 28, 3 << 28))  # as a machine that has no more
        kept = []
        try:
            while True:
                kept.append(b"x" * (16 << 20))
        except MemoryError:
            if not PLACE["confined"]:
                os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does
            return ""
        """,
        harms="ends",
    ),
    Attack(
        "takes all descriptors of the station",
        """
        import resource
        if not PLACE["confined"]:
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        kept = []
        try:
            while len(kept) < 100_000:
                kept.append(os.dup(2))
        except OSError:
            for each in kept:
                os.close(each)
            if not PLACE["confined"]:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            return "the station has none left" if os.getpid() == PLACE["pid"] else ""
        return "more than are granted"
        """,
        process=True,
    ),
    Attack(
        "starts threads without end",
        """
        started = 0
        threading.stack_size(8 << 20)
        def idle():
            time.sleep(5)
        try:
            while started < 400:
                threading.Thread(target=idle, daemon=True).start()
                started += 1
        except (RuntimeError, MemoryError):
            return ""
        return started
        """,
    ),
    Attack(
        "fills the disk",
        """
        with open(PLACE["shared"] + "/fill", "wb") as file:
            for _each in range(8):
                file.write(bytes(1 << 20))
        return os.path.getsize(PLACE["shared"] + "/fill")
        """,
        told="write a file",
    ),
    Attack(
        "fills the memory file system",
        """
        path = "/dev/shm/fill-" + PLACE["abstract"]
        with open(path, "wb") as file:
            file.write(bytes(8 << 20))
        size = os.path.getsize(path)
        os.remove(path)
        return size
        """,
        told="write a file",
    ),
    Attack(
        "writes log lines without end and with what steers a terminal",
        """
        import logging
        for number in range(3000):
            logging.getLogger("x").error("\\x1b[2J" + "y" * 5000 + str(number))
            if not number % 100:
                await asyncio.sleep(0)
        if not PLACE["confined"]:
            return "3000 lines"
        """,
        told="logs too much|floods",
        process=True,
    ),
    Attack(
        "prints without end",
        """
        for number in range(20_000 if PLACE["confined"] else 200):
            os.write(2, b"z" * 100 + b"\\n")
        if not PLACE["confined"]:
            return "printed"
        """,
        told="prints too much|blocked",
        process=True,
    ),
]

_SENDS = [
    ("sends frames that are none", 'pipe._transport.write(b"\\xff" * 64)', ""),
    ("sends what is no JSON", 'pipe.send(b"{" * 1000)', "ended"),
    ("sends JSON that is nested without end", 'pipe.send(b"[" * 200_000 + b"]" * 200_000)', "ended"),
    ("announces a frame of four gigabytes", 'pipe._transport.write(b"\\xff\\xff\\xff\\xfe" + b"x" * 100)', ""),
    (
        "sends frames without end",
        'for number in range(30_000):\n    pipe.send(b\'{"id":%d,"note":"x"}\' % number)',
        "floods",
    ),
    (
        "calls without end and waits for nothing",
        "for number in range(1000):\n"
        '    pipe.send(json.dumps({"id": number + 9000, "to": "host:" + visit.id, "call": "sleep",'
        ' "with": {"seconds": 1e9}}).encode())',
        "ended",
    ),
    (
        "calls twice under one id",
        "for _each in range(2):\n"
        '    pipe.send(json.dumps({"id": 9000, "to": "host:" + visit.id, "call": "sleep",'
        ' "with": {"seconds": 1e9}}).encode())',
        "ended",
    ),
    (
        "shows a page of a hundred megabytes",
        "await visit.tell(verbatim('x' * 5_000_000))",
        "ended",
    ),
    ("says again and again that its process is ready", 'pipe.send(b\'{"id":0,"note":"ready"}\')\nreturn ""', ""),
    (
        "answers questions that nobody has asked it",
        'for number in range(1, 500):\n    pipe.send(json.dumps({"id": number, "ok": {"paid": True},'
        ' "error": [1]}).encode() if number % 2 else json.dumps({"id": number, "ok": True}).encode())\nreturn ""',
        "",
    ),
]
"""What goes over the pipe: inline there is none, and nothing to be shown."""

PIPES = [
    Attack(
        does,
        f"pipe = station_pipe()\n{body}" if "pipe" in body else body,
        module=_PIPE,
        harms="" if "return" in body else "ends",
        told=told,
        process=True,
    )
    for does, body, told in _SENDS
]
