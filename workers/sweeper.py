"""The sweep: puts right what died, and rings for what is due; by beat, or by any worker if beat is gone.

In: settings. Out: leases that ran out are queued again or ended, and bells hang for what waits.
Whoever comes first sweeps; the others see in the database that it was done.
"""

from __future__ import annotations

import logging
import random
import threading
from functools import cache

from verify.bell import Bell, bell_for, ring_for_due
from verify.errors import VerifyError
from verify.settings import Settings
from verify.store.database import open_database
from verify.store.items import Sweep
from verify.store.ledger import Ledger
from verify.wiring import database_url, ledger_of

log = logging.getLogger("verify.sweep")


class Sweeper:
    """Sweeps one ledger and rings one bell."""

    def __init__(self, ledger: Ledger, bell: Bell) -> None:
        self._ledger = ledger
        self._bell = bell

    @staticmethod
    @cache
    def of(settings: Settings) -> Sweeper:
        """The sweeper of this process, with connections of its own."""
        ledger = ledger_of(settings, open_database(database_url(settings)))
        return Sweeper(ledger, bell_for(settings.broker_url.get_secret_value()))

    def sweep(self) -> Sweep:
        """Raises StorageBusy, StorageFull."""
        swept = self._ledger.sweep()
        if swept.requeued or swept.abandoned or swept.cancelled:
            log.warning(
                "lost by their workers: %d requeued, %d abandoned, %d cancelled",
                len(swept.requeued),
                len(swept.abandoned),
                len(swept.cancelled),
            )
        ring_for_due(self._bell, self._ledger)
        return swept

    def watch(self, stopped: threading.Event) -> None:
        """Sweeps whenever nobody has for two periods, until `stopped`. For a thread of its own."""
        period = self._ledger.patience.sweep_seconds
        while not stopped.wait(period * random.uniform(0.8, 1.2)):
            try:
                if self._ledger.seconds_since_sweep() > 2 * period:
                    self.sweep()
            except VerifyError as error:
                log.warning("no sweep: %s", error)
