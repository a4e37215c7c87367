"""Lists of things to check, into the queue: line by line, so that one bad line stops no other.

In: the text of a list: CSV with a header, JSON Lines, or one address or path a line ("#" begins a
comment). Out: a submission for each good line and the number, words and fault of each bad one; and
`accept`, which commits requests and only then rings for them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verify.bell import Bell, ring_for
from verify.errors import UnreadableInput, VerifyError
from verify.model import ItemState
from verify.pipeline import Parts, Submission
from verify.pipeline.desk import renewed
from verify.pipeline.intake import is_path
from verify.posts.in_text import Entry
from verify.posts.tables import entries_in_csv, entries_in_jsonl, is_csv, is_jsonl
from verify.posts.urls import parse
from verify.store.items import NewItem, Priority
from verify.store.joining import Accepted


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


def accept(parts: Parts, bell: Bell, requests: Sequence[NewItem]) -> Sequence[Accepted]:
    """What became of each request, committed before any bell rings; all of them or on an error none.

    A request that was made before joins its item, as a check in the foreground does: an item in flight goes
    on, a finished one answers while its report holds and is queued once more when it no longer does.
    Raises StorageBusy, StorageFull.
    """
    accepted = [_answering(parts, one) for one in parts.ledger.accept(requests)]
    ring_for(bell, [one.item for one in accepted if one.item.state is ItemState.QUEUED])
    return accepted


def _answering(parts: Parts, one: Accepted) -> Accepted:
    return replace(one, item=renewed(parts, one.item)) if one.item.is_terminal else one


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
