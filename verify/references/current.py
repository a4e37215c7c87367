"""The reference index as of now: opened from its files, or built from the database.

In: the reference store and a folder for caches. Out: a `SearchedSet`. The files are a cache named by
the set's digest: deleting them costs the time to build them. Processes may share the folder: an index
appears under its name only when it is whole, and old ones go once nobody can want them.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from verify.errors import BlobMissing
from verify.fingerprint import ALGORITHM, Fingerprint
from verify.matching import ReferenceIndex
from verify.pipeline.parts import SearchedSet
from verify.store.references import ReferenceStore

INDEXES_KEPT = 3  # a process may still open the one before; older ones only take space


class CurrentSet:
    """Call it for the set as of now. Safe to share between threads of one process."""

    def __init__(self, store: ReferenceStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: tuple[int, SearchedSet] | None = None

    def __call__(self) -> SearchedSet:
        """Raises StorageBusy, StorageFull."""
        while True:
            revision = self._store.revision()
            if self._known is not None and self._known[0] == revision:
                return self._known[1]
            digest = self._store.digest(ALGORITHM)
            index = self._opened(digest) or self._built(digest)
            # The set may have changed between the two: then the name is not this index's.
            if index is not None and self._store.revision() == revision:
                self._known = revision, SearchedSet(index=index, count=index.count, digest=digest)

    def _opened(self, digest: str) -> ReferenceIndex | None:
        try:
            return ReferenceIndex.open(self._folder / digest, self._load)
        except (OSError, ValueError, KeyError):  # never built, removed, or damaged
            return None

    def _built(self, digest: str) -> ReferenceIndex | None:
        """The index, mapped from the files it was written to; None when the set changed meanwhile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "building").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one process builds, the others open what it made
            return self._opened(digest) or self._written(digest)

    def _written(self, digest: str) -> ReferenceIndex | None:
        index = ReferenceIndex.build(self._entries(), self._load)
        if self._store.digest(ALGORITHM) != digest:
            return None
        place = self._folder / digest
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self._folder))
        try:
            index.save(draft)
            shutil.rmtree(place, ignore_errors=True)  # damaged, or it would have been opened
            draft.rename(place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._tidy()
        return self._opened(digest) or index

    def _entries(self) -> Iterator[tuple[str, Fingerprint]]:
        """Every reference's fingerprint, one at a time."""
        revision, seen = 0, set[str]()
        while True:
            changes = self._store.fingerprints(ALGORITHM, since_revision=revision, limit=100)
            for stored in changes.present:
                if stored.reference_id not in seen:  # changed more than once
                    seen.add(stored.reference_id)
                    yield stored.reference_id, Fingerprint.from_bytes(stored.payload)
            if not changes.more:
                return
            revision = changes.revision

    def _load(self, reference_id: str) -> Fingerprint:
        payload = self._store.fingerprint(reference_id, ALGORITHM)
        if payload is None:
            raise BlobMissing(f"the fingerprint of reference {reference_id}")
        return Fingerprint.from_bytes(payload)

    def _tidy(self) -> None:
        with suppress(FileNotFoundError):  # another process tidies too
            folders = (path for path in self._folder.iterdir() if path.is_dir())
            found = sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)
            for old in found[INDEXES_KEPT:]:
                shutil.rmtree(old, ignore_errors=True)
