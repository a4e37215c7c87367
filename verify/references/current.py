"""The reference index as of now, kept in step with the database.

In: the reference store and a folder for caches. Out: a `SearchedSet`. A change of the set costs what was
added: it goes into a shard of its own, and what was removed is left out of what the others find
(shards.py). Deleting the folder costs the time to build it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from verify.errors import BlobMissing, NotInReferenceSet
from verify.fingerprint import ALGORITHM, Fingerprint
from verify.matching import ReferenceIndex
from verify.matching.shard import Entry
from verify.pipeline.parts import SearchedSet
from verify.references.shards import ShardFolder
from verify.store.references import ReferenceStore


class CurrentSet:
    """Call it for the set as of now. Safe to share between threads of one process."""

    def __init__(self, store: ReferenceStore, folder: Path) -> None:
        self._store = store
        self._folder = ShardFolder(folder)
        self._known: tuple[int, SearchedSet] | None = None

    def __call__(self) -> SearchedSet:
        """Raises StorageBusy, StorageFull, and BlobMissing when a stored fingerprint is damaged."""
        while True:
            revision = self._store.revision()
            if self._known is not None and self._known[0] == revision:
                return self._known[1]
            wanted = self._store.fingerprint_digests(ALGORITHM)
            digest = self._store.digest(ALGORITHM)
            cover = self._folder.complete(wanted, self._entry)
            if self._store.revision() != revision:
                continue  # what was read may be of two revisions
            if cover.missing:
                raise BlobMissing(f"the fingerprint of reference {cover.missing[0]}")
            index = ReferenceIndex([part.shard for part in cover.parts], self._load, wanted)
            self._known = revision, SearchedSet(index=index, count=index.count, digest=digest)

    def unindexed(self) -> int:
        """How many references the next call has to index first."""
        return len(self._folder.cover(self._store.fingerprint_digests(ALGORITHM)).missing)

    def _entry(self, reference_id: str) -> Entry | None:
        """The reference as it is now; None when it was removed since it was asked for."""
        try:
            payload = self._store.fingerprint(reference_id, ALGORITHM)
        except NotInReferenceSet:
            return None
        if payload is None:
            return None
        stamp = hashlib.sha256(payload).hexdigest()
        return Entry(reference_id=reference_id, stamp=stamp, fingerprint=Fingerprint.from_bytes(payload))

    def _load(self, reference_id: str) -> Fingerprint:
        payload = self._store.fingerprint(reference_id, ALGORITHM)
        if payload is None:
            raise BlobMissing(f"the fingerprint of reference {reference_id}")
        return Fingerprint.from_bytes(payload)
