"""The template: imports a decoder once, then forks a child for each medium that it is handed.

Started as `python -I -S -B <this folder> video|image <library folders> <control socket>`, inside the
sandbox where there is one. In: orders on the control socket. Out: a report of each child's end there. It
has at most one child at a time, never reads a medium, and ends when the socket does; the child dies with
it.

What a child in an attacker's hands could do to it: it runs as the same user in the same namespaces.
So the template cannot be traced and its memory and descriptors cannot be opened (`_hide`); the child does
not hold the control socket; and whatever else a process may do to another of its user is looked for after
each child. A template that something was done to, whose child left a process behind, or whose child
crashed forks no other: the next template has new namespaces, and its addresses lie elsewhere. What is
not looked for (shared memory left in the namespace, say) goes after MOST_CHILDREN.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from verify.media.decoder_child import child, wire

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36  # linux/prctl.h
_LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
MOST_CHILDREN = 200
_ABOVE = 16  #: descriptors are moved out of the way to here


def main() -> NoReturn:
    library, folders, control = sys.argv[1:]
    low = os.dup(int(control))  # the parent may have had hundreds of descriptors, and so its number
    os.close(int(control))
    resource.setrlimit(resource.RLIMIT_NOFILE, (child.MOST_FILES, child.MOST_FILES))
    left = MOST_CHILDREN if _hide() else 1
    sys.path.extend(folders.split(os.pathsep))
    _load(library)
    forker = Forker(control=socket.socket(fileno=low), woken=_wake_on_end(), standing=_standing())
    while left and (order := forker.order()):
        if order.kind == wire.FORK:
            left = left - 1 if forker.serve(order, is_last=left == 1) else 0
            _load("image")  # Pillow writes the stills of videos; a first look at one needs none
    os._exit(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    kind: bytes  #: wire.FORK or wire.KILL
    payload: bytes
    descriptors: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forker:
    """Takes orders, and watches one child at a time."""

    control: socket.socket
    woken: int  #: a pipe's end that can be read after a child has ended
    standing: tuple[object, ...]  #: as it was before the first child

    def order(self) -> Order | None:
        """The next order; None when the parent is gone or hands over less than it should."""
        head, descriptors, _, _ = socket.recv_fds(self.control, wire.HEADER.size, 3)
        if len(head) < wire.HEADER.size:
            return None
        kind, length = wire.HEADER.unpack(head)
        payload = self.control.recv(length, socket.MSG_WAITALL) if length else b""
        if len(descriptors) != (3 if kind == wire.FORK else 0):
            return None
        return Order(kind=kind, payload=payload, descriptors=tuple(descriptors))

    def serve(self, order: Order, *, is_last: bool) -> bool:
        """Fork a child, report its end, and say whether there may be another."""
        _drain(self.woken)
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(order, template)
        for descriptor in order.descriptors:
            os.close(descriptor)
        status = self._outlive(pid)
        is_as_before = not _strays() and _standing() == self.standing
        stays = is_as_before and status in {0, signal.SIGKILL} and not is_last
        self.control.sendall(wire.REPORT.pack(status, stays))
        return stays

    def _become_child(self, order: Order, template: int) -> NoReturn:
        try:
            os.setsid()  # its own group, to be killed as one
            _die_with(template)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.control.detach()  # closed with all others
            _keep_only(order.descriptors)
            child.run(wire.Bounds(**json.loads(order.payload)))
        finally:
            os._exit(1)

    def _outlive(self, pid: int) -> int:
        """The child's wait status, once it has ended by itself or was killed as ordered."""
        watch = select.poll()
        watch.register(self.control, select.POLLIN)
        watch.register(self.woken, select.POLLIN)
        ended = parted = False
        while not (ended or parted):
            ready = {descriptor for descriptor, _ in watch.poll()}
            if self.control.fileno() in ready:
                ended, parted = True, self.order() is None
            else:
                _drain(self.woken)
                ended = _has_ended(pid)
        status = _kill(pid)
        if parted:
            os._exit(0)
        return status


def _load(decoder: str) -> None:
    with contextlib.suppress(ImportError):  # met again, and reported, by the child
        importlib.import_module(f"verify.media.decoder_child.{decoder}")
    gc.freeze()  # a collection in a child would copy every page of what was imported


def _hide() -> bool:
    """Keep other processes of this user out, and take in those that a child leaves behind.

    Not dumpable means that none may trace this process or open /proc/<pid>/mem and fd: a child that was
    taken over could otherwise write into what the next child is forked from. (Against root there is no
    help, nor without bubblewrap for the parent.) False where Linux would but ctypes is missing: then a
    template is good for one child.
    """
    if sys.platform != "linux":
        return True
    return _prctl(_PR_SET_DUMPABLE, 0) and _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> bool:
    try:
        import ctypes  # noqa: PLC0415 - not every interpreter was built with it
    except ImportError:
        return False
    numbers = [ctypes.c_ulong(number) for number in (value, 0, 0, 0)]
    return bool(ctypes.CDLL(None).prctl(option, *numbers) == 0)


def _die_with(template: int) -> None:
    """Let the kernel kill this process when its template dies, even if that was a moment ago."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != template:
        os._exit(1)


def _wake_on_end() -> int:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # the default would not wake anything
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _drain(woken: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(woken, 512):
            pass


def _standing() -> tuple[object, ...]:
    """What another process of the same user may change: limits, and how much of the processor one gets."""
    limits = tuple(resource.getrlimit(limit) for limit in _LIMITS)
    if sys.platform != "linux":
        return limits, os.getpriority(os.PRIO_PROCESS, 0)
    return limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)


def _has_ended(pid: int) -> bool:
    """Whether it has; it is not reaped yet, so that its number is its own until its group was killed."""
    if sys.platform == "darwin":
        return True  # Python has no waitid there before 3.13, so SIGCHLD is taken at its word
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(pid: int) -> int:
    """The wait status; a process that was ending keeps its own."""
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # killed before it had a group
        os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _strays() -> bool:
    """Whether processes of the last child live on. A dead process's children are this one's already."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def _keep_only(descriptors: tuple[int, ...]) -> None:
    """Lay the three where a child has them, and close all others."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _ABOVE) for descriptor in descriptors]
    for descriptor, place in zip(high, (wire.REQUESTS_FD, wire.REPLIES_FD, wire.MEDIUM_FD), strict=True):
        os.dup2(descriptor, place, inheritable=False)
    os.closerange(wire.MEDIUM_FD + 1, child.MOST_FILES)
