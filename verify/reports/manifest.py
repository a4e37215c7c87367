"""What a report consists of in; a manifest of sha256 sums out, in the format of `sha256sum --check` (pure).

One line a file: 64 hex digits, two spaces, the name. Names are relative and cannot leave their folder;
anything else is refused with UnreadableInput. The manifest's own digest is what a timestamp covers
(docs/verify-a-manifest.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from verify.errors import UnreadableInput
from verify.model import Report

MANIFEST_NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]{0,250})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a report."""

    name: str  #: relative, with forward slashes
    sha256: str


def entry(name: str, data: bytes) -> Entry:
    """The entry of a file with these bytes."""
    return Entry(name=name, sha256=hashlib.sha256(data).hexdigest())


def media_entries(report: Report) -> list[Entry]:
    """Every medium and picture the report speaks of, by its hash; its media were named by it on receipt."""
    found: dict[str, None] = {}
    for medium in report.media:
        if medium.file:
            found[f"media/{medium.file.sha256}"] = None
        for picture in medium.pictures:
            found[f"pictures/{picture.query_jpeg_sha256}.jpg"] = None
            found[f"pictures/{picture.reference_jpeg_sha256}.jpg"] = None
    for reference in report.references:
        found[f"references/{reference.media.sha256}"] = None
    return [Entry(name=name, sha256=name.partition("/")[2].removesuffix(".jpg")) for name in found]


def to_manifest(entries: Iterable[Entry]) -> str:
    """The manifest, in order of name; the same entries give the same bytes. Raises UnreadableInput."""
    lines = [f"{item.sha256}  {item.name}\n" for item in sorted(entries, key=lambda item: item.name)]
    read_manifest("".join(lines))
    return "".join(lines)


def read_manifest(text: str) -> tuple[Entry, ...]:
    """The entries of a manifest. Raises UnreadableInput for a line, a name or a repetition that cannot be."""
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None or ".." in match[2].split("/") or match[2] in entries:
            raise UnreadableInput(f"line {number} of the manifest")
        entries[match[2]] = Entry(name=match[2], sha256=match[1])
    return tuple(entries.values())
