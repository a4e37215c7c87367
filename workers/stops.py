"""Being asked to stop, at a moment that loses nothing.

In: signals. Out: `Stopping`, raised in the main thread while an item is worked on, so that it is given
back at once; held back while one is being claimed, when nobody would know yet what to give back.
"""

from __future__ import annotations

import signal
from types import FrameType


class Stopping(SystemExit):
    """Asked to stop: the item in hand goes back to the queue at once."""


class _State:
    """Of this process; signals are a matter of processes."""

    asked = False
    held_back = False


def stop_on(*numbers: signal.Signals) -> None:
    """Makes these signals raise Stopping, once: the second must not interrupt the giving back."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        _State.asked = True
        if not _State.held_back:
            raise Stopping

    for number in numbers:
        signal.signal(number, stop)


def is_asked() -> bool:
    """Whether a stop was asked for, whatever became of the exception."""
    return _State.asked


def hold_back() -> None:
    """From here on a stop waits for `let_through`."""
    _State.held_back = True


def let_through() -> None:
    """Raises Stopping when a stop was asked for in the meantime."""
    _State.held_back = False
    if _State.asked:
        raise Stopping
