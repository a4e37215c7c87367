"""Shards in a folder: what is built, what is merged, and what processes that die leave behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_index import entry, found, name_of, never
from verify.errors import StorageFull
from verify.matching import shard
from verify.matching.index import ReferenceIndex
from verify.matching.shard import Entry, Shard
from verify.references import shards
from verify.references.shards import Cover, ShardFolder

REFERENCES = {name_of(number): number for number in range(10)}


class Reader:
    """Gives entries as the database would, and counts how many it was asked for."""

    def __init__(self, version: int = 0) -> None:
        self.version = version
        self.read: list[str] = []

    def __call__(self, reference_id: str) -> Entry | None:
        self.read.append(reference_id)
        return entry(REFERENCES[reference_id], self.version)


def stamps(*references: int, version: int = 0) -> dict[str, str]:
    return {name_of(reference): f"v{version}" for reference in references}


def index_of(cover: Cover, wanted: dict[str, str]) -> ReferenceIndex:
    return ReferenceIndex([part.shard for part in cover.parts], never, wanted)


def names(path: Path) -> set[str]:
    return {child.name for child in path.iterdir() if child.is_dir()}


@pytest.fixture(autouse=True)
def no_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test cuts the power."""
    monkeypatch.setattr(shard, "_sync", lambda _: None)


@pytest.fixture
def small_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which ten references make several classes and several shards."""
    monkeypatch.setattr(shards, "SMALL_FEATURES", 20)
    monkeypatch.setattr(shards, "BUILT_FEATURES", 40)


@pytest.fixture
def folder(tmp_path: Path) -> ShardFolder:
    return ShardFolder(tmp_path)


def test_what_was_added_is_all_that_is_read(folder: ShardFolder, tmp_path: Path) -> None:
    read = Reader()
    folder.complete(stamps(0, 1), read)
    folder.complete(stamps(0, 1, 2), read)
    assert sorted(read.read) == sorted(map(name_of, (0, 1, 2)))
    again = Reader()
    cover = ShardFolder(tmp_path).complete(stamps(0, 2), again)  # another process, one reference fewer
    assert again.read == []
    assert index_of(cover, stamps(0, 2)).ids == tuple(sorted(stamps(0, 2)))


def test_another_fingerprint_takes_the_place_of_the_one_before(folder: ShardFolder) -> None:
    folder.complete(stamps(0, 1), Reader())
    wanted = stamps(0) | stamps(1, version=1)
    grown = index_of(folder.complete(wanted, Reader(version=1)), wanted)
    assert found(grown) == found(ReferenceIndex([Shard.build([entry(0, 0), entry(1, 1)])], never, wanted))


def test_what_is_gone_before_it_is_read_stays_missing(folder: ShardFolder) -> None:
    cover = folder.complete(stamps(0, 1), lambda name: Reader()(name) if name == name_of(0) else None)
    assert cover.missing == (name_of(1),)
    cover = folder.complete(stamps(0, 1), Reader(version=1))
    assert cover.missing == (name_of(1),)


@pytest.mark.usefixtures("small_classes")
@given(sets=st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=30)
def test_a_set_is_found_whole_whatever_was_merged_before(
    tmp_path_factory: pytest.TempPathFactory, sets: list[set[int]]
) -> None:
    path = tmp_path_factory.mktemp("shards")
    for references in sets:
        wanted = stamps(*references)
        grown = index_of(ShardFolder(path).complete(wanted, Reader()), wanted)
        at_once = [entry(reference, 0) for reference in references]
        assert found(grown) == found(ReferenceIndex([Shard.build(at_once)], never, wanted))


def test_shards_stay_few_and_those_that_were_merged_go(folder: ShardFolder, tmp_path: Path) -> None:
    for count in range(1, 11):
        cover = folder.complete(stamps(*range(count)), Reader())
        assert names(tmp_path) == {part.name for part in cover.parts}
        assert len(cover.parts) < shards.MERGED_FROM


def test_a_shard_that_is_mostly_gone_is_written_again(folder: ShardFolder) -> None:
    folder.complete(stamps(*range(10)), Reader())
    wanted = stamps(0, 1)
    cover = folder.complete(wanted, Reader())
    (part,) = cover.parts
    assert set(part.shard.contents.ids) == set(wanted)


def test_size_classes_grow_by_the_factor() -> None:
    sizes = [0, 10_000, 10_001, 40_000, 50_000, 170_000, 700_000]
    assert [shards._size_class(size) for size in sizes] == [0, 0, 1, 1, 2, 3, 4]


def test_nothing_is_merged_beyond_what_memory_allows(
    folder: ShardFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MOST_FEATURES", 1)
    for count in range(1, 7):
        cover = folder.complete(stamps(*range(count)), Reader())
    assert len(cover.parts) == 6


def test_one_merges_while_the_others_go_on(folder: ShardFolder, tmp_path: Path) -> None:
    other = ShardFolder(tmp_path)
    folder.complete(stamps(0), Reader())
    with other._locked("merging"):
        for count in range(2, 7):
            cover = folder.complete(stamps(*range(count)), Reader())
        assert len(cover.parts) == 6
    assert len(folder.complete(stamps(*range(6)), Reader()).parts) == 1


def test_a_process_that_died_while_writing_leaves_nothing_in_the_way(
    folder: ShardFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """As a kill would, in the middle of the writing."""

    def dying(_: Shard, draft: Path) -> None:
        (draft / "codes.faiss").write_bytes(b"half")
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "save", dying)
        patch.setattr(shards.shutil, "rmtree", lambda *_, **__: None)  # nobody tidies up after a kill
        with pytest.raises(Died):
            folder.complete(stamps(0), Reader())
    (draft,) = names(tmp_path)
    assert not folder.complete(stamps(0), Reader()).missing
    os.utime(draft_path := tmp_path / draft, (0, 0))
    for count in range(2, 6):
        folder.complete(stamps(*range(count)), Reader())
    assert not draft_path.exists()


def test_a_shard_that_another_may_still_want_stays_a_while(folder: ShardFolder, tmp_path: Path) -> None:
    behind = ShardFolder(tmp_path).complete(stamps(8, 9), Reader())
    for count in range(1, 6):
        folder.complete(stamps(*range(count)), Reader())
    (name,) = (part.name for part in behind.parts)
    assert name in names(tmp_path)
    os.utime(tmp_path / name, (0, 0))
    for count in range(6, 9):
        folder.complete(stamps(*range(count)), Reader())
    assert name not in names(tmp_path)


def test_a_full_disk_is_said_and_leaves_no_draft(
    folder: ShardFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Shard, __: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "save", full)
        with pytest.raises(StorageFull):
            folder.complete(stamps(0), Reader())
    assert names(tmp_path) == set()
    assert not folder.complete(stamps(0), Reader()).missing
