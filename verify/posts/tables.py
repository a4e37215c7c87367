"""Lists of things to check: CSV and JSON Lines with the columns url, claim, note, posted_at.

In: the text of such a list. Out: one entry per row, in order, with the row it came from. Column names
may be in any case and under their common other names; further columns are ignored. Refused
(UnreadableInput, which names the row): a list without an address column, broken JSON, a date that is none.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from verify.errors import UnreadableInput
from verify.posts.in_text import Entry

_NAMES = {
    "url": ("url", "link", "post", "address", "file", "path", "media"),
    "claim": ("claim", "text", "caption", "title"),
    "note": ("note", "notes", "comment"),
    "posted_at": ("posted_at", "posted", "date", "timestamp", "created_at"),
}


def is_csv(text: str) -> bool:
    """Whether the first line is a header with an address column."""
    header = text.lstrip("\ufeff").partition("\n")[0]
    cells = {
        cell.strip().strip('"').lower() for cell in header.replace(";", ",").replace("\t", ",").split(",")
    }
    return bool(cells & set(_NAMES["url"])) and "://" not in header


def is_jsonl(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def entries_in_csv(text: str, origin: str = "") -> tuple[Entry, ...]:
    """One entry per row that names something; comma, semicolon or tab between the columns."""
    body = text.lstrip("\ufeff")
    header = body.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        rows = list(csv.DictReader(io.StringIO(body, newline=""), delimiter=separator))
    except csv.Error as error:
        raise UnreadableInput(f"{origin or 'CSV'}: {error}") from error
    if rows and not any(_value(row, "url") for row in rows):
        raise UnreadableInput(f"{origin or 'CSV'}: no column named url")
    return tuple(_entries(enumerate(rows, start=2), origin))


def entries_in_jsonl(text: str, origin: str = "") -> tuple[Entry, ...]:
    """One entry per line that names something."""
    return tuple(_entries(_objects(text, origin), origin))


def entries_in_json(value: object, origin: str = "") -> tuple[Entry, ...]:
    """One entry per element of a JSON array: an object with the columns, or an address by itself."""
    parts = value if isinstance(value, list) else [value]
    rows = ({"url": part} if isinstance(part, str) else part for part in parts)
    known = ((number, row) for number, row in enumerate(rows, start=1) if isinstance(row, dict))
    return tuple(_entries(known, origin))


def _objects(text: str, origin: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(f"{origin or 'JSON Lines'}, line {number}: {error}") from error
        if not isinstance(value, dict):
            raise UnreadableInput(f"{origin or 'JSON Lines'}, line {number}: not an object")
        yield number, value


def _entries(
    rows: Iterator[tuple[int, Mapping[str, object]]] | enumerate[dict[str, str]], origin: str
) -> Iterator[Entry]:
    for number, row in rows:
        where = f"{origin}, row {number}" if origin else f"row {number}"
        address = _value(row, "url")
        if address:
            yield Entry(
                text=address,
                claim=_value(row, "claim"),
                note=_value(row, "note"),
                posted_at=instant(_value(row, "posted_at"), where),
                origin=where,
            )


def _value(row: Mapping[str, object], name: str) -> str:
    cells = {str(key).strip().lower(): value for key, value in row.items()}
    found = (cells[known] for known in _NAMES[name] if cells.get(known) not in {None, ""})
    return str(next(found, "")).strip()


def instant(text: str, where: str) -> datetime | None:
    """An ISO 8601 date or seconds since 1970; UTC when no zone is given. Raises UnreadableInput."""
    if not text:
        return None
    try:
        if text.replace(".", "", 1).isdigit() and len(text) > 8:
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UnreadableInput(f"{where}: {text[:40]!r} is not a date (write 2020-02-20T13:05:00Z)") from error
