"""A bell whose answer did not reach the broker makes its worker connect anew.

In: Celery's requests, one for each bell that a worker process hears. Out: the same; when an answer is
lost, an error in the event loop, which Celery answers with a new connection. Left alone, Celery 5.7 logs
the lost answer and goes on: the bell counts as being worked on for ever, and a worker with as many of
those as it has processes asks for no more and does not watch its socket, alive and deaf (found by killing
Redis under a busy worker with one process: tests/faults/test_outages.py).
"""

from __future__ import annotations

from typing import Any, ClassVar

from celery.worker.request import Request

SENT_SECONDS = 1.0  # Celery sends an answer in a later turn of its event loop


class Answer(Request):  # type: ignore[misc] # Celery has no types
    """Celery's record of one message that is worked on."""

    #: The event loop of this process; kombu's own `get_event_loop` forgets it at the first new connection.
    loop: ClassVar[Any] = None

    def acknowledge(self) -> None:
        super().acknowledge()
        self._look_later()

    def reject(self, requeue: bool = False) -> None:
        super().reject(requeue)
        self._look_later()

    def _look_later(self) -> None:
        if self.loop is not None:
            self.loop.call_later(SENT_SECONDS, self._connect_anew_if_lost)

    def _connect_anew_if_lost(self) -> None:
        message: Any = self.message
        # A closed channel is of a connection that was given up already: the present one is well.
        if not (message.acknowledged or message.channel.closed):
            raise ConnectionError("an answer did not reach the broker")
