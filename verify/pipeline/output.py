"""Finished reports as files: one HTML page and one JSON document, under the item's identifier.

In: a report and the blob store with its pictures. Out: the paths. A file appears when it is whole.
"""

from __future__ import annotations

from pathlib import Path

from verify.errors import BlobMissing
from verify.model import Report
from verify.reports import to_html, to_json
from verify.store.blobs import Blobs


def page(report: Report, blobs: Blobs) -> str:
    """The report as one HTML file with its pictures inside."""
    return to_html(report, pictures(report, blobs))


def pictures(report: Report, blobs: Blobs) -> dict[str, bytes]:
    """The JPEG files that the report names, by sha256; lost ones are left out."""
    found = {}
    for name in sorted(picture_names(report)):
        try:
            found[name] = blobs.read(name)
        except BlobMissing:  # the page names what is missing
            continue
    return found


def picture_names(report: Report) -> frozenset[str]:
    """The sha256 of every picture that the report names."""
    pairs = [pair for medium in report.media for pair in medium.pictures]
    keyframes = [keyframe for medium in report.media for keyframe in medium.keyframes if keyframe.jpeg_sha256]
    return frozenset(
        [
            *(pair.query_jpeg_sha256 for pair in pairs),
            *(pair.reference_jpeg_sha256 for pair in pairs),
            *(keyframe.jpeg_sha256 for keyframe in keyframes),
        ]
    )


def write(report: Report, blobs: Blobs, folder: Path) -> Path:
    """The path of the HTML page; the JSON document lies beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / f"{report.item_id}.json", to_json(report))
    return _put(folder / f"{report.item_id}.html", page(report, blobs))


def _put(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    return draft.replace(path)
