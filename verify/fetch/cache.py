"""Answers kept on disk, so that the same question is not asked twice and --offline has something.

In: an answer of status 200, or a finished download. Out: the same, with its age and what to ask with
(ETag, Last-Modified). One file per address in VERIFY_HOME/answers: a line of JSON, then the body.
Refused: damaged files, which count as absent. Written beside and renamed, so none is half-written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KEPT_HEADERS = ("content-type", "etag", "last-modified", "location")
MOST_ENTRIES = 4096  # past this, or past MOST_BYTES, the oldest go
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An answer as it was kept."""

    url: str  #: that answered
    headers: Mapping[str, str]
    body: bytes
    age_seconds: float

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def conditions(self) -> dict[str, str]:
        """Request headers that let the server say "not modified"."""
        pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
        return {asked: self.headers[name] for asked, name in pairs if name in self.headers}


class ResponseCache:
    """`folder` is made when something is first kept. Safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str, accept: str) -> Stored | None:
        """What is kept for `url`, of whatever age."""
        path = self._place(url, accept)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            kept = json.loads(head)
            if kept["sha256"] != hashlib.sha256(body).hexdigest():
                return None
            return Stored(
                url=kept["url"],
                headers=kept["headers"],
                body=body,
                age_seconds=max(0.0, time.time() - path.stat().st_mtime),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, url: str, accept: str, *, answered: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep an answer; a full or read-only disk only means that it is not kept."""
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        head = json.dumps({"url": answered, "headers": kept, "sha256": hashlib.sha256(body).hexdigest()})
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(head.encode() + b"\n" + body)
                Path(name).replace(self._place(url, accept))
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._prune()

    def renew(self, url: str, accept: str) -> None:
        """The server says that what is kept still holds: its age starts anew."""
        with contextlib.suppress(OSError):
            self._place(url, accept).touch()

    def _place(self, url: str, accept: str) -> Path:
        return self._folder / hashlib.sha256(f"{accept}\n{url}".encode()).hexdigest()

    def _prune(self) -> None:
        """Let the oldest entries go until what is left is well within both limits."""
        entries = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir())
        size_bytes = sum(size for _, size, _ in entries)
        if len(entries) <= MOST_ENTRIES and size_bytes <= MOST_BYTES:
            return
        for gone, (_, size, path) in enumerate(entries, start=1):
            path.unlink(missing_ok=True)
            size_bytes -= size
            if len(entries) - gone <= MOST_ENTRIES * 3 // 4 and size_bytes <= MOST_BYTES * 3 // 4:
                return
