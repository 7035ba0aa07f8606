"""Hostile plugins that reach out: over the network, to programs, to the kernel."""

from __future__ import annotations

from .attack import Attack

REACHES = [
    Attack(
        "connects by TCP",
        """
        with socket.create_connection(("127.0.0.1", PLACE["port"]), 5) as line:
            return line.recv(100).decode()
        """,
        told="open a socket",
    ),
    Attack(
        "connects by TCP through asyncio",
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", PLACE["port"])
        return (await reader.read(100)).decode()
        """,
        told="resolve a name|open a socket|connect",
    ),
    Attack(
        "sends a datagram",
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            return line.sendto(b"x", ("127.0.0.1", PLACE["port"]))
        """,
        told="open a socket",
    ),
    Attack(
        "listens on a port",
        """
        with socket.create_server(("127.0.0.1", 0)) as line:
            return line.getsockname()[1]
        """,
        told="open a socket",
    ),
    Attack(
        "connects to a socket with an abstract name",
        """
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(chr(0) + PLACE["abstract"])
            return line.recv(100).decode()
        """,
    ),
    Attack(
        "asks the kernel for its network by netlink",
        """
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as line:
            line.bind((0, 0))
            return "netlink"
        """,
        told="open a socket",
    ),
    Attack(
        "opens a raw socket or one of packets",
        """
        for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_INET, socket.SOCK_DGRAM, 1),
                                       (socket.AF_UNIX, socket.SOCK_RAW, 0)):
            try:
                socket.socket(family, kind, protocol).close()
                return "raw"
            except PermissionError:
                pass
        return ""
        """,
        told="open a socket",
    ),
    Attack(
        "resolves a name",
        'return socket.getaddrinfo("localhost", 80)[0][4][0] if open("/etc/hosts").read() else ""',
        told="read a file|resolve a name",
    ),
    Attack(
        "runs a shell", 'return subprocess.check_output(["sh", "-c", "echo shell"]).decode()', told="start a program"
    ),
    Attack(
        "becomes another program",
        """
        read, write = os.pipe()
        if not (pid := os.fork()):
            os.dup2(write, 1)
            os.execv("/bin/echo", ["echo", "program"])
        os.waitpid(pid, 0)
        return os.read(read, 100).decode()
        """,
        told="fork",
    ),
    Attack(
        "forks a daemon that outlives the visit",
        """
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            end = time.time() + 20
            while time.time() < end:
                try:
                    open(PLACE["shared"] + "/daemon", "w").write(str(os.getpid()))
                except OSError:
                    pass
                time.sleep(0.1)
            os._exit(0)
        while not os.path.exists(PLACE["shared"] + "/daemon"):
            await asyncio.sleep(0.05)
        return "daemon"
        """,
        told="fork",
    ),
    Attack(
        "makes a process by the bare system call",
        """
        pid = system_call(56, signal.SIGCHLD, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "cloned"
        """,
    ),
    Attack(
        "makes namespaces of its own",
        """
        if not PLACE["confined"]:
            code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"
            return "unshared" if subprocess.run([sys.executable, "-c", code]).returncode == 0 else ""
        system_call(272, 0x10000000)
        return "unshared"
        """,
        told="asked the kernel",
    ),
    Attack(
        "mounts a file system",
        """
        if not PLACE["confined"]:
            code = ("import ctypes, sys; c = ctypes.CDLL(None); ok = c.unshare(0x10020000) == 0;"
                    "sys.exit(not ok or c.mount(b'none', b'/proc/sys', b'tmpfs', 0, None) != 0)")
            return "mounted" if subprocess.run([sys.executable, "-c", code]).returncode == 0 else ""
        system_call(165, b"none", b"/usr", b"tmpfs", 0, None)
        return "mounted"
        """,
        told="asked the kernel",
    ),
    Attack(
        "handles page faults itself", 'return "faults" if system_call(323, 1) >= 0 else ""', told="asked the kernel"
    ),
    Attack(
        "asks for a ring of system calls",
        """
        parameters = ctypes.create_string_buffer(120)
        return "ring" if system_call(425, 4, parameters) >= 0 else ""
        """,
    ),
    Attack(
        "asks a host that was not granted",
        """
        from tramkit import ask_http
        return (await ask_http("GET", "http://127.0.0.1:%d/" % PLACE["http"])).body.decode()
        """,
        told="asks where it may not",
        process=True,
    ),
    Attack(
        "dresses the address of a host that was not granted as one that was",
        """
        from tramkit import ask_http
        granted, other = "127.0.0.1:9", "127.0.0.1:%d" % PLACE["http"]
        tried = ("http://%s@%s/", "http://%s#@%s/", "http://%s/@%s/", "http://%s%%40@%s/", "http://%s\\\\@%s/",
                 "http://%s\\t@%s/")
        plain = [] if PLACE["confined"] else ["http://" + other + "/"]
        for url in [*plain, *(each % (granted, other) for each in tried)]:
            try:
                body = (await ask_http("GET", url, seconds=5)).body.decode()
                if "NET-" in body:
                    return body
            except Exception:
                pass
        return ""
        """,
        told="asks where it may not",
        process=True,
    ),
]
