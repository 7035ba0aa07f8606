"""Confinement of a plugin's processes by the kernel: namespaces, system calls, limits.

Bubblewrap gives the template a file system without anything of the station's, no network, and processes of its own.
In each process that is forked a filter of system calls (seccomp) is loaded before the plugin's code goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from tramkit_hal import TramkitError

MEMORY = 1536 * 1024 * 1024
"""Bytes of address space of one process of a plugin."""
LIMITS: Mapping[str, int] = {"as": MEMORY, "nofile": 256, "fsize": 0, "nproc": 128}

_CLONE_THREAD = 0x00010000
_NO_PROGRAM = ("execve", "execveat")
_NO_PROCESS = ("fork", "vfork", "kill", "tkill")
_NO_SOCKET = ("socket", "connect", "bind", "listen", "accept", "accept4")
_NO_OTHER = (
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "shmget",
    "shmat",
    "msgget",
    "semget",
    "mq_open",
    "memfd_create",
    "add_key",
    "request_key",
    "keyctl",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_by_handle_at",
    "init_module",
    "finit_module",
    "kexec_load",
    "reboot",
    "swapon",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "setsid",
    "sched_setaffinity",
    "setpriority",
)
"""What a plugin needs for nothing; by most of it something could outlive the process or reach another one."""


class CannotConfineError(TramkitError, RuntimeError):
    """This machine cannot confine a plugin; why, for the operator."""


def lock_process(*, forks: bool = False) -> None:
    """Take from this process what no service needs: other programs and processes, sockets, other processes' memory.

    :param forks: it may fork and end what it has forked: a template.
    :raises CannotConfineError: the filter cannot be loaded.
    """
    try:
        import pyseccomp as seccomp  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise CannotConfineError("pyseccomp is missing; run: pip install 'tramkit[sandbox]'") from None
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in (*_NO_PROGRAM, *_NO_SOCKET, *_NO_OTHER, *(() if forks else _NO_PROCESS)):
        with contextlib.suppress(ValueError, OSError):  # a call that this architecture has not
            rules.add_rule(refuse, name)
    if not forks:
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
    with contextlib.suppress(ValueError, OSError):
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # the C library then asks by clone
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no other process reads its memory
    try:
        rules.load()
    except OSError as error:
        raise CannotConfineError(f"the kernel takes no filter of system calls: {error.strerror}") from None


@functools.cache
def why_not() -> str:
    """Return why this machine cannot confine a plugin; empty: it can. It is tried once."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed; run: apt-get install bubblewrap"
    try:
        import pyseccomp  # pyright: ignore  # noqa: F401
    except (ImportError, RuntimeError):
        return "pyseccomp or libseccomp is missing; run: pip install 'tramkit[sandbox]'"
    try:
        tried = subprocess.run(
            [*command((), ()), sys.executable, "-I", "-c", "pass"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be used: {type(error).__name__}"
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        return f"bubblewrap cannot be used: {said[-1][:200] if said else tried.returncode}"
    return ""


def command(folders: Sequence[str], files: Sequence[str]) -> list[str]:
    """Return what a program is started with so that it sees Python, these folders and files, and nothing else.

    :param folders: that it can read, e.g. where the plugin lies.
    :param files: that it can read.
    """
    python = {sys.prefix, sys.base_prefix, *(sysconfig.get_paths()[each] for each in ("stdlib", "purelib", "platlib"))}
    readable = sorted({*python, *_paths(), *folders})
    binds: list[str] = []
    for each in ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/localtime", *readable, *files):
        if Path(each).is_symlink() and Path(each).parent == Path("/"):
            binds += ["--symlink", os.readlink(each), each]
        elif Path(each).exists():
            binds += ["--ro-bind", each, each]
    return [
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--uid",
        "65534",
        "--gid",
        "65534",
        "--hostname",
        "plugin",
        "--clearenv",
        "--setenv",
        "LANG",
        "C.UTF-8",
        "--setenv",
        "PYTHONDONTWRITEBYTECODE",
        "1",
        *binds,
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--remount-ro",
        "/dev",
        "--chdir",
        "/",
    ]


def _paths() -> list[str]:
    """Return the folders from which Tramkit itself and libraries are imported, those that a ``.pth`` adds too."""
    import tramkit
    import tramkit_hal

    libraries = [each for each in sys.path if Path(each).name in ("site-packages", "dist-packages")]
    return [*(str(Path(str(each.__file__)).parent.parent) for each in (tramkit, tramkit_hal)), *libraries]


def limits_argument() -> str:
    """Return the limits of a confined template, as its argument."""
    return json.dumps(dict(LIMITS))
