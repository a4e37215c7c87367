"""Media to disk: streamed, hashed as it arrives, stored under its hash.

In: a `MediaRef`. Out: the `MediaFile` that was stored, and every attempt made. The reference's own
address is tried first, then its variants; playlists come last. Refused: empty bodies, web pages,
compressed bodies, bodies over the cap of their kind, a nearly full disk, servers that trickle.
The type is read off the first bytes by the sniffer given to the constructor, never off a header.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from verify.errors import (
    DownloadTooLarge,
    EmptyMedia,
    EncodedResponse,
    FetchTimedOut,
    HttpRefused,
    PermanentError,
    StorageFull,
    TransientError,
    VerifyError,
    WebPageInstead,
)
from verify.fetch.client import GuardedClient
from verify.fetch.exchange import Exchange
from verify.fetch.log import AcquisitionLog
from verify.fetch.statuses import status_error
from verify.model import Attempt, MediaFile, MediaKind, MediaRef
from verify.settings import Settings

HEAD_BYTES = 4096  # shown to the sniffer
GRACE_SECONDS = 10.0  # before the least rate is asked for; reliability.md 2.2
DISK_CHECK_BYTES = 8 * 2**20  # written between two looks at the free space


class Sniffed(Protocol):
    """What the first bytes say."""

    @property
    def mime(self) -> str: ...
    @property
    def kind(self) -> MediaKind: ...


class BlobWriter(Protocol):
    """One blob being written; leaving its block without `commit` discards it."""

    def write(self, chunk: bytes, /) -> object: ...
    def commit(self, sha256: str, /) -> Path:
        """Make the blob durable under its hash; where it lies."""


class BlobSink(Protocol):
    """Where downloads go; implemented by `verify.store.blobs`."""

    def writer(self) -> AbstractContextManager[BlobWriter]: ...
    def exists(self, sha256: str) -> bool: ...


class Downloader:
    """`sniff` takes up to 4,096 first bytes and raises MediaRejected for what is not footage."""

    def __init__(self, client: GuardedClient, settings: Settings, sniff: Callable[[bytes], Sniffed]) -> None:
        self._client = client
        self._settings = settings
        self._sniff = sniff

    def download(
        self, ref: MediaRef, blobs: BlobSink, *, log: AcquisitionLog | None = None
    ) -> tuple[MediaFile, tuple[Attempt, ...]]:
        """Fetch and store `ref`, from the first of its addresses that gives footage.

        Raises StorageFull at once; else, when no address worked, a TransientError if any failure was
        one, or the first failure. The attempts are in `log` in every case. Offline, what was downloaded
        earlier and is still in the store is given again, and NotStored raised for the rest.
        """
        book = log or AcquisitionLog()
        if self._settings.offline and (known := self._stored(ref, blobs, book)) is not None:
            return known, book.attempts
        failures: list[VerifyError] = []
        for url in _addresses(ref):
            try:
                return self._client.tries(partial(self._fetch, url, ref, blobs, book)), book.attempts
            except StorageFull:
                raise
            except (PermanentError, TransientError) as error:
                failures.append(error)
        raise next((failure for failure in failures if isinstance(failure, TransientError)), failures[0])

    def _fetch(self, url: str, ref: MediaRef, blobs: BlobSink, log: AcquisitionLog) -> MediaFile:
        self._check_disk()
        with _disk_errors(), self._client.open(url, source="download", log=log) as exchange:
            _check_answer(exchange)
            chunks = self._paced(exchange.chunks(self._largest()))
            head = _head(chunks)
            sniffed = self._look_at(head, exchange)
            cap = self._cap(sniffed)
            with blobs.writer() as writer:
                size_bytes, sha256 = self._write(writer, head, chunks, cap)
                writer.commit(sha256)
        facts = {"sha256": sha256, "size_bytes": size_bytes, "mime": sniffed.mime, "kind": sniffed.kind.value}
        self._client.remember(url, json.dumps(facts).encode())
        return _media_file(facts, ref)

    def _stored(self, ref: MediaRef, blobs: BlobSink, log: AcquisitionLog) -> MediaFile | None:
        """What an address of `ref` gave earlier, when its file is still there."""
        for url in _addresses(ref):
            facts = json.loads(self._client.recall(url) or b"{}")
            if facts and blobs.exists(facts["sha256"]):
                log.add(_recalled(url, facts["sha256"]))
                return _media_file(facts, ref)
        return None

    def _look_at(self, head: bytes, exchange: Exchange) -> Sniffed:
        if not head:
            raise EmptyMedia
        if looks_like_html(head):
            raise WebPageInstead(exchange.headers.get("content-type", "")[:100])
        return self._sniff(head[:HEAD_BYTES])

    def _write(self, writer: BlobWriter, head: bytes, chunks: Iterable[bytes], cap: int) -> tuple[int, str]:
        digest = hashlib.sha256()
        size_bytes, checked_bytes = 0, 0
        for chunk in _chain(head, chunks):
            size_bytes += len(chunk)
            if size_bytes > cap:
                raise DownloadTooLarge(f"more than {cap} bytes sent")
            if size_bytes - checked_bytes > DISK_CHECK_BYTES:
                self._check_disk()
                checked_bytes = size_bytes
            digest.update(chunk)
            writer.write(chunk)
        return size_bytes, digest.hexdigest()

    def _paced(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """`chunks`, given up when they come slower than the least rate after the grace period."""
        started = time.monotonic()
        size_bytes = 0
        for chunk in chunks:
            size_bytes += len(chunk)
            elapsed = time.monotonic() - started
            if elapsed > GRACE_SECONDS and size_bytes < elapsed * self._settings.least_bytes_per_second:
                raise FetchTimedOut(f"{size_bytes} bytes in {elapsed:.0f} s")
            yield chunk

    def _largest(self) -> int:
        return max(self._settings.max_video_bytes, self._settings.max_image_bytes)

    def _cap(self, sniffed: Sniffed) -> int:
        is_image = sniffed.mime.startswith("image/")
        return self._settings.max_image_bytes if is_image else self._settings.max_video_bytes

    def _check_disk(self) -> None:
        folder = self._settings.home.expanduser()
        while not folder.exists():
            folder = folder.parent
        if shutil.disk_usage(folder).free < self._settings.free_disk_bytes:
            raise StorageFull(f"less than {self._settings.free_disk_bytes} bytes free")


def looks_like_html(head: bytes) -> bool:
    """Whether a body begins as a web page does (WHATWG MIME sniffing, 7.1), whatever its header says."""
    start = head[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title", b"<!--"))


def _media_file(facts: Mapping[str, Any], ref: MediaRef) -> MediaFile:
    """The record of a download; `facts` are what is also kept for --offline."""
    return MediaFile(
        sha256=facts["sha256"],
        size_bytes=facts["size_bytes"],
        mime=facts["mime"],
        kind=MediaKind(facts["kind"]),
        source=ref,
    )


def _recalled(url: str, sha256: str) -> Attempt:
    now = datetime.now(UTC)
    detail = "downloaded earlier; nothing was sent"
    return Attempt(
        source="download",
        url=url,
        started_at=now,
        ended_at=now,
        outcome="stored",
        sha256=sha256,
        detail=detail,
    )


def _addresses(ref: MediaRef) -> list[str]:
    urls = dict.fromkeys([ref.url, *(variant.url for variant in ref.variants)])
    playlists = {variant.url for variant in ref.variants if "mpegurl" in variant.mime.lower()}
    return sorted(urls, key=lambda url: url in playlists or url.split("?", 1)[0].endswith((".m3u8", ".mpd")))


def _check_answer(exchange: Exchange) -> None:
    failure = status_error(exchange.status, exchange.headers)
    if failure is not None:
        raise failure
    if exchange.status != 200:
        raise HttpRefused(f"HTTP {exchange.status}")
    if exchange.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EncodedResponse(exchange.headers["content-encoding"][:100])


def _head(chunks: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head


def _chain(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(str(error)) from error
        raise
