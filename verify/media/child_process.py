"""One decoder child: started with an open file and nothing else, read with a deadline, always reaped.

In: the command line and the descriptor to hand over. Out: the bytes it sends. Refuses to wait
longer than the wall clock allows; the time that the consumer takes between reads is not counted.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from verify.errors import DecoderCrashed

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAVE_SECONDS = 1.0  #: an idle child has this long to leave by itself


class ChildProcess:
    """A running child. `wall_seconds` is how long all reads together may wait."""

    def __init__(self, command: Sequence[str], *, fd: int, wall_seconds: float) -> None:
        self._left_seconds = wall_seconds
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            pass_fds=(fd,),
            start_new_session=True,  # its own group, to be killed as one; Ctrl-C is ours, not its
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

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
        if idle:
            self._poll.poll(_LEAVE_SECONDS * 1000)  # its pipe closes
        self._reap()
        self._replies.close()

    def _reap(self) -> int:
        """Kill whatever is left of the process group, once, before its number can be another's."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _wait(self) -> None:
        started = time.monotonic()
        ready = self._poll.poll(max(0.0, self._left_seconds) * 1000)
        self._left_seconds -= time.monotonic() - started
        if not ready:
            raise DecoderCrashed("it took longer than VERIFY_DECODE_WALL_SECONDS")

    def _cause_of_death(self) -> str:
        code = self._reap()  # a process that is ending keeps its status when it is killed
        number = -code if code < 0 else code - 128  # bubblewrap passes a signal on as 128 + number
        if number in {signal.SIGXCPU, signal.SIGKILL}:
            return "it used more CPU time than VERIFY_DECODE_CPU_SECONDS, or was killed"
        if 0 < number < signal.NSIG:
            return f"it died of {signal.Signals(number).name}"
        return f"it ended with status {code}"
