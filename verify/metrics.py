"""What an operator watches, in Prometheus' terms.

In: the database. Out: a collector for the API's `/metrics`, and what a worker notes of each item: how
long each stage took and how each request to a host ended. Figures are read when they are asked for.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from verify.store.database import Database
from verify.store.figures import Figures
from verify.store.ledger import Ledger
from verify.store.tables import items

_KINDS = {
    "stage_seconds": ("verify_stage_seconds", "Time spent in each stage", ("stage",)),
    "stage_count": ("verify_stage_runs", "Times each stage was gone through", ("stage",)),
    "fetches": ("verify_fetches", "Requests by host and how they ended", ("host", "outcome")),
}

Increments = defaultdict[tuple[str, tuple[str, ...]], float]


class StageClock:
    """A `Watch` that measures how long each stage takes."""

    def __init__(self) -> None:
        self.increments: Increments = defaultdict(float)
        self._stage = ""
        self._since = 0.0

    def __call__(self, stage: str, progress: float | None) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._since = stage, now
        if progress == 1.0:
            name = stage.partition("/")[0]
            self.increments["stage_seconds", (name,)] += now - self._since
            self.increments["stage_count", (name,)] += 1
            self._stage = ""


def fetches_in(report: str) -> Increments:
    """How each request of an item ended, by host, as its report has them."""
    found: Increments = defaultdict(float)
    for attempt in json.loads(report).get("post", {}).get("attempts", ()):
        host = urlsplit(attempt.get("url", "")).hostname or "none"
        found["fetches", (host, attempt.get("outcome", ""))] += 1
    return found


class StoreCollector(Collector):
    """Findings, stages, fetches, the age of the last sweep, and what the caches take on disk."""

    def __init__(self, database: Database, ledger: Ledger, home: Path) -> None:
        self._database = database
        self._ledger = ledger
        self._home = home

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape, so that registering asks no database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield self._findings()
        yield from self._sums()
        sweep = GaugeMetricFamily("verify_last_sweep_seconds", "Seconds since any process swept")
        sweep.add_metric([], self._ledger.seconds_since_sweep())
        yield sweep
        sizes = GaugeMetricFamily(
            "verify_cache_bytes", "Size on disk of what can be made anew", labels=["cache"]
        )
        for name in ("index", "answers"):
            sizes.add_metric([name], folder_bytes(self._home / name))
        yield sizes

    def _findings(self) -> Metric:
        found = GaugeMetricFamily("verify_findings", "Ended items by finding", labels=["finding"])
        query = select(items.c.finding, func.count()).where(items.c.finding != "").group_by(items.c.finding)
        with self._database.reading() as connection:
            for finding, count in connection.execute(query):
                found.add_metric([finding], count)
        return found

    def _sums(self) -> Iterator[Metric]:
        families = {
            kind: CounterMetricFamily(name, words, labels=labels)
            for kind, (name, words, labels) in _KINDS.items()
        }
        for figure in Figures(self._database).read():
            if figure.name in families:
                families[figure.name].add_metric(list(figure.labels), figure.value)
        yield from families.values()


def folder_bytes(folder: Path) -> int:
    """The sizes of the files in it and below, added up; 0 for none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # removed while we looked
            continue
    return total
