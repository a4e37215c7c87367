"""One decoder child: forked with an open file and nothing else, read with a deadline, always reaped.

In: the command line of its template, its bounds, and the descriptor to hand over. Out: the bytes it
sends. Refuses to wait longer than the wall clock allows; the time that the consumer takes between
reads is not counted.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from io import FileIO

from verify.errors import DecoderCrashed
from verify.media.decoder_child import wire
from verify.media.template import TEMPLATES, Template

_LEAVE_SECONDS = 1.0  #: an idle child has this long to leave by itself


class ChildProcess:
    """A running child. `wall_seconds` is how long all reads together may wait."""

    def __init__(self, command: Sequence[str], bounds: wire.Bounds, *, fd: int, wall_seconds: float) -> None:
        self._left_seconds = wall_seconds
        self._exit_code: int | None = None
        their_requests, self._requests = _pipe()
        self._replies, their_replies = _pipe()
        try:
            with their_requests, their_replies:
                theirs = their_requests.fileno(), their_replies.fileno(), fd
                self._template: Template = TEMPLATES.fork(command, bounds, theirs)
        except BaseException:
            self._requests.close()
            self._replies.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)

    @property
    def template_pid(self) -> int:
        """The process group that the template runs in, in its sandbox if it has one."""
        return self._template.pid

    def send(self, line: bytes) -> None:
        """Write one request line. A child that is gone is noticed at the next read."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(line)

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes. Raises DecoderCrashed when the child ends or its time is over."""
        data = bytearray(size)
        view = memoryview(data)
        filled = 0
        while filled < size:
            self._wait()
            count = os.readv(self._replies.fileno(), [view[filled:]])
            if count == 0:
                raise DecoderCrashed(self._cause_of_death())
            filled += count
        return data

    def close(self, *, idle: bool) -> None:
        """Reap the child: an idle one may leave by itself when its requests end, any other is killed."""
        self._requests.close()
        self._reap(patience_seconds=_LEAVE_SECONDS if idle else 0.0)
        self._replies.close()

    def _reap(self, *, patience_seconds: float) -> int:
        """The child's exit code, once; its template is given back, or was ended."""
        if self._exit_code is None:
            try:
                self._exit_code, reusable = self._template.reap(patience_seconds=patience_seconds)
            except BaseException:  # stopped in between: whether the child is dead is not known
                self._template.end()
                raise
            if reusable:
                TEMPLATES.give_back(self._template)
        return self._exit_code

    def _wait(self) -> None:
        started = time.monotonic()
        ready = self._poll.poll(max(0.0, self._left_seconds) * 1000)
        self._left_seconds -= time.monotonic() - started
        if not ready:
            raise DecoderCrashed("it took longer than VERIFY_DECODE_WALL_SECONDS")

    def _cause_of_death(self) -> str:
        code = self._reap(patience_seconds=0.0)  # a process that is ending keeps its status when it is killed
        number = -code if code < 0 else code - 128  # bubblewrap passes a signal on as 128 + number
        if number in {signal.SIGXCPU, signal.SIGKILL}:
            return "it used more CPU time than VERIFY_DECODE_CPU_SECONDS, or was killed"
        if 0 < number < signal.NSIG:
            return f"it died of {signal.Signals(number).name}"
        return f"it ended with status {code}"


def _pipe() -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return FileIO(reading, "rb"), FileIO(writing, "wb")
