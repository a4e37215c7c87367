"""The shards in a folder: which of them hold a set, what is in none yet, and when some are merged.

In: the references of a set with their stamps. Out: shards, mapped read-only. Any number of processes share
the folder, and there is no catalogue to keep in step: a shard is named by the digest of what it holds and
appears under its name only when it is whole, so each process takes the few largest that hold its set.
Shards of about one size are merged when there are too many, as in a log-structured merge tree (O'Neil et
al. 1996). Everything here is a cache: deleting it costs the time to build it.
"""

from __future__ import annotations

import errno
import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from verify.errors import StorageFull
from verify.matching.shard import Contents, Entry, Shard, contents_of

MERGED_FROM = 4  #: shards of one size class
GROWTH = 4  #: how much larger the next size class is
SMALL_FEATURES = 10_000  #: shards up to here are one class: writing them again takes milliseconds
MOST_FEATURES = 8_000_000  #: of a merged shard, 320 MB: merging holds a few times that in memory
BUILT_FEATURES = 1_000_000  #: after so many the next shard is begun
LEFT_ALONE_SECONDS = 3_600  #: before a shard goes that another process may still want, or a draft

_DRAFT = "draft-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A shard, and which of its references count: those of the set that no shard before it holds."""

    name: str
    shard: Shard
    kept: NDArray[np.bool_]

    @property
    def features(self) -> int:
        return int(np.array(self.shard.contents.features)[self.kept].sum())

    @property
    def is_mostly_gone(self) -> bool:
        return 2 * self.features < sum(self.shard.contents.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Shards that hold a set, and the references that none of them holds."""

    parts: tuple[Part, ...]
    missing: tuple[str, ...]


class ShardFolder:
    """Safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._contents: dict[str, Contents] = {}
        self._shards: dict[str, Shard] = {}

    def cover(self, wanted: Mapping[str, str]) -> Cover:
        """What there is of the set whose stamps are `wanted`."""
        left = dict(wanted)
        parts = []
        # The one that adds most comes next, and of equal ones that with the least that nobody wants.
        queue = [(-len(contents.ids), len(contents.ids), name) for name, contents in self._whole().items()]
        heapify(queue)
        while queue and left:
            bound, size, name = heappop(queue)
            kept = _held(self._contents[name], left)
            if sum(kept) < -bound:
                if any(kept):
                    heappush(queue, (-sum(kept), size, name))
                continue
            shard = self._opened(name)
            if shard is None:  # merged meanwhile, or damaged
                continue
            parts.append(Part(name=name, shard=shard, kept=np.array(kept, np.bool_)))
            for reference_id in compress(shard.contents.ids, kept):
                del left[reference_id]
        self._shards = {part.name: part.shard for part in parts}
        return Cover(parts=tuple(parts), missing=tuple(sorted(left)))

    def complete(self, wanted: Mapping[str, str], read: Callable[[str], Entry | None]) -> Cover:
        """The cover after what is missing was built, from what `read` gives for a reference.

        Still missing is what `read` gave another stamp for, or nothing. Raises StorageFull.
        """
        cover = self.cover(wanted)
        if cover.missing:
            self._path.mkdir(parents=True, exist_ok=True)
            with self._locked("building"):  # one process builds, the others take what it made
                cover = self.cover(wanted)
                entries = (read(reference_id) for reference_id in cover.missing)
                self._build(entry for entry in entries if entry and wanted[entry.reference_id] == entry.stamp)
            cover = self.cover(wanted)
        return self._merged(cover, wanted)

    def _whole(self) -> Mapping[str, Contents]:
        """What is in the folder, by name, as far as it can be used."""
        names = {path.name for path in self._path.glob("[0-9a-f]*") if path.is_dir()}
        for name in names - self._contents.keys():
            with suppress(OSError, ValueError, KeyError):
                self._contents[name] = contents_of(self._path / name)
        self._contents = {name: self._contents[name] for name in names & self._contents.keys()}
        return self._contents

    def _opened(self, name: str) -> Shard | None:
        if name in self._shards:
            return self._shards[name]
        try:
            return Shard.open(self._path / name)
        except (OSError, ValueError, KeyError):
            return None

    def _build(self, entries: Iterator[Entry]) -> None:
        while (shard := Shard.build(_first_of(entries))).contents.ids:
            self._keep(shard)

    def _keep(self, shard: Shard) -> None:
        """Under its name, once it is whole and on the disk."""
        place = self._path / shard.contents.name
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._path))
        try:
            shard.save(draft)
            if self._opened(place.name) is None:
                shutil.rmtree(place, ignore_errors=True)  # it is damaged, if it is there at all
                draft.rename(place)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise StorageFull("no room for the reference index") from error
            raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _merged(self, cover: Cover, wanted: Mapping[str, str]) -> Cover:
        """The cover after the merges that were due; unchanged while another process is merging."""
        while due := _due(cover.parts):
            with self._locked("merging", wait=False) as free:
                if not free:
                    return cover
                self._keep(Shard.merged([(part.shard, part.kept) for part in due]))
            cover = self.cover(wanted)
            self._tidy(cover)
        return cover

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Holds the lock, or is False. The kernel takes it back from a process that dies."""
        with (self._path / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _tidy(self, cover: Cover) -> None:
        """Drop what the cover holds too, and what is old and not of this set, or half written."""
        names = {part.name for part in cover.parts}
        held = {pair for part in cover.parts for pair in part.shard.contents.pairs}
        for path in self._path.iterdir():
            if path.name in names or not path.is_dir():
                continue
            contents = self._contents.get(path.name)
            if (contents and held.issuperset(contents.pairs)) or _is_old(path):
                shutil.rmtree(path, ignore_errors=True)


def _held(contents: Contents, wanted: Mapping[str, str]) -> list[bool]:
    return [wanted.get(reference_id) == stamp for reference_id, stamp in contents.pairs]


def _first_of(entries: Iterator[Entry]) -> Iterator[Entry]:
    """As many of them as make one shard."""
    features = 0
    for entry in entries:
        yield entry
        features += len(entry.fingerprint.descriptors)
        if features >= BUILT_FEATURES:
            return


def _due(parts: Sequence[Part]) -> Sequence[Part]:
    """What is to be merged next into one shard; nothing when all is well."""
    for part in parts:
        if part.is_mostly_gone:
            return [part]
    classes: dict[int, list[Part]] = {}
    for part in parts:
        classes.setdefault(_size_class(part.features), []).append(part)
    for _, alike in sorted(classes.items()):
        if len(alike) >= MERGED_FROM and sum(part.features for part in alike) <= MOST_FEATURES:
            return alike
    return []


def _size_class(features: int) -> int:
    number = 0
    while features > SMALL_FEATURES:
        features //= GROWTH
        number += 1
    return number


def _is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):  # another process tidies too
        return time.time() - path.stat().st_mtime > LEFT_ALONE_SECONDS
    return False
