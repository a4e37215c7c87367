"""The index in several workers: shared by mapping, and current at each check without a restart."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.rig import ROOT, with_environment
from tests.footage import render_image
from verify.errors import BlobMissing
from verify.fingerprint import ALGORITHM
from verify.model import Provenance
from verify.references import CurrentSet
from verify.settings import Settings
from verify.store.references import ReferenceStore
from verify.wiring import Tool, opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", free_disk_bytes=0, sandbox="rlimit")


@pytest.fixture
def tools(settings: Settings) -> Iterator[tuple[Tool, Tool]]:
    """Two processes' worth of everything, over one home."""
    with ExitStack() as stack:
        yield stack.enter_context(opened(settings)), stack.enter_context(opened(settings))


def add(tool: Tool, folder: Path, seed: int) -> str:
    path = folder / f"{seed}.jpg"
    render_image(path, seed=seed, size=(320, 180))
    (added,) = tool.reference_set.add(str(path), Provenance(title=str(seed)))
    return added.reference.id


def test_what_one_adds_or_removes_the_other_searches_at_its_next_check(
    tools: tuple[Tool, Tool], tmp_path: Path
) -> None:
    curator, worker = tools
    assert worker.parts.searched_set().count == 0
    first = add(curator, tmp_path, 1)
    assert worker.parts.searched_set().index.ids == (first,)
    second = add(curator, tmp_path, 2)
    assert set(worker.parts.searched_set().index.ids) == {first, second}
    curator.parts.references.remove(first)
    found = worker.parts.searched_set()
    assert found.index.ids == (second,)
    assert found.digest == curator.parts.references.digest(ALGORITHM)


def test_the_index_is_mapped_from_its_files(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path
) -> None:
    add(tools[0], tmp_path, 1)
    held = [tool.parts.searched_set() for tool in tools]
    maps = Path("/proc/self/maps").read_text()
    assert held[0].count == 1
    assert str(settings.home / "index") in maps


@pytest.mark.parametrize("damage", [b"", b"damaged"])
@pytest.mark.parametrize("name", ["codes.faiss", "shard.json"])
def test_the_files_are_a_cache(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path, name: str, damage: bytes
) -> None:
    reference = add(tools[0], tmp_path, 1)
    tools[0].parts.searched_set()
    (damaged,) = (settings.home / "index").glob(f"*/{name}")
    damaged.write_bytes(damage)
    assert tools[1].parts.searched_set().index.ids == (reference,)
    shutil.rmtree(settings.home / "index")
    second = add(tools[0], tmp_path, 2)
    assert set(tools[1].parts.searched_set().index.ids) == {reference, second}


def test_a_set_that_changes_during_the_building_is_searched_as_it_became(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path
) -> None:
    curator, _ = tools
    first, leaving = add(curator, tmp_path, 1), add(curator, tmp_path, 3)

    class Changing(ReferenceStore):
        """Somebody adds a reference and removes another while the first building reads."""

        added = ""

        def fingerprint(self, reference_id: str, algorithm: str) -> bytes | None:
            if not self.added:
                self.added = add(curator, tmp_path, 2)
                curator.parts.references.remove(leaving)
            return super().fingerprint(reference_id, algorithm)

    store = Changing(curator.database)
    found = CurrentSet(store, settings.home / "index")()
    assert set(found.index.ids) == {first, store.added}
    assert found.digest == store.digest(ALGORITHM)


def test_a_damaged_fingerprint_is_said_and_not_searched_without(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path
) -> None:
    curator, worker = tools
    reference = add(curator, tmp_path, 1)
    curator.parts.references.put_fingerprint(reference, ALGORITHM, b"no fingerprint")
    with pytest.raises(BlobMissing):
        worker.parts.searched_set()


def test_doctor_is_told_how_many_references_wait_for_the_index(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path
) -> None:
    curator, worker = tools
    current = CurrentSet(curator.parts.references, settings.home / "index")
    assert current.unindexed() == 0
    add(curator, tmp_path, 1)
    assert current.unindexed() == 1
    worker.parts.searched_set()
    assert current.unindexed() == 0


def test_many_workers_that_start_at_once_agree(
    tools: tuple[Tool, Tool], settings: Settings, tmp_path: Path
) -> None:
    for seed in (1, 2):
        add(tools[0], tmp_path, seed)
    look = (
        "from verify.settings import Settings; from verify.wiring import opened\n"
        "with opened(Settings()) as tool:\n    found = tool.parts.searched_set()\n"
        "    print(found.count, found.digest)"
    )
    environment = {"VERIFY_HOME": str(settings.home), "VERIFY_FREE_DISK_BYTES": "0"}
    command = with_environment(environment, [sys.executable, "-c", look])
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    told = {worker.communicate()[0] for worker in workers}
    assert told == {f"2 {tools[0].parts.references.digest(ALGORITHM)}\n"}
