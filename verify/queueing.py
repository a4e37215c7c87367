"""Lists of things to check, into the queue: line by line, so that one bad line stops no other.

In: the text of a list: CSV with a header, JSON Lines, or one address or path a line ("#" begins a
comment). Out: a submission for each good line and the number, words and fault of each bad one; and
`accept`, which commits submissions and only then rings for them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.bell import Bell, ring_for
from verify.errors import UnreadableInput, VerifyError
from verify.pipeline import Intake, Submission
from verify.pipeline.intake import is_path
from verify.posts.in_text import Entry
from verify.posts.tables import entries_in_csv, entries_in_jsonl, is_csv, is_jsonl
from verify.posts.urls import parse
from verify.store.items import Item, Priority
from verify.store.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that was left out, and why."""

    number: int  #: from 1, as an editor counts
    text: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueList:
    """What a list holds."""

    submissions: tuple[Submission, ...]
    bad: tuple[BadLine, ...]


def read_list(text: str, *, priority: Priority = Priority.NORMAL) -> QueueList:
    """The good lines and the bad ones; an empty list has neither."""
    body = text.removeprefix("\ufeff")
    read: Callable[[str], tuple[Entry, ...]] = _plain_entries
    lines: Iterable[tuple[int, str]] = enumerate(body.splitlines(), start=1)
    if is_csv(body):
        lines, read = _csv_records(body), entries_in_csv
    elif is_jsonl(body):
        read = entries_in_jsonl
    good: list[Submission] = []
    bad: list[BadLine] = []
    for number, line in lines:
        if not line.strip():
            continue
        try:
            good += [_submission(entry, priority) for entry in _checked(read(line), line)]
        except VerifyError as error:
            bad.append(BadLine(number=number, text=line.strip().split("\n")[-1], sentence=str(error)))
    return QueueList(submissions=tuple(good), bad=tuple(bad))


def read_list_file(path: Path, *, priority: Priority = Priority.NORMAL) -> QueueList:
    """The same for a file. Raises UnreadableInput when it cannot be read at all."""
    try:
        return read_list(path.read_text(encoding="utf-8-sig", errors="replace"), priority=priority)
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror or error}") from error


def accept(ledger: Ledger, intake: Intake, bell: Bell, submissions: Sequence[Submission]) -> Sequence[Item]:
    """The accepted items, committed before any bell rings; all of them or on an error none.

    Raises StorageBusy, StorageFull.
    """
    items = ledger.enqueue_many([intake.request(submission) for submission in submissions])
    ring_for(bell, items)
    return items


def _submission(entry: Entry, priority: Priority) -> Submission:
    return Submission(
        text=entry.text, claim=entry.claim, note=entry.note, posted_at=entry.posted_at, priority=priority
    )


def _checked(entries: Sequence[Entry], line: str) -> Iterator[Entry]:
    """Raises InvalidUrl, UnsupportedUrl, UnreadableInput."""
    if not entries and not line.lstrip().startswith("#"):
        raise UnreadableInput("no address in it")
    for entry in entries:
        if not is_path(entry.text):
            parse(entry.text)
        elif not Path(entry.text).expanduser().is_file():
            raise UnreadableInput(f"{entry.text}: no such file")
        yield entry


def _plain_entries(line: str) -> tuple[Entry, ...]:
    return () if line.lstrip().startswith("#") else (Entry(text=line.strip()),)


def _csv_records(body: str) -> Iterator[tuple[int, str]]:
    """Each record behind the header, as a small CSV of its own, with the number of its last line."""
    header = body.partition("\n")[0]
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=max(",;\t", key=header.count))
    names = next(reader)
    for record in reader:
        if any(cell.strip() for cell in record):
            yield reader.line_num, _as_csv(names, record, reader.dialect.delimiter)


def _as_csv(names: Sequence[str], record: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([names, record])
    return text.getvalue()
