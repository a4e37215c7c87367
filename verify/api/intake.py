"""Requests to check, made ready for the ledger: addresses, and files that a browser or program sends.

In: what the API and the pages take in. Out: items, accepted and committed, or joined when the same was asked
before. An uploaded file is sniffed and capped before anything of it is kept. The same request under the same
Idempotency-Key is the same items, whatever became of them.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from verify.api.schemas import ItemIn
from verify.api.services import Services
from verify.errors import UsageError
from verify.model import MediaFile
from verify.pipeline import Submission
from verify.pipeline.intake import FILE_PLATFORM, is_path
from verify.queueing import accept
from verify.store.items import NewItem, Priority
from verify.store.joining import Accepted

_CHUNK_BYTES = 2**20


def accept_all(services: Services, wanted: Sequence[ItemIn]) -> list[Accepted]:
    """What became of each, all of them or on an error none. Raises UsageError for a path of this machine."""
    return list(accept(services.tool.parts, services.bell, [_request(services, one) for one in wanted]))


def accept_once(services: Services, wanted: Sequence[ItemIn], *, owner: str, key: str) -> list[Accepted]:
    """The items of the first request under `key`. Raises UsageError when that was another request."""
    if not key:
        return accept_all(services, wanted)
    digest = hashlib.sha256("\n".join(one.model_dump_json() for one in wanted).encode()).hexdigest()
    earlier = services.request_log.earlier(owner, key, digest)
    if earlier is not None:
        return [Accepted(item=services.ledger.get(item_id), joined=True) for item_id in earlier]
    accepted = accept_all(services, wanted)
    kept = services.request_log.keep(owner, key, digest, [one.item.id for one in accepted])
    for one in accepted:  # another request with the same key was faster: its items stand
        if one.item.id not in kept and not one.joined:
            services.ledger.cancel(one.item.id)
    return [
        one if one.item.id == item_id else Accepted(item=services.ledger.get(item_id), joined=True)
        for one, item_id in zip(accepted, kept, strict=True)
    ]


def _request(services: Services, wanted: ItemIn) -> NewItem:
    # A path would let a caller read this machine's files; the command line is the place for those.
    if is_path(wanted.url):
        raise UsageError("a file of this machine cannot be queued by its path; upload it")
    submission = Submission(
        text=wanted.url,
        claim=wanted.claim,
        note=wanted.note,
        posted_at=wanted.posted_at,
        priority=Priority[wanted.priority.upper()],
    )
    return services.tool.intake.request(submission)


def accept_file(
    services: Services, content: BinaryIO, name: str, *, claim: str, note: str, posted_at: datetime | None
) -> Accepted:
    """What became of an uploaded file. Raises MediaRejected, DownloadTooLarge, StorageFull."""
    file = store(services, content, name)
    request = NewItem(
        submitted=file.original_name or "upload",
        key=f"{FILE_PLATFORM}:{file.sha256}",
        claim=claim,
        note=note,
        posted_at=posted_at,
    )
    return accept(services.tool.parts, services.bell, [request])[0]


def store(services: Services, content: BinaryIO, name: str) -> MediaFile:
    """The uploaded file in the blob store, under its name as sent, shortened, without folders."""
    base = name.replace("\\", "/").rpartition("/")[2].replace("\x00", "")[:200] or "upload"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            while chunk := content.read(_CHUNK_BYTES):
                copy.write(chunk)
        file = services.tool.intake.take_file(path)
    return services.tool.intake.stored_file(file.sha256, base)
