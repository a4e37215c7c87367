"""How soon a running worker searches a reference that was added, and one that was removed.

    python -m bench.growth [--references 1000] [--times 5]

A set of synthetic references (30 frames, 10 keyframes of 100 descriptors each, as a 10 s clip has) is put
into a database of its own; a worker process asks for the current set every 50 ms, as checks do. Prints the
first building, the opening by a fresh process, and for each change of the set the seconds from its start
until the worker has the new set, with the CPU that the worker spent on it.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from verify.fingerprint import ALGORITHM, Fingerprint
from verify.fingerprint.record import WHOLE
from verify.model import MediaFile, MediaKind, MediaMetadata, Provenance, Reference
from verify.references import CurrentSet
from verify.store.database import migrate, open_database
from verify.store.references import ReferenceStore, reference_id

FRAMES, KEYFRAMES, DESCRIPTORS = 30, 10, 1_000
ASKED_SECONDS = 0.05


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--references", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=5, help="additions and removals that are timed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        _measure(Path(home), options.references, options.times)
    return 0


def _measure(home: Path, references: int, times: int) -> None:
    store = _store(home)
    for number in range(references):
        _add(store, number)
    started, cpu = time.perf_counter(), time.process_time()
    CurrentSet(store, home / "index")()
    print(f"{references} references; built in {_spent(started, cpu)}", flush=True)
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.get_context("spawn").Process(target=_worker, args=(home, theirs))
    worker.start()
    print(f"opened by a fresh process in {ours.recv()}", flush=True)
    added = [_changed(partial(_add, store, n), ours) for n in range(references, references + times)]
    removed = [_changed(partial(_remove, store, n), ours) for n in range(times)]
    worker.terminate()
    worker.join()
    for change, seen in (("added", added), ("removed", removed)):
        seconds, cpu_seconds = (statistics.median(column) for column in zip(*seen, strict=True))
        slowest = max(waited for waited, _ in seen)
        print(f"{change}: seen after {seconds:.2f} s, at most {slowest:.2f} s; {cpu_seconds:.3f} s of CPU")


def _store(home: Path) -> ReferenceStore:
    database = open_database(f"sqlite:///{home / 'verify.sqlite3'}")
    migrate(database)
    return ReferenceStore(database)


def _worker(home: Path, told: Connection) -> None:
    """Tells how long the opening took, then of every change when it was seen and what it cost."""
    current = CurrentSet(_store(home), home / "index")
    started, cpu = time.perf_counter(), time.process_time()
    seen = current().index.count
    told.send(_spent(started, cpu))
    while True:
        cpu = time.process_time()
        count = current().index.count
        if count != seen:
            seen = count
            told.send((time.time(), time.process_time() - cpu))
        time.sleep(ASKED_SECONDS)


def _changed(change: Callable[[], None], told: Connection) -> tuple[float, float]:
    """Seconds until the worker saw it, and the worker's CPU seconds."""
    started = time.time()
    change()
    at, cpu = told.recv()
    return at - started, cpu


def _add(store: ReferenceStore, number: int) -> None:
    chance = np.random.default_rng(number)
    print_ = Fingerprint(
        kind=MediaKind.VIDEO,
        duration_us=10_000_000,
        width=512,
        height=288,
        times_us=np.arange(FRAMES, dtype=np.int64) * 333_333,
        codes=chance.integers(0, 256, (FRAMES, 2, 32), np.uint8),
        quality=np.full(FRAMES, 100, np.uint8),
        content_box=WHOLE,
        thumbnails=(b"",) * FRAMES,
        keyframes=np.arange(KEYFRAMES, dtype=np.int32) * (FRAMES // KEYFRAMES),
        pictures=(b"",) * KEYFRAMES,
        descriptors=chance.integers(0, 256, (DESCRIPTORS, 32), np.uint8),
        descriptor_places=np.zeros((DESCRIPTORS, 4), np.uint8),
        descriptor_keyframe=np.repeat(np.arange(KEYFRAMES, dtype=np.int32), DESCRIPTORS // KEYFRAMES),
        moving=np.zeros((64, 64), np.bool_),
    )
    reference = Reference(
        id=reference_id(_sha256(number)),
        media=MediaFile(sha256=_sha256(number), size_bytes=1, mime="video/mp4", kind=MediaKind.VIDEO),
        metadata=MediaMetadata(container="mp4", codec="h264", width=512, height=288, duration_us=10_000_000),
        provenance=Provenance(title=str(number)),
        added_at=datetime.now(UTC),
    )
    store.add(reference, fingerprints={ALGORITHM: print_.to_bytes()})


def _remove(store: ReferenceStore, number: int) -> None:
    store.remove(reference_id(_sha256(number)))


def _sha256(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _spent(started: float, cpu: float) -> str:
    return f"{time.perf_counter() - started:.2f} s, {time.process_time() - cpu:.2f} s of CPU"


if __name__ == "__main__":
    sys.exit(main())
