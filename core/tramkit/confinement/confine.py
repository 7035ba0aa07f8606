"""Confinement of a plugin's processes by the kernel: namespaces, system calls, limits.

Bubblewrap gives the template a file system without anything of the station's, no network, and processes of its own.
In each process that is forked a filter of system calls (seccomp) is loaded before the plugin's code goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from tramkit_hal import TramkitError

LIMITS: Mapping[str, int] = {
    "as": 2 * 1024 * 1024 * 1024,
    "data": 512 * 1024 * 1024,
    "nofile": 256,
    "fsize": 0,
    "nproc": 128,
    "sigpending": 64,
    "msgqueue": 0,
    "memlock": 0,
}
"""Of one process of a plugin: bytes of addresses and of what it writes to, descriptors, bytes of a file, threads."""

_CLONE_THREAD = 0x00010000
_MAP_SHARED = 0x01
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_PTRACER = 1, 4, 38, 0x59616D61

_NO_PROGRAM = ("execve", "execveat")
_NO_PROCESS = (
    "fork",
    "vfork",
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
)
_NO_SOCKET = ("socket", "connect", "bind")
_NO_CALLER = ("listen", "accept", "accept4")
_NO_OTHER = (
    # what is shared with another process, or can be seen by one
    "shmget",
    "shmat",
    "msgget",
    "semget",
    "mq_open",
    "memfd_create",
    "memfd_secret",
    "flock",
    "inotify_init",
    "inotify_init1",
    "fanotify_init",
    "mincore",
    "cachestat",
    "pidfd_open",
    "pidfd_send_signal",
    "process_madvise",
    "process_mrelease",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "setpriority",
    "ioprio_set",
    "setpgid",
    "setsid",
    "migrate_pages",
    "move_pages",
    # what writes names into a folder
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "mknod",
    "mknodat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    # what is a large piece of kernel for a small use
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "personality",
    "modify_ldt",
    "syslog",
    "uselib",
    "lookup_dcookie",
    "quotactl",
    "acct",
    "name_to_handle_at",
    "vmsplice",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "open_tree",
    "move_mount",
    "mount_setattr",
)
_DEADLY = (
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "add_key",
    "request_key",
    "keyctl",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_by_handle_at",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
)
"""No library asks for these: whoever does is ended at once, and the operator is told."""

_NO_FCNTL = (5, 6, 7, 8, 10, 15, 36, 37, 38, 1024, 1026)
"""Locks, which others can ask for; who is signalled; leases and notes on folders (``fcntl.h``)."""
_NO_IOCTL = (0x8901, 0x8902, 0x5412, 0x5423)
"""FIOSETOWN and SIOCSPGRP (a signal to another), TIOCSTI, TIOCSETD."""
_NO_PRCTL = (_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_PTRACER)


class CannotConfineError(TramkitError, RuntimeError):
    """This machine cannot confine a plugin; why, for the operator."""


def lock_process(*, accepts: bool = False) -> None:
    """Take from this process what no service needs: programs, other processes, sockets, memory shared with others.

    From here on it may start threads and nothing else; what it knows ends with it.

    :param accepts: it may take what comes to a socket that it was given, and still makes and connects none.
    :raises CannotConfineError: the filter cannot be loaded.
    """
    try:
        import pyseccomp as seccomp  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise CannotConfineError("pyseccomp is missing; run: pip install 'tramkit[sandbox]'") from None
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refuse, end = seccomp.ERRNO(errno.EPERM), seccomp.KILL_PROCESS
    refused = (*_NO_PROGRAM, *_NO_PROCESS, *_NO_SOCKET, *(() if accepts else _NO_CALLER), *_NO_OTHER)
    for names, action in ((refused, refuse), (_DEADLY, end)):
        for name in names:
            with contextlib.suppress(ValueError, OSError):  # a call that this architecture or library has not
                rules.add_rule(action, name)
    rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
    with contextlib.suppress(ValueError, OSError):
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # the C library then asks by clone
    rules.add_rule(refuse, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, _MAP_SHARED, _MAP_SHARED))
    rules.add_rule(refuse, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    for name, argument, values in (("fcntl", 1, _NO_FCNTL), ("ioctl", 1, _NO_IOCTL), ("prctl", 0, _NO_PRCTL)):
        for value in values:  # only the low half is looked at by the kernel
            rules.add_rule(refuse, name, seccomp.Arg(argument, seccomp.MASKED_EQ, 0xFFFFFFFF, value))
    with contextlib.suppress(OSError, AttributeError):
        hide_memory()
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        rules.load()
    except OSError as error:
        raise CannotConfineError(f"the kernel takes no filter of system calls: {error.strerror}") from None


def hide_memory() -> None:
    """Let no other process of the same user read this one's memory (``PR_SET_DUMPABLE``)."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


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
        *binds,
        "--dir",
        "/dev",
        *(word for name in _DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        "--remount-ro",
        "/",
        "--chdir",
        "/",
    ]


_DEVICES = ("null", "zero", "random", "urandom")
"""No ``/dev/shm``, no terminals; and no ``/proc``, where processes see each other's names."""


def _paths() -> list[str]:
    """Return the folders from which Tramkit itself and installed libraries are imported.

    Those that a ``.pth`` file adds (:func:`site.addsitedir`) lie outside the environment.
    """
    found = [importlib.util.find_spec(each) for each in ("tramkit", "tramkit_hal")]
    ours = [str(Path(spec.origin).parent.parent) for spec in found if spec is not None and spec.origin is not None]
    return [*ours, *(each for each in sys.path if Path(each).name in ("site-packages", "dist-packages"))]


def limits_argument() -> str:
    """Return the limits of a confined template, as its argument."""
    return json.dumps(dict(LIMITS))
