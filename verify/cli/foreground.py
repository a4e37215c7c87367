"""Checks in the foreground: one after the other, each to its report, the posts of an article included.

In: words from the command line. Out: reports, as files and told in short. What is wrong with one item
stops no other.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from verify.cli.finished import find_report
from verify.cli.screen import ItemScreen, complain, say
from verify.errors import VerifyError
from verify.model import Report
from verify.pipeline import Submission
from verify.pipeline.children import child_requests
from verify.pipeline.desk import Desk, worker_name
from verify.pipeline.output import write
from verify.posts.in_text import Entry
from verify.posts.intake import entries_from, entries_from_stream
from verify.reports import short_finding
from verify.store.items import Item, Lease, NewItem
from verify.wiring import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a person says beside what is to be checked; wins over what a list says."""

    claim: str = ""
    note: str = ""
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the checks are done and told."""

    folder: Path  #: for the reports
    recheck: bool = False
    is_quiet: bool = False  #: no progress
    is_silent: bool = False  #: no short findings


def submissions(words: Iterable[str], beside: Beside) -> Iterator[Submission | None]:
    """What the words name: addresses, files, folders, lists, text; None for what cannot be read."""
    for word in words:
        try:
            entries = entries_from_stream(sys.stdin.read()) if word == "-" else entries_from(word)
        except VerifyError as error:
            complain(f"{word}: {error}")
            yield None
            continue
        for entry in entries:
            yield _submission(entry, beside)


def _submission(entry: Entry, beside: Beside) -> Submission:
    return Submission(
        text=entry.text,
        claim=beside.claim or entry.claim,
        note=beside.note or entry.note,
        posted_at=beside.posted_at or entry.posted_at,
    )


class Foreground:
    """Works on what it is given until everything has its report."""

    def __init__(self, tool: Tool, manner: Manner) -> None:
        self._tool = tool
        self._manner = manner
        self._desk = Desk(tool.parts, worker=worker_name("cli"), on_wait=_tell_of_waiting)
        self.unreported = 0  #: items that ended without a report

    def reports(self, wanted: Iterable[Submission | None]) -> Iterator[Report]:
        """The report of each item, in order; an article is followed by the posts that it embeds."""
        for submission in wanted:
            if submission is None:
                self.unreported += 1
                continue
            requests = deque([self._tool.intake.request(submission)])
            while requests:
                item = self._item(requests.popleft())
                report = self._reported(item)
                if report is not None:
                    requests.extend(child_requests(report.post, item))
                    yield report

    def _item(self, request: NewItem) -> Item:
        taken = self._desk.take(request, recheck=self._manner.recheck)
        if isinstance(taken, Lease):
            return self._worked_on(taken)
        when = f"{taken.updated_at:%Y-%m-%d %H:%M} UTC"
        complain(
            f"{request.submitted}: checked {when}, nothing has changed since; --recheck fetches it again"
        )
        return taken

    def _worked_on(self, lease: Lease) -> Item:
        try:
            with ItemScreen(lease.item.submitted, quiet=self._manner.is_quiet) as screen:
                return self._tool.pipeline.check(lease, last_try=True, watch=screen.watch)
        except KeyboardInterrupt:
            complain(f"{lease.item.submitted}: interrupted; the same command goes on where it stopped")
            raise

    def _reported(self, item: Item) -> Report | None:
        report = find_report(self._tool, item.id)
        if report is None:  # cancelled, or given up on by the queue
            self.unreported += 1
            complain(f"{item.submitted}: {item.error_sentence or item.state.value}")
            return None
        path = write(report, self._tool.parts.blobs, self._manner.folder)
        if not self._manner.is_silent:
            say(f"{short_finding(report)}\n  Report: {path}\n")
        return report


def _tell_of_waiting(item: Item) -> None:
    complain(f"{item.submitted}: another process is checking it; waiting for it")
