"""Warm starts: template processes that have a decoder imported, each leased to one child at a time.

In: the command line of a template, and what a child of it gets. Out: a leased template, its child forked.
A process keeps at most MOST_IDLE idle templates, whatever their command lines; they end with it. A
forked process has none of its parent's. Safe to share between threads. A template that is found dead is
replaced; raises OSError when there is no such command.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict
from queue import SimpleQueue
from weakref import WeakSet

from verify.media.decoder_child import wire

MOST_IDLE = 2
_DIE_SECONDS = 1.0  #: a template has this long to kill its child before it is killed itself


class Template:
    """A started template. Whoever leased it uses it from one thread at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._control, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*command, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # its own group, to be killed as one; Ctrl-C is ours, not its
                )
            except BaseException:
                self._control.close()
                raise
        self._readable = select.poll()
        self._readable.register(self._control, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, bounds: wire.Bounds, descriptors: Sequence[int]) -> bool:
        """Order a child with these `descriptors` (requests, replies, medium). False: it is dead."""
        payload = json.dumps(asdict(bounds)).encode()
        order = wire.HEADER.pack(wire.FORK, len(payload)) + payload
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            return socket.send_fds(self._control, [order], descriptors) == len(order)
        return False

    def reap(self, *, patience_seconds: float) -> tuple[int, bool]:
        """How the child ended, as Popen.returncode, and whether the template can be leased again.

        Kills a child that has not ended when the patience is over. A template that does not report its
        child's end is ended, and its own end stands for the child's.
        """
        report = self._report(patience_seconds) or self._report_of_kill()
        if len(report) < wire.REPORT.size:
            return self.end(), False
        status, stays = wire.REPORT.unpack(report)
        if not stays:
            self.end()
        return os.waitstatus_to_exitcode(status), stays

    def end(self) -> int:
        """Kill the template, and with it what it has forked; harmless when done twice."""
        self._control.close()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def disown(self) -> None:
        """Let go of a template that is the parent's: this process was forked."""
        self._control.close()
        self._process.returncode = 0  # nor is it this process's to wait for, or to be warned of

    def _report_of_kill(self) -> bytes:
        with contextlib.suppress(OSError):  # its end is closed, or (after a fork) ours
            self._control.sendall(wire.HEADER.pack(wire.KILL, 0))
            return self._report(_DIE_SECONDS)
        return b""

    def _report(self, seconds: float) -> bytes:
        """Empty when none came in this time, or none will come."""
        if self._control.fileno() < 0 or not self._readable.poll(seconds * 1000):
            return b""
        with contextlib.suppress(ConnectionResetError):
            return self._control.recv(wire.REPORT.size, socket.MSG_WAITALL)
        return b""


class Templates:
    """The templates of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Template] = []  #: the one used last at the end
        self._all: WeakSet[Template] = WeakSet()
        self._starter = _Starter()
        self._closed = False

    def fork(self, command: Sequence[str], bounds: wire.Bounds, descriptors: Sequence[int]) -> Template:
        """A leased template that was told to fork a child; see Template.fork.

        One that dies at its start is noticed as a child that is dead. Raises OSError.
        """
        while (template := self._taken(tuple(command))) is not None:
            if template.fork(bounds, descriptors):
                return template
            template.end()
        with self._lock:  # no fork of this process comes between the socket and the note of it
            template = self._starter.start(command)
            self._all.add(template)
        template.fork(bounds, descriptors)
        return template

    def give_back(self, template: Template) -> None:
        """Keep `template` for the next medium, or end one that is over the number kept."""
        with self._lock:
            self._idle.append(template)
            most = 0 if self._closed else MOST_IDLE
            surplus = [self._idle.pop(0) for _ in range(len(self._idle) - most)]
        for one in surplus:
            one.end()

    def end_idle(self) -> None:
        """End the idle templates. Those that are leased stay: another thread may be at work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for template in idle:
            template.end()

    def close(self) -> None:
        """End the idle templates, and from now on each that is given back."""
        self._closed = True
        self.end_idle()

    def before_fork(self) -> None:
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew, holding nothing that would keep the parent's templates alive."""
        for template in self._all:
            template.disown()
        self._all.clear()
        self._idle.clear()
        self._starter = _Starter()  # its thread was not forked
        self._lock.release()

    def _taken(self, command: tuple[str, ...]) -> Template | None:
        with self._lock:
            fitting = [template for template in self._idle if template.command == command]
            if not fitting:
                return None
            self._idle.remove(fitting[-1])
            return fitting[-1]


class _Starter:
    """Starts templates from a thread that lives as long as the process does.

    Bubblewrap's --die-with-parent (PR_SET_PDEATHSIG) means the thread that started it: a template
    started in a passing thread would be killed with that, whoever has leased it by then.
    """

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[Sequence[str], Future[Template]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, command: Sequence[str]) -> Template:
        if threading.current_thread() is threading.main_thread():
            return Template(command)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="templates", daemon=True)
            self._thread.start()
        started: Future[Template] = Future()
        self._wanted.put((command, started))
        return started.result()

    def _run(self) -> None:
        while True:
            command, started = self._wanted.get()
            try:
                started.set_result(Template(command))
            except BaseException as error:  # noqa: BLE001 - it is raised where the template was wanted
                started.set_exception(error)


TEMPLATES = Templates()
os.register_at_fork(
    before=TEMPLATES.before_fork,
    after_in_parent=TEMPLATES.after_fork_in_parent,
    after_in_child=TEMPLATES.after_fork_in_child,
)
atexit.register(TEMPLATES.close)
