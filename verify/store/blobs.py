"""Files named by the sha256 of their bytes.

In: bytes, as they stream in. Out: a path that appears only when the file is whole (temporary file,
fsync, rename), and bytes that were hashed again on the way out. Refuses to write when the disk is
nearly full (StorageFull) and to return what does not hash to its name (BlobMissing).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from verify.errors import BlobMissing, StorageFull

SHA256_NAME = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 2**20
STALE_SECONDS = 3600.0  # a temporary file this old belongs to a dead process: no fetch lasts so long


class BlobWriter(Protocol):
    """Takes a file in pieces. Left without `commit`, it leaves nothing behind."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def write(self, chunk: bytes) -> int: ...
    def commit(self, sha256: str = "") -> Path: ...


class Blobs(Protocol):
    """A store of files by content: a folder here, an S3 bucket elsewhere."""

    def writer(self) -> BlobWriter: ...
    def put(self, data: bytes) -> str: ...
    def read(self, sha256: str) -> bytes: ...
    def path(self, sha256: str) -> Path: ...
    def exists(self, sha256: str) -> bool: ...
    def remove(self, sha256: str) -> None: ...
    def names(self) -> Iterator[tuple[str, float]]: ...


class FolderBlobs:
    """Blobs in one folder: `root/ab/abcd...`. Processes may share it."""

    def __init__(self, root: Path, *, free_disk_bytes: int = 0) -> None:
        self.root = root
        self.free_disk_bytes = free_disk_bytes
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def writer(self) -> FolderWriter:
        """A writer. Raises StorageFull when less than `free_disk_bytes` would be left."""
        self._require_space()
        with _full_disk_translated():
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
        return FolderWriter(self, os.fdopen(descriptor, "wb"), Path(name))

    def put(self, data: bytes) -> str:
        """The sha256 of `data`, which is now stored. Raises StorageFull."""
        with self.writer() as writer:
            writer.write(data)
            return writer.commit().name

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises BlobMissing when absent or damaged; a damaged file is removed."""
        return self.path(sha256).read_bytes()

    def path(self, sha256: str) -> Path:
        """Where the file is, after hashing it once more. Raises BlobMissing as `read` does."""
        path = self._place(sha256)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
        if found != sha256:
            path.unlink(missing_ok=True)
            raise BlobMissing(f"{sha256} was damaged on disk")
        return path

    def exists(self, sha256: str) -> bool:
        """Whether a file of that name is there; its bytes are not read."""
        return self._place(sha256).is_file()

    def remove(self, sha256: str) -> None:
        """Forgets the file; no error when there is none."""
        self._place(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, float]]:
        """Every sha256 with the time it was last written, seconds since the epoch."""
        for path in self.root.glob("??/*"):
            if SHA256_NAME.fullmatch(path.name):
                try:
                    yield path.name, path.stat().st_mtime
                except FileNotFoundError:  # removed while we looked
                    continue

    def clean(self, older_than_seconds: float = STALE_SECONDS) -> int:
        """How many temporary files of dead processes were removed."""
        removed = 0
        for path in self._incoming.iterdir():
            try:
                if time.time() - path.stat().st_mtime > older_than_seconds:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    def _place(self, sha256: str) -> Path:
        if not SHA256_NAME.fullmatch(sha256):
            raise BlobMissing(f"{sha256!r} is not a sha256")
        return self.root / sha256[:2] / sha256

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < self.free_disk_bytes:
            raise StorageFull(f"{free} bytes left, {self.free_disk_bytes} are kept free")


class FolderWriter:
    """One file on its way into a FolderBlobs."""

    def __init__(self, blobs: FolderBlobs, file: IO[bytes], temporary: Path) -> None:
        self._blobs = blobs
        self._file = file
        self._temporary = temporary
        self._hash = hashlib.sha256()
        self._until_check = _CHUNK_BYTES * 16

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing flushes, and a full disk may refuse that too: the file is thrown away all the same.
        try:
            self._file.close()
        except OSError as closing:
            if closing.errno != errno.ENOSPC:
                raise
        finally:
            self._temporary.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> int:
        """The number of bytes taken. Raises StorageFull."""
        self._until_check -= len(chunk)
        if self._until_check < 0:
            self._blobs._require_space()  # noqa: SLF001 - the writer is the store's other half
            self._until_check = _CHUNK_BYTES * 16
        self._hash.update(chunk)
        with _full_disk_translated():
            return self._file.write(chunk)

    def commit(self, sha256: str = "") -> Path:
        """The finished file's path, its name the sha256 of what was written.

        Raises BlobMissing when `sha256` is given and differs, StorageFull; nothing is kept then.
        """
        found = self._hash.hexdigest()
        if sha256 and sha256 != found:
            raise BlobMissing(f"wrote {found} where {sha256} was announced")
        place = self._blobs._place(found)  # noqa: SLF001 - same
        with _full_disk_translated():
            self._file.flush()
            os.fsync(self._file.fileno())
            place.parent.mkdir(exist_ok=True)
            self._temporary.replace(place)
            _sync_folder(place.parent)
        return place


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(str(error)) from error
        raise
