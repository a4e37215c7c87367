"""What a person submits, made ready for the ledger: a post's address, or a file taken into the store.

In: the words given, with an own claim beside them. Out: a `NewItem` with its key. A file is copied
into the blob store first, so that the item can be worked on elsewhere and after the file is gone.
What cannot be read is accepted without a key: its check ends in a report that says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from verify.errors import DownloadTooLarge, PermanentError, UnreadableInput
from verify.media.sniff import HEAD_BYTES, Sniffed, sniff
from verify.model import MediaFile, PostKey
from verify.posts.urls import media_kind_of, parse
from verify.settings import Settings
from verify.store.blobs import Blobs
from verify.store.items import NewItem, Priority

FILE_PLATFORM = "file"
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One thing to check, as a person gave it."""

    text: str  #: an address, or the path of a file
    claim: str = ""
    note: str = ""
    posted_at: datetime | None = None
    priority: Priority = Priority.NORMAL


class Intake:
    """Reads submissions; files go to `blobs`, within the size caps of `settings`."""

    def __init__(self, settings: Settings, blobs: Blobs) -> None:
        self._settings = settings
        self._blobs = blobs

    def request(self, submission: Submission) -> NewItem:
        """The request for the ledger. Raises StorageFull."""
        try:
            key = str(self.key_of(submission.text))
        except PermanentError:
            key = ""  # resolving it says why
        return NewItem(
            submitted=submission.text,
            key=key,
            claim=submission.claim,
            note=submission.note,
            posted_at=submission.posted_at,
            priority=submission.priority,
        )

    def key_of(self, submitted: str) -> PostKey:
        """The canonical key; a file is stored on the way.

        Raises InvalidUrl, UnsupportedUrl, and what `take_file` raises.
        """
        if is_path(submitted):
            return PostKey(platform=FILE_PLATFORM, id=self.take_file(Path(submitted)).sha256)
        return parse(submitted).key

    def take_file(self, path: Path) -> MediaFile:
        """The file, stored. Raises UnreadableInput, DownloadTooLarge, MediaRejected, StorageFull."""
        try:
            return self._copy(path)
        except OSError as error:
            raise UnreadableInput(f"{path}: {error.strerror or error}") from error

    def stored_file(self, sha256: str, name: str) -> MediaFile:
        """The file taken earlier. Raises BlobMissing."""
        path = self._blobs.path(sha256)
        with path.open("rb") as file:
            sniffed = sniff(file.read(HEAD_BYTES))
        return _media_file(sha256, path.stat().st_size, sniffed, name)

    def _copy(self, path: Path) -> MediaFile:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            sniffed = sniff(head)
            size_bytes, cap = path.stat().st_size, self._cap(sniffed)
            if size_bytes > cap:
                raise DownloadTooLarge(f"{size_bytes} bytes, the cap is {cap}")
            with self._blobs.writer() as writer:
                writer.write(head)
                while chunk := file.read(_CHUNK_BYTES):
                    writer.write(chunk)
                stored = writer.commit()
        return _media_file(stored.name, size_bytes, sniffed, path.name)

    def _cap(self, sniffed: Sniffed) -> int:
        is_image = sniffed.mime.startswith("image/")
        return self._settings.max_image_bytes if is_image else self._settings.max_video_bytes


def is_path(submitted: str) -> bool:
    """Whether the words name a file: they exist as one, or look like a path and not like an address."""
    if "://" in submitted:
        return False
    try:
        exists = Path(submitted).exists()
    except (OSError, ValueError):  # too long for a path, or holds a null character
        return False
    looks_like_file = "/" not in submitted and media_kind_of(f"https://host/{submitted}") is not None
    return exists or looks_like_file or submitted.startswith(("/", "./", "../", "~"))


def _media_file(sha256: str, size_bytes: int, sniffed: Sniffed, name: str) -> MediaFile:
    return MediaFile(
        sha256=sha256, size_bytes=size_bytes, mime=sniffed.mime, kind=sniffed.kind, original_name=name
    )
