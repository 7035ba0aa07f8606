"""Hostile plugins that read what is not theirs."""

from __future__ import annotations

from .attack import Attack

_NEEDLE = """
def needle_in(pid):
    needle = PLACE["needle_half"].encode() + b"-" + PLACE["needle_rest"].encode()
    with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            low, high = (int(each, 16) for each in span.split("-"))
            for start in range(low, min(high, low + (256 << 20)), 1 << 20):
                try:
                    memory.seek(start)
                    if needle in memory.read(min(1 << 20, high - start)):
                        return needle.decode()
                except OSError:
                    break
    return ""
"""

READS = [
    Attack("reads the key of the ledger", 'return open(PLACE["key"]).read()', told="read a file"),
    Attack("reads the ledger", 'return open(PLACE["ledger"], "rb").read()[:16].decode()', told="read a file"),
    Attack("reads station.toml", 'return open(PLACE["toml"]).read()', told="read a file"),
    Attack(
        "reads the settings of another plugin out of station.toml",
        """
        import tomllib
        return tomllib.load(open(PLACE["toml"], "rb"))["settings"]["good"]["password"]
        """,
        told="read a file",
    ),
    Attack(
        "lists the folder of the ledger and what is beside it",
        'return " ".join(sorted(os.listdir(os.path.dirname(PLACE["ledger"]))))',
    ),
    Attack(
        "finds every file named station.key below the root",
        """
        for folder in {os.path.dirname(os.path.dirname(PLACE["key"])), "/root", "/home", "/etc/tramkit", "/var/lib"}:
            for path, _folders, names in os.walk(folder):
                if "station.key" in names:
                    return open(os.path.join(path, "station.key")).read()
        return ""
        """,
    ),
    Attack("reads the station's environment in its own", 'return os.environ["TRAMKIT_TEST_TOKEN"]'),
    Attack(
        "reads the environment of the station's process",
        """
        told = open("/proc/%d/environ" % PLACE["pid"], "rb").read().decode()
        return next((each for each in told.split(chr(0)) if each.startswith("PATH=")), "")
        """,
        told="read a file",
    ),
    Attack("reads the memory of the station", 'return needle_in(PLACE["pid"])', module=_NEEDLE, told="read a file"),
    Attack(
        "reads the memory of the station by process_vm_readv",
        """
        needle = PLACE["needle_half"].encode() + b"-" + PLACE["needle_rest"].encode()
        size, address = PLACE["needle_size"], PLACE["needle_at"]
        buffer = ctypes.create_string_buffer(size)
        ours = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), size)
        theirs = (ctypes.c_size_t * 2)(address, size)
        system_call(310, PLACE["pid"], ours, 1, theirs, 1, 0)
        return needle.decode() if needle in buffer.raw else ""
        """,
        told="asked the kernel",
    ),
    Attack(
        "reads the secrets of another plugin out of the objects of its process",
        """
        import gc
        for each in gc.get_objects():
            for inner in list(each.values()) if isinstance(each, dict) else ():
                if isinstance(inner, dict) and isinstance(inner.get("password"), str):
                    return inner["password"]
        return ""
        """,
        process=True,
    ),
    Attack(
        "reads the command lines of all processes",
        """
        found = [open(each, "rb").read() for each in glob.glob("/proc/[0-9]*/cmdline")]
        return len(found) if any(b"pytest" in each or b"python" in each for each in found) else ""
        """,
    ),
    Attack("reads who else has an account here", 'return open("/etc/passwd").read()', told="read a file"),
    Attack(
        "follows a symbolic link of its own to the key",
        """
        link = os.path.join(PLACE["shared"], "link%d" % os.getpid())
        os.symlink(PLACE["key"], link)
        return open(link).read()
        """,
        told="write a file",
    ),
    Attack(
        "opens the station's descriptors by their numbers",
        """
        for each in glob.glob("/proc/%d/fd/*" % PLACE["pid"]):
            try:
                if os.readlink(each) == PLACE["ledger"]:
                    return open(each).read()
            except OSError:
                pass
        return ""
        """,
    ),
    Attack(
        "traces the station",
        """
        child = subprocess.Popen(["sleep", "60"]) if not PLACE["confined"] else None
        pid = child.pid if child else 1
        system_call(101, 16, pid, 0, 0)
        os.waitpid(pid, 0)
        system_call(101, 17, pid, 0, 0)
        child.kill()
        child.wait()
        return "traced"
        """,
        told="asked the kernel",
    ),
]
