"""What Bellingcat's auto-archiver leaves behind, as things to check.

In: its CSV database, its `metadata.json` files or its HTML reports, beside the media it saved. Out:
one entry per saved photo or video, with the post's words, date and address; the post's address where no
media lies beside it. Screenshots and thumbnails are passed over. Refused: files that are none of these.
Sources: auto-archiver `core/metadata.py`, `core/media.py`, `modules/csv_db`, `modules/html_formatter`.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from verify.errors import UnreadableInput
from verify.posts.in_text import Entry
from verify.posts.markup import attribute, node_text, parsed
from verify.posts.tables import instant
from verify.posts.urls import media_kind_of

_MOMENT = re.compile(r"datetime\.datetime\(([\d, ]+)(?:, tzinfo=[\w.]+(?:\([^)]*\))?)?\)")
_DERIVED = re.compile(r"(?i)\b(screenshot|thumbnail|wacz|pdf|html|metadata)")
_HEADER = re.compile(r'\A\ufeff?"?status"?,"?metadata"?,"?media"?')


def is_archive_csv(text: str) -> bool:
    """Whether a CSV is the archiver's database."""
    return bool(_HEADER.match(text))


def is_archive_html(text: str) -> bool:
    return "bellingcat/auto-archiver" in text and "Archived media for" in text


def is_archive_json(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("metadata"), dict) and "media" in value


def entries_in_archive_csv(text: str, folder: Path, origin: str) -> tuple[Entry, ...]:
    """Every row's media; `folder` is where the CSV lies."""
    found: list[Entry] = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline="")), start=2):
        where = f"{origin}, row {number}"
        metadata, media = _literal(row.get("metadata"), where), _literal(row.get("media"), where)
        if isinstance(metadata, dict) and isinstance(media, list):
            found.extend(_entries(metadata, media, folder, where))
    return tuple(found)


def entries_in_archive_json(text: str, folder: Path, origin: str) -> tuple[Entry, ...]:
    """The media of one `metadata.json`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableInput(f"{origin}: {error}") from error
    if not is_archive_json(value):
        raise UnreadableInput(f"{origin}: not auto-archiver's metadata")
    return tuple(_entries(value["metadata"], value["media"], folder, origin))


def entries_in_archive_html(text: str, folder: Path, origin: str) -> tuple[Entry, ...]:
    """The media that one HTML report shows."""
    page = parsed(text)
    heading = page.css_first("h2 .copy")
    metadata: dict[str, Any] = {"url": node_text(heading) if heading is not None else ""}
    for row in page.css("table.metadata tr"):
        cells = [node_text(cell) for cell in row.css("td")]
        if len(cells) == 2:
            metadata.setdefault(cells[0], cells[1])
    shown = page.css("table.content video[src], table.content source[src], table.content img[src]")
    links = [attribute(node, "src") for node in shown] + [
        attribute(node, "href") for node in page.css("table.content a[href]")
    ]
    media = [{"filename": link, "urls": [link]} for link in dict.fromkeys(links)]
    return tuple(_entries(metadata, media, folder, origin))


def _entries(metadata: Mapping[str, Any], media: Sequence[Any], folder: Path, where: str) -> Iterator[Entry]:
    url = str(metadata.get("url") or "")
    words = [str(metadata[name]).strip() for name in ("title", "content") if metadata.get(name)]
    claim = "\n\n".join(dict.fromkeys(words))
    posted_at = instant(str(metadata.get("timestamp") or "").replace(" ", "T", 1), where)
    files = dict.fromkeys(path for one in media if (path := _file(one, folder)) is not None)
    for path in files:
        yield Entry(
            text=str(path),
            claim=claim,
            note=f"Archived from {url}" if url else "",
            posted_at=posted_at,
            origin=where,
        )
    if not files and url:
        yield Entry(text=url, claim=claim, posted_at=posted_at, origin=where)


def _file(one: object, folder: Path) -> Path | None:
    """Where a saved medium lies: under its key or its name, in `folder` or below; never outside of it."""
    if not isinstance(one, dict):
        return None
    properties = one.get("properties")
    identifier = str(properties.get("id", "")) if isinstance(properties, dict) else ""
    names = [str(name) for name in (one.get("key"), one.get("filename"), *(one.get("urls") or ())) if name]
    if _DERIVED.match(identifier):
        return None
    for name in names:
        if "://" in name or media_kind_of(f"https://x.example/{Path(name).name}") is None:
            continue
        for candidate in (folder / name, folder / Path(name).name, folder / "media" / Path(name).name):
            inside = candidate.resolve()
            if inside.is_file() and inside.is_relative_to(folder.resolve()):
                return inside
    return None


def _literal(text: str | None, where: str) -> object:
    """A value as Python prints it, the way the archiver fills its cells."""
    plain = _MOMENT.sub(lambda found: repr(_iso(found[1])), text or "None")
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise UnreadableInput(f"{where}: not auto-archiver's form of a value") from error


def _iso(numbers: str) -> str:
    year, month, day, hour, minute, second, *_ = (*(int(number) for number in numbers.split(",")), 0, 0, 0, 0)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00"
