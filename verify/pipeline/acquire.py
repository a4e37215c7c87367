"""The first two arrows: what was submitted -> Post -> media on disk.

In: an item of the ledger. Out: `Post` and `Acquired`, with every request in the acquisition log. What
is wrong with one medium becomes its `Problem` and the others go on; only what may pass by itself
(TransientError) is raised, while somebody will come back for the item.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from verify.errors import (
    NetworkFailed,
    PermanentError,
    RateLimited,
    StorageFull,
    TransientError,
    UsageError,
    VerifyError,
)
from verify.fetch.download import Downloader
from verify.fetch.log import AcquisitionLog
from verify.model import MediaRef, MediaRole, Post, PostKey, PostState
from verify.pipeline.intake import FILE_PLATFORM, Intake, is_path
from verify.pipeline.problems import problem
from verify.pipeline.records import Acquired, Medium, Resolved, Stage
from verify.posts.resolve import Resolver
from verify.store.blobs import Blobs
from verify.store.items import Item

STATED_BY_USER = "stated by the user"
_PASSING: dict[PostState, type[TransientError]] = {
    PostState.NETWORK_ERROR: NetworkFailed,
    PostState.RATE_LIMITED: RateLimited,
}


class Acquirer:
    """Resolves and fetches. `last_try` says that nobody will come back for a transient failure."""

    def __init__(self, intake: Intake, resolver: Resolver, downloader: Downloader, blobs: Blobs) -> None:
        self._intake = intake
        self._resolver = resolver
        self._downloader = downloader
        self._blobs = blobs

    def resolve(self, item: Item, *, last_try: bool) -> Resolved:
        """The post; for a file, a stand-in that holds what the user stated.

        Raises NetworkFailed or RateLimited when the platform could not be asked and it is not the `last_try`.
        """
        try:
            post = self._post(item)
        except UsageError as error:
            return Resolved(post=_unreadable(item), problem=problem(Stage.RESOLVE, error))
        passing = _PASSING.get(post.state)
        if passing is not None and not last_try:
            raise passing("; ".join(post.notes))
        if item.posted_at is not None and post.posted_at is None:
            post = replace(post, posted_at=item.posted_at, posted_at_basis=STATED_BY_USER)
        return Resolved(post=post)

    def _post(self, item: Item) -> Post:
        if item.key.startswith(f"{FILE_PLATFORM}:") or (not item.key and is_path(item.submitted)):
            return _file_post(item)
        return self._resolver.resolve(item.submitted)

    def fetch(self, item: Item, post: Post, *, last_try: bool) -> Acquired:
        """Every medium of the post, on disk or with its problem.

        Raises StorageFull, and other TransientErrors while it is not the `last_try`.
        """
        if post.key.platform == FILE_PLATFORM:
            return Acquired(media=(self._given_file(item, post),))
        log = AcquisitionLog()
        media = tuple(self._medium(ref, log, last_try=last_try) for ref in post.media)
        return Acquired(media=media, attempts=log.attempts)

    def is_complete(self, acquired: Acquired) -> bool:
        """Whether every file that was fetched earlier is still in the store."""
        return all(self._blobs.exists(medium.file.sha256) for medium in acquired.media if medium.file)

    def _given_file(self, item: Item, post: Post) -> Medium:
        path = Path(item.submitted)
        try:
            if post.key.id:
                file = self._intake.stored_file(post.key.id, path.name)
            else:
                file = self._intake.take_file(path)  # it could not be read before; this says why
        except PermanentError as error:
            return Medium(role=MediaRole.OWN, index=0, problem=problem(Stage.FETCH, error))
        return Medium(role=MediaRole.OWN, index=0, file=file)

    def _medium(self, ref: MediaRef, log: AcquisitionLog, *, last_try: bool) -> Medium:
        try:
            file, _ = self._downloader.download(ref, self._blobs, log=log)
        except StorageFull:
            raise
        except VerifyError as error:
            if isinstance(error, TransientError) and not last_try:
                raise
            return Medium(role=ref.role, index=ref.index, ref=ref, problem=problem(Stage.FETCH, error))
        return Medium(role=ref.role, index=ref.index, ref=ref, file=file)


def _file_post(item: Item) -> Post:
    """A file has no post: only what the user states of it."""
    return Post(
        key=PostKey(platform=FILE_PLATFORM, id=item.key.partition(":")[2]),
        url="",
        submitted=item.submitted,
        state=PostState.OK,
    )


def _unreadable(item: Item) -> Post:
    return Post(
        key=PostKey(platform="", id=""), url="", submitted=item.submitted, state=PostState.UNSUPPORTED_URL
    )
