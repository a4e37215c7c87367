from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.sample_report import report
from verify.errors import BlobMissing, NetworkFailed
from verify.model import Report
from verify.pipeline.handover import TOKEN_NAME, hand_over
from verify.reports.manifest import MANIFEST_NAME, read_manifest
from verify.settings import Settings
from verify.store.blobs import FolderBlobs


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Report, FolderBlobs]:
    """A report whose media and reference lie in a blob store under their own hashes."""
    blobs = FolderBlobs(tmp_path / "blobs")
    query, known = blobs.put(b"query footage"), blobs.put(b"known footage")
    sample = report()
    medium = sample.media[0]
    assert medium.file is not None
    media = (replace(medium, file=replace(medium.file, sha256=query), pictures=()),)
    reference = sample.references[0]
    references = (replace(reference, media=replace(reference.media, sha256=known)),)
    return replace(sample, media=media, references=references), blobs


def test_the_folder_holds_what_its_manifest_says(stored: tuple[Report, FolderBlobs], tmp_path: Path) -> None:
    sample, blobs = stored
    done = hand_over(sample, (), blobs, tmp_path / "out", Settings(home=tmp_path), with_media=True)
    assert done.timestamp is None
    entries = read_manifest(done.manifest.read_text())
    assert {"report.json", "report.html", "report.csv", "report.jsonld"} < {item.name for item in entries}
    for item in entries:
        assert hashlib.sha256((done.folder / item.name).read_bytes()).hexdigest() == item.sha256
    assert json.loads((done.folder / "report.jsonld").read_text())["@context"] == "https://schema.org"
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST_NAME], cwd=done.folder, check=True)


def test_footage_is_listed_and_not_copied_unless_asked_for(
    stored: tuple[Report, FolderBlobs], tmp_path: Path
) -> None:
    sample, blobs = stored
    done = hand_over(sample, (), blobs, tmp_path / "out", Settings(home=tmp_path))
    assert "media/" in done.manifest.read_text()
    assert not (done.folder / "media").exists()


def test_the_same_report_gives_the_same_manifest(stored: tuple[Report, FolderBlobs], tmp_path: Path) -> None:
    sample, blobs = stored
    first, second = (
        hand_over(sample, (), blobs, tmp_path / name, Settings(home=tmp_path)).manifest.read_text()
        for name in ("a", "b")
    )
    assert first == second


def test_a_lost_medium_leaves_no_manifest(stored: tuple[Report, FolderBlobs], tmp_path: Path) -> None:
    sample, blobs = stored
    hand_over(sample, (), blobs, tmp_path / "out", Settings(home=tmp_path))
    assert sample.media[0].file is not None
    blobs.remove(sample.media[0].file.sha256)
    with pytest.raises(BlobMissing):
        hand_over(sample, (), blobs, tmp_path / "out", Settings(home=tmp_path), with_media=True)
    assert not (tmp_path / "out" / MANIFEST_NAME).exists()


def test_an_authority_that_fails_leaves_the_manifest_and_says_so(
    stored: tuple[Report, FolderBlobs], tmp_path: Path
) -> None:
    sample, blobs = stored
    closed = "127.0.0.1:9"
    settings = Settings(
        home=tmp_path, timestamp_authorities=(f"http://{closed}/",), allow_private_hosts=(closed,)
    )
    with pytest.raises(NetworkFailed):
        hand_over(sample, (), blobs, tmp_path / "out", settings)
    assert (tmp_path / "out" / MANIFEST_NAME).exists()
    assert not (tmp_path / "out" / TOKEN_NAME).exists()
