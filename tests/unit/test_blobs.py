"""Blobs in a folder: whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from verify.errors import BlobMissing, StorageFull
from verify.store import blobs as blobs_module
from verify.store.blobs import FolderBlobs

DATA = b"frames " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def files(blobs: FolderBlobs) -> list[Path]:
    return [path for path in blobs.root.rglob("*") if path.is_file()]


def test_what_was_put_is_read_back_by_its_hash(blobs: FolderBlobs) -> None:
    assert blobs.put(DATA) == SHA256
    assert blobs.read(SHA256) == DATA
    assert blobs.path(SHA256).read_bytes() == DATA
    assert blobs.exists(SHA256)
    assert [name for name, _ in blobs.names()] == [SHA256]


def test_a_file_appears_only_when_it_is_whole(blobs: FolderBlobs) -> None:
    with blobs.writer() as writer:
        writer.write(DATA[:10])
        assert not list(blobs.names())
        writer.write(DATA[10:])
        path = writer.commit(SHA256)
    assert path.read_bytes() == DATA
    assert files(blobs) == [path]


def test_leaving_without_commit_leaves_nothing(blobs: FolderBlobs) -> None:
    def half() -> None:
        with blobs.writer() as writer:
            writer.write(DATA)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert files(blobs) == []


def test_a_wrong_announcement_is_refused(blobs: FolderBlobs) -> None:
    with blobs.writer() as writer:
        writer.write(DATA)
        with pytest.raises(BlobMissing, match="announced"):
            writer.commit("0" * 64)
    assert files(blobs) == []


def test_a_damaged_file_is_found_out_and_can_be_written_again(blobs: FolderBlobs) -> None:
    blobs.put(DATA)
    blobs.path(SHA256).write_bytes(DATA[:-1])
    with pytest.raises(BlobMissing, match="damaged"):
        blobs.read(SHA256)
    assert not blobs.exists(SHA256)
    blobs.put(DATA)
    assert blobs.read(SHA256) == DATA


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_is_not_there_is_missing(blobs: FolderBlobs, name: str) -> None:
    for ask in (blobs.read, blobs.path):
        with pytest.raises(BlobMissing):
            ask(name)


def test_removing_twice_is_no_error(blobs: FolderBlobs) -> None:
    blobs.put(DATA)
    blobs.remove(SHA256)
    blobs.remove(SHA256)
    assert not blobs.exists(SHA256)


def test_the_free_space_floor_holds(tmp_path: Path) -> None:
    full = FolderBlobs(tmp_path, free_disk_bytes=2**62)
    with pytest.raises(StorageFull, match="kept free"):
        full.put(DATA)
    assert files(full) == []


def test_a_disk_that_fills_up_on_the_way_keeps_nothing(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(blobs_module.os, "fsync", no_space)
    with pytest.raises(StorageFull):
        blobs.put(DATA)
    assert files(blobs) == []


def test_temporary_files_of_dead_processes_are_cleaned(blobs: FolderBlobs) -> None:
    stale, young = blobs.root / "incoming" / "stale", blobs.root / "incoming" / "young"
    for path in (stale, young):
        path.write_bytes(b"half")
    os.utime(stale, (0, 0))
    assert blobs.clean() == 1
    assert files(blobs) == [young]
