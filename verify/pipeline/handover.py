"""One report in; a folder to hand over out: every document of it, its pictures, and a manifest of all.

Media and reference footage are listed in the manifest by their sha256 and copied only when asked for:
they are often other people's. The manifest is written last, so that a folder without one is known to be
unfinished; a timestamp of it is added when authorities are set. Raises BlobMissing for a medium that is
gone, and what `stamp` raises: the manifest stands by then.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.errors import BlobMissing
from verify.evidence.timestamp import Timestamp, stamp
from verify.model import Judgement, Report
from verify.pipeline.output import pictures
from verify.reports import to_csv, to_html, to_json, to_jsonld
from verify.reports.manifest import MANIFEST_NAME, entry, media_entries, to_manifest
from verify.settings import Settings
from verify.store.blobs import Blobs

TOKEN_NAME = f"{MANIFEST_NAME}.tsr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What was written."""

    folder: Path
    manifest: Path
    timestamp: Timestamp | None  #: None: no authority is set


def hand_over(
    report: Report,
    judgements: Sequence[Judgement],
    blobs: Blobs,
    folder: Path,
    settings: Settings,
    *,
    with_media: bool = False,
) -> Handover:
    """Write the folder; what it held under the same names is replaced."""
    for name in (MANIFEST_NAME, TOKEN_NAME):
        (folder / name).unlink(missing_ok=True)
    files = _files(report, judgements, pictures(report, blobs))
    for name, data in files.items():
        _put(folder / name, data)
    media = [item for item in media_entries(report) if not item.name.startswith("pictures/")]
    if with_media:
        for item in media:
            _copy(blobs.path(item.sha256), folder / item.name)
    entries = [entry(name, data) for name, data in files.items()]
    manifest = _put(folder / MANIFEST_NAME, to_manifest([*entries, *media]).encode())
    token = stamp(manifest.read_bytes(), settings)
    if token is not None:
        _put(folder / TOKEN_NAME, token.token)
    return Handover(folder=folder, manifest=manifest, timestamp=token)


def _files(report: Report, judgements: Sequence[Judgement], shown: Mapping[str, bytes]) -> dict[str, bytes]:
    documents = {
        "report.json": to_json(report),
        "report.html": to_html(report, shown, judgements),
        "report.csv": to_csv([report]),
        "report.jsonld": to_jsonld(report, judgements),
    }
    files = {name: text.encode() for name, text in documents.items()}
    return files | {f"pictures/{sha256}.jpg": data for sha256, data in shown.items()}


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(data)
    return draft.replace(path)


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        shutil.copyfile(source, draft)
    except FileNotFoundError as error:
        raise BlobMissing(source.name) from error
    draft.replace(path)
