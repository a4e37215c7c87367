"""What a person hands in, as a list of things to check.

In: words from the command line or a form, a pipe, a file or a folder. Out: entries: an address or the
path of a media file, each with its claim, note and date where the input gives them. Text with several
addresses is split; CSV, JSON Lines and auto-archiver's output are read by row. Nothing is fetched.
Refused (UnreadableInput): paths that cannot be read, lists that cannot be understood, empty input.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from verify.errors import UnreadableInput
from verify.posts.auto_archiver import (
    entries_in_archive_csv,
    entries_in_archive_html,
    entries_in_archive_json,
    is_archive_csv,
    is_archive_html,
    is_archive_json,
)
from verify.posts.embeds import embedded_posts
from verify.posts.in_text import Entry, entries_in_text, unique
from verify.posts.markup import parsed, plain_text
from verify.posts.tables import entries_in_csv, entries_in_json, entries_in_jsonl, is_csv, is_jsonl
from verify.posts.urls import media_kind_of

LONGEST_LIST_BYTES = 16 * 2**20
MOST_ENTRIES = 10_000
_LISTS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".md", ".html", ".htm"})


def entries_from(words: str) -> tuple[Entry, ...]:
    """What one argument names: a file, a folder, a list, an address, or text with addresses in it.

    Words that name nothing are one entry as they are, so that checking it says what is wrong with them.
    Raises UnreadableInput.
    """
    path = _path(words)
    if path is not None and path.exists():
        return entries_from_path(path)
    if len(words.split()) < 2:
        return (Entry(text=words.strip()),)
    return entries_in_text(words) or (Entry(text=words.strip()),)


def entries_from_stream(text: str, origin: str = "standard input") -> tuple[Entry, ...]:
    """What was piped in: CSV with a header, JSON Lines, one address or path a line, or prose."""
    if not text.strip():
        raise UnreadableInput(f"{origin} is empty")
    if is_jsonl(text):
        return _checked(entries_in_jsonl(text, origin), origin)
    if is_csv(text):
        return _checked(entries_in_csv(text, origin), origin)
    paths = [line.strip() for line in text.splitlines() if _path(line.strip()) is not None]
    listed = tuple(entry for line in paths for entry in entries_from_path(Path(line).expanduser()))
    return _checked(unique((*listed, *entries_in_text(text, origin))), origin)


def entries_from_path(path: Path) -> tuple[Entry, ...]:
    """What a file or folder holds. Raises UnreadableInput."""
    if path.is_dir():
        return _checked(_in_folder(path), str(path))
    if path.suffix.lower() in _LISTS:
        return _checked(tuple(_beside(entry, path.parent) for entry in _in_list(path, path.name)), str(path))
    return (Entry(text=str(path)),)


def _in_folder(folder: Path) -> tuple[Entry, ...]:
    """Auto-archiver's output when it is some, else every media file in it and below, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    archived = tuple(
        entry
        for path in files
        if path.suffix.lower() in {".json", ".csv", ".html"} and path.stat().st_size <= LONGEST_LIST_BYTES
        for entry in _archived(_text(path), path)
    )
    named = {entry.text for entry in archived}
    alone = (path for path in files if media_kind_of(f"https://x.example/{path.name}") is not None)
    rest = (Entry(text=str(path), origin=str(folder)) for path in alone if str(path.resolve()) not in named)
    return unique((*archived, *(() if archived else rest)))


def _in_list(path: Path, origin: str) -> tuple[Entry, ...]:
    text = _text(path)
    archived = _archived(text, path)
    if archived:
        return archived
    suffix = path.suffix.lower()
    if suffix in {".jsonl", ".ndjson"}:
        return entries_in_jsonl(text, origin)
    if suffix in {".csv", ".tsv"}:
        return entries_in_csv(text, origin)
    if suffix == ".json" and (value := _value(text)) is not None:
        return entries_in_json(value, origin)
    if suffix in {".html", ".htm"}:
        return _in_page(text, origin)
    return entries_from_stream(text, origin)


def _beside(entry: Entry, folder: Path) -> Entry:
    """`entry` with a path that was written relative to the list it stands in."""
    relative = _path(str(folder / entry.text)) if "://" not in entry.text else None
    return replace(entry, text=str(relative)) if relative is not None and relative.exists() else entry


def _in_page(markup: str, origin: str) -> tuple[Entry, ...]:
    """The posts that a saved page embeds, then the addresses in its text."""
    posts = embedded_posts(parsed(markup))
    embedded = (Entry(text=post.url, claim=post.text, origin=origin) for post in posts)
    return unique((*embedded, *entries_in_text(plain_text(markup), origin)))


def _archived(text: str, path: Path) -> tuple[Entry, ...]:
    """The entries of a file of auto-archiver's; none when it is something else."""
    folder, suffix = path.parent, path.suffix.lower()
    if suffix == ".csv" and is_archive_csv(text):
        return entries_in_archive_csv(text, folder, path.name)
    if suffix in {".html", ".htm"} and is_archive_html(text):
        return entries_in_archive_html(text, folder, path.name)
    if suffix == ".json" and is_archive_json(_value(text)):
        return entries_in_archive_json(text, folder, path.name)
    return ()


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST_LIST_BYTES:
            raise UnreadableInput(f"{path} is larger than {LONGEST_LIST_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror or error}") from error


def _checked(entries: tuple[Entry, ...], origin: str) -> tuple[Entry, ...]:
    if not entries:
        raise UnreadableInput(f"{origin} names no address and no media file")
    if len(entries) > MOST_ENTRIES:
        raise UnreadableInput(f"{origin} names more than {MOST_ENTRIES} things")
    return entries


def _path(words: str) -> Path | None:
    """The path that `words` are; None when they are an address or text."""
    if "://" in words or "\n" in words or not words:
        return None
    try:
        path = Path(words).expanduser()
        exists = path.exists()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if exists or words.startswith(("/", "./", "../", "~/")) else None
