"""Blobs in an S3-compatible bucket, with a local folder in front of it.

In: bytes, as they stream in. Out: objects named by the sha256 of their bytes, and local paths, since
decoders read files. An object appears only when it is whole: S3 has no half-written ones, and its key
is its hash, which is checked on the way out. The folder is a cache and may be deleted at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from verify.errors import BlobMissing, StorageBusy, UnknownSetting
from verify.store.blobs import SHA256_NAME, FolderBlobs, FolderWriter

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})


class S3Blobs:
    """Blobs in `bucket` under `prefix`; credentials come from boto3's own sources."""

    def __init__(
        self, bucket: str, cache: FolderBlobs, *, prefix: str = "", endpoint_url: str | None = None
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._cache = cache
        self._client: Any = boto3.client("s3", endpoint_url=endpoint_url, config=_CONFIG)

    def writer(self) -> S3Writer:
        """A writer. Raises StorageFull when the cache's disk is nearly full."""
        return S3Writer(self, self._cache.writer())

    def put(self, data: bytes) -> str:
        """The sha256 of `data`, which is now stored. Raises StorageFull, StorageBusy."""
        with self.writer() as writer:
            writer.write(data)
            return writer.commit().name

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises BlobMissing when absent or damaged, StorageBusy when S3 cannot be asked."""
        return self.path(sha256).read_bytes()

    def path(self, sha256: str) -> Path:
        """A local copy, hashed once more. Raises as `read` does."""
        try:
            return self._cache.path(sha256)
        except BlobMissing:
            return self._fetched(sha256)

    def exists(self, sha256: str) -> bool:
        """Whether there is an object of that name. Raises StorageBusy."""
        if not SHA256_NAME.fullmatch(sha256):
            return False
        try:
            with _translated(sha256):
                self._client.head_object(Bucket=self._bucket, Key=self._key(sha256))
        except BlobMissing:
            return False
        return True

    def remove(self, sha256: str) -> None:
        """Forgets the object and its local copy; no error when there is none."""
        with _translated(sha256):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(sha256))
        self._cache.remove(sha256)

    def names(self) -> Iterator[tuple[str, float]]:
        """Every sha256 with the time it was last written, seconds since the epoch."""
        pages = self._client.get_paginator("list_objects_v2")
        with _translated("the list"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    name = entry["Key"].rpartition("/")[2]
                    if SHA256_NAME.fullmatch(name):
                        yield name, entry["LastModified"].timestamp()

    def upload(self, path: Path) -> None:
        """Stores a local blob under its own name. Raises StorageBusy."""
        with _translated(path.name):
            self._client.upload_file(str(path), self._bucket, self._key(path.name))

    def _fetched(self, sha256: str) -> Path:
        if not SHA256_NAME.fullmatch(sha256):
            raise BlobMissing(f"{sha256!r} is not a sha256")
        with self._cache.writer() as writer, _translated(sha256):
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(sha256))["Body"]
            for chunk in body.iter_chunks(2**20):
                writer.write(chunk)
            return writer.commit(sha256)

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}{sha256[:2]}/{sha256}"


class S3Writer:
    """One file on its way into an S3Blobs, by way of the local folder."""

    def __init__(self, blobs: S3Blobs, local: FolderWriter) -> None:
        self._blobs = blobs
        self._local = local

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._local.__exit__(kind, error, trace)

    def write(self, chunk: bytes) -> int:
        """The number of bytes taken. Raises StorageFull."""
        return self._local.write(chunk)

    def commit(self, sha256: str = "") -> Path:
        """The local copy's path, once the object is in the bucket. Raises as FolderWriter's, StorageBusy."""
        path = self._local.commit(sha256)
        self._blobs.upload(path)
        return path


def s3_blobs(url: str, cache: FolderBlobs, *, endpoint_url: str) -> S3Blobs:
    """The store at "s3://bucket/prefix". Raises UnknownSetting for another kind of address."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise UnknownSetting(f"VERIFY_BLOBS_URL is {url!r}; write s3://bucket or s3://bucket/prefix")
    prefix = parts.path.strip("/")
    return S3Blobs(
        parts.netloc, cache, prefix=f"{prefix}/" if prefix else "", endpoint_url=endpoint_url or None
    )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}:
            raise BlobMissing(what) from error
        raise StorageBusy(f"S3: {error}") from error
    except BotoCoreError as error:
        raise StorageBusy(f"S3: {error}") from error
