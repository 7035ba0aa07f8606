"""Hostile plugins that keep what they learn of one resident for the visit of the next."""

from __future__ import annotations

from .attack import Attack

_KEPT = "import builtins\nKEPT = []\n"

KEEPS = [
    Attack(
        "keeps it in a variable", "KEPT.append(visit.id)", "return KEPT[0] if KEPT else ''", module=_KEPT, process=True
    ),
    Attack(
        "keeps it in a module of Tramkit",
        "import tramkit.log\ntramkit.log.kept = visit.id",
        "import tramkit.log\nreturn getattr(tramkit.log, 'kept', '')",
        process=True,
    ),
    Attack(
        "keeps it in the environment",
        "os.environ['KEPT'] = visit.id",
        "return os.environ.get('KEPT', '')",
        process=True,
    ),
    Attack(
        "keeps it in a file",
        "open(PLACE['shared'] + '/kept', 'w').write(visit.id)",
        "return open(PLACE['shared'] + '/kept').read()",
        told="write a file",
    ),
    Attack(
        "keeps it in /dev/shm",
        "open('/dev/shm/' + PLACE['abstract'], 'w').write(visit.id)",
        "text = open('/dev/shm/' + PLACE['abstract']).read()\nos.remove('/dev/shm/' + PLACE['abstract'])\nreturn text",
        told="write a file",
    ),
    Attack(
        "keeps it in the name of an empty file",
        """
        for folder in (PLACE["shared"], "/", "/tmp", "/dev", "/etc", os.path.dirname(__file__)):
            try:
                os.close(os.open(folder + "/kept-" + visit.id, os.O_CREAT | os.O_WRONLY))
                break
            except OSError:
                pass
        """,
        """
        for folder in (PLACE["shared"], "/", "/tmp", "/dev", "/etc", os.path.dirname(__file__)):
            for name in glob.glob(folder + "/kept-*"):
                os.remove(name)
                return name
        return ""
        """,
        told="write a file",
    ),
    Attack(
        "keeps it in memory that was shared when it was imported",
        "SHARED.seek(0)\nSHARED.write(visit.id.encode())",
        "SHARED.seek(0)\nreturn SHARED.read(12).decode().strip(chr(0))",
        module="""
        try:
            SHARED = mmap.mmap(-1, 4096)
        except OSError:
            SHARED = None
        """,
        told="share memory",
    ),
    Attack(
        "keeps it in a pipe that was opened when it was imported",
        "os.write(PIPE[1], visit.id.encode())",
        "os.set_blocking(PIPE[0], False)\nreturn os.read(PIPE[0], 100).decode()",
        module="PIPE = os.pipe()",
    ),
    Attack(
        "keeps it in a pair of sockets that was opened when it was imported",
        "PAIR[1].send(visit.id.encode())",
        "PAIR[0].setblocking(False)\nreturn PAIR[0].recv(100).decode()",
        module="PAIR = socket.socketpair()",
    ),
    Attack(
        "keeps it in a file without a name",
        "os.pwrite(FILE, visit.id.encode(), 0)",
        "return os.pread(FILE, 100, 0).decode()",
        module="""
        try:
            FILE = os.memfd_create("kept")
        except OSError:
            FILE = -1
        """,
    ),
    Attack(
        "keeps it with a thread that was started when it was imported",
        "BOX.append(visit.id)",
        "return BOX[0] if BOX else ''",
        module="""
        BOX = []
        def keep():
            while True:
                time.sleep(1)
        if not PLACE["confined"]:
            threading.Thread(target=keep, daemon=True).start()
        """,
        process=True,
    ),
    Attack(
        "keeps it with a child that waits for the next visit",
        """
        if os.fork() == 0:
            with socket.socket(socket.AF_UNIX) as line:
                line.bind(chr(0) + PLACE["abstract"] + "child")
                line.listen()
                line.settimeout(20)
                line.accept()[0].send(visit.id.encode())
            os._exit(0)
        """,
        """
        while True:
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(chr(0) + PLACE["abstract"] + "child")
                except ConnectionRefusedError:
                    await asyncio.sleep(0.1)
                    continue
                got = line.recv(100).decode()
            os.wait()
            return got
        """,
        told="fork",
    ),
    Attack(
        "keeps it in a queue of messages",
        """
        queue = system_call(68, 0x54524D, 0o1666)
        system_call(69, queue, struct.pack("l16s", 1, visit.id.encode()), 16, 0)
        """,
        """
        queue = system_call(68, 0x54524D, 0o666)
        buffer = ctypes.create_string_buffer(32)
        system_call(70, queue, buffer, 16, 0, 0o4000)
        system_call(71, queue, 0, 0)
        return buffer.raw[8:20].decode()
        """,
    ),
    Attack(
        "keeps it in a segment of shared memory",
        """
        segment = system_call(29, 0x54524D, 4096, 0o1666)
        libc.shmat.restype = ctypes.c_void_p
        ctypes.memmove(libc.shmat(segment, None, 0), visit.id.encode(), 12)
        """,
        """
        segment = system_call(29, 0x54524D, 4096, 0o666)
        libc.shmat.restype = ctypes.c_void_p
        got = ctypes.string_at(libc.shmat(segment, None, 0), 12).decode()
        system_call(31, segment, 0, None)
        return got
        """,
    ),
    Attack(
        "keeps it in the names of its processes",
        """
        open("/proc/self/comm", "w").write(visit.id)
        """,
        """
        found = []
        for each in glob.glob("/proc/[0-9]*/comm"):
            try:
                found.append(open(each).read().strip())
            except OSError:
                pass
        open("/proc/self/comm", "w").write("python")
        return next((each for each in found if len(each) == 12 and set(each) <= set("0123456789abcdef")), "")
        """,
        told="write a file",
    ),
    Attack(
        "keeps it in locks on files that all can read",
        """
        import tramkit
        files = sorted(glob.glob(os.path.dirname(tramkit.__file__) + "/*.py"))[:1]
        LOCKED.extend(open(each) for each in files)
        for each in LOCKED:
            fcntl.flock(each, fcntl.LOCK_EX)
        KEPT.append(visit.id)
        """,
        """
        import tramkit
        for each in sorted(glob.glob(os.path.dirname(tramkit.__file__) + "/*.py"))[:1]:
            try:
                fcntl.flock(open(each), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return (KEPT or ["leaked"])[0]
        return ""
        """,
        module="LOCKED = []\n" + _KEPT,
        told="lock a file",
        process=True,
    ),
    Attack(
        "keeps it in the flags of a descriptor that all its processes have",
        """
        bits = int(visit.id[:1], 16)
        for number in (0, 1, 2):
            flags = fcntl.fcntl(number, fcntl.F_GETFL) & ~(os.O_APPEND | os.O_NONBLOCK)
            fcntl.fcntl(number, fcntl.F_SETFL, flags | (os.O_APPEND if bits & (1 << number) else 0) | os.O_NONBLOCK)
        KEPT.append(visit.id)
        """,
        """
        set_by_it = [fcntl.fcntl(each, fcntl.F_GETFL) & os.O_NONBLOCK for each in (0, 1, 2)]
        for number in (0, 1, 2):
            fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        return (KEPT or ["leaked"])[0] if any(set_by_it) else ""
        """,
        module=_KEPT,
        process=True,
    ),
    Attack(
        "keeps it in the limits of the process that is always there",
        """
        import resource
        _soft, hard = resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
        resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (200, hard))
        KEPT.append(visit.id)
        """,
        """
        import resource
        soft, hard = resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
        if soft == 200:
            resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
            return (KEPT or ["leaked"])[0]
        return ""
        """,
        module=_KEPT,
    ),
]
