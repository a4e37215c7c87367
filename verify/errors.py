"""Everything that can go wrong, as one tree.

    VerifyError
    ├── PermanentError        trying again cannot help
    │   ├── UsageError            the request itself is wrong
    │   │   ├── InvalidUrl, UnsupportedUrl, UnreadableInput, NotInReferenceSet, InvalidProvenance,
    │   │   ├── NoSuchItem, NoSuchRecord, UnknownSetting, SchemaTooNew, SandboxUnavailable,
    │   │   ├── NotSignedIn, NotAllowed, ForgedRequest, RequestTooLarge, MediaNotKept,
    │   │   └── LexiconUnreadable, MissingExtra
    │   ├── PostUnavailable       a platform said why there is nothing
    │   │   ├── PostNotFound, PostDeleted, AccountSuspended, PostProtected,
    │   │   └── AgeRestricted, WithheldInCountry, LoginRequired, PostWithoutMedia
    │   ├── FetchRefused          we will not or cannot fetch this
    │   │   ├── ForbiddenAddress, ForbiddenScheme, TooManyRedirects,
    │   │   ├── DownloadTooLarge, HttpRefused, MediaGone
    │   │   └── EncodedResponse, NotStored
    │   ├── BadResponse           an answer that cannot be read
    │   ├── MediaRejected         bytes that are not footage we read
    │   │   ├── EmptyMedia, WrongMediaType, WebPageInstead, PlaylistRejected, ArchiveRejected,
    │   │   └── BrokenMedia, MediaTooLarge, NoVideoStream, DecoderCrashed
    │   ├── ItemCancelled         somebody asked for it
    │   └── WorkAbandoned         three attempts were lost
    └── TransientError        trying again may help
        ├── NetworkFailed (NameNotResolved), FetchTimedOut, ServerFailed, RateLimited
        ├── StorageFull, StorageBusy, BlobMissing
        └── TooManyRequests, FramesBusy, StaleLease

A class's docstring is the sentence the user reads; `detail` is what is particular to this case.
"""

from __future__ import annotations

import re
from typing import ClassVar


class VerifyError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "verify_error"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(detail)

    def __str__(self) -> str:
        sentence = " ".join((self.__doc__ or "").split())
        return f"{sentence} ({self.detail})" if self.detail else sentence


class PermanentError(VerifyError):
    """This cannot succeed however often it is tried."""


class TransientError(VerifyError):
    """This did not succeed now and may later."""

    def __init__(self, detail: str = "", *, retry_after_seconds: float | None = None) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class UsageError(PermanentError):
    """The request cannot be carried out as written."""


class InvalidUrl(UsageError):
    """This is not a web address that can be checked.
    Give a full http or https address, or the path of a file."""


class UnsupportedUrl(UsageError):
    """No source here can resolve this address to media. Download the media and check the file instead."""


class UnreadableInput(UsageError):
    """The input cannot be read. Check the path and its permissions."""


class NotInReferenceSet(UsageError):
    """There is no such reference. `verify reference list` shows the identifiers."""


class InvalidProvenance(UsageError):
    """This cannot be recorded of a reference. `verify reference add --help` shows how facts are written."""


class NoSuchItem(UsageError):
    """There is no such item. `verify list` shows the identifiers."""


class NoSuchRecord(UsageError):
    """There is no such record. The list it belongs to shows the identifiers."""


class NotSignedIn(UsageError):
    """This needs a key or a signed-in person. Send a key as `Authorization: Bearer ...`, or sign in."""


class NotAllowed(UsageError):
    """This key or person may not do that. An administrator can give the scope that is named."""


class ForgedRequest(UsageError):
    """The request did not come from one of this server's own pages. Reload the page and try again."""


class RequestTooLarge(UsageError):
    """The request is larger than this server takes. Nothing of it was kept."""


class MediaNotKept(UsageError):
    """The footage is not kept here, so its frames cannot be shown.
    Check the item again, or add the reference's footage again. The pictures in the report stay."""


class UnknownSetting(UsageError):
    """A setting is wrong. `verify doctor` lists every setting with its unit and its default."""


class SandboxUnavailable(UsageError):
    """Bubblewrap was asked for and does not work here. Install it, or set VERIFY_SANDBOX=auto."""


class SchemaTooNew(UsageError):
    """The database was written by a newer version. Install that version, or point VERIFY_HOME elsewhere."""


class LexiconUnreadable(UsageError):
    """A table of equipment or places cannot be read. `verify lexicon check` names every fault."""


class MissingExtra(UsageError):
    """An optional part is not installed. Install verify with the extra named here."""


class PostUnavailable(PermanentError):
    """The post gives no media."""


class PostNotFound(PostUnavailable):
    """No source knows this post.
    That does not say it was deleted: it may be age-restricted or out of reach."""


class PostDeleted(PostUnavailable):
    """The platform says that the post was deleted."""


class AccountSuspended(PostUnavailable):
    """The platform says that the account is suspended."""


class PostProtected(PostUnavailable):
    """The platform says that the account's posts are visible to its followers only."""


class AgeRestricted(PostUnavailable):
    """The platform shows this post only to signed-in adults. Save the media by hand and check the file."""


class WithheldInCountry(PostUnavailable):
    """The platform withholds this post in some countries."""


class LoginRequired(PostUnavailable):
    """The platform shows this post only to signed-in users. Save the media by hand and check the file."""


class PostWithoutMedia(PostUnavailable):
    """The post was read and carries no photo or video."""


class FetchRefused(PermanentError):
    """The address was not fetched."""


class ForbiddenAddress(FetchRefused):
    """The address leads to a network that is not public. Nothing was sent there.
    VERIFY_ALLOW_PRIVATE_HOSTS names the exceptions, as host:port."""


class ForbiddenScheme(FetchRefused):
    """Only http on port 80 and https on port 443 are fetched."""


class TooManyRedirects(FetchRefused):
    """The address redirects too often."""


class DownloadTooLarge(FetchRefused):
    """The file is larger than the cap. VERIFY_MAX_VIDEO_BYTES and VERIFY_MAX_IMAGE_BYTES set it."""


class HttpRefused(FetchRefused):
    """The server refused the request."""


class MediaGone(FetchRefused):
    """The server has no file at this address (any more)."""


class NotStored(FetchRefused):
    """Nothing is stored for this address, and VERIFY_OFFLINE (--offline) forbids asking for it."""


class EncodedResponse(FetchRefused):
    """The server sent the file compressed although that was not asked for."""


class BadResponse(PermanentError):
    """The answer does not have the documented shape, so nothing was read from it."""


class MediaRejected(PermanentError):
    """The file is not a photo or video that can be read."""


class EmptyMedia(MediaRejected):
    """The file is empty."""


class WrongMediaType(MediaRejected):
    """The file is not a photo or video of a supported type."""


class WebPageInstead(MediaRejected):
    """The server sent a web page where the photo or video should be.
    It may ask for a login, or the file may be gone: open the address in a browser."""


class PlaylistRejected(MediaRejected):
    """The file is a playlist that names other files, not footage."""


class ArchiveRejected(MediaRejected):
    """The file is an archive. Archives are never unpacked: extract it and check the files."""


class BrokenMedia(MediaRejected):
    """The file is damaged and no picture could be read from it."""


class MediaTooLarge(MediaRejected):
    """The picture is larger than the decoder's limit."""


class NoVideoStream(MediaRejected):
    """The file holds no pictures, only other streams."""


class DecoderCrashed(MediaRejected):
    """The decoder exceeded its limits or crashed on this file. It ran apart from everything else."""


class WorkAbandoned(PermanentError):
    """The work on this item was lost three times and is not tried again by itself."""


class ItemCancelled(PermanentError):
    """The check was cancelled on request."""


class NetworkFailed(TransientError):
    """The server could not be reached."""


class NameNotResolved(NetworkFailed):
    """The server's name could not be resolved to an address. Check the spelling and the connection."""


class FetchTimedOut(TransientError):
    """The server was too slow."""


class ServerFailed(TransientError):
    """The server failed."""


class RateLimited(TransientError):
    """The platform asks for fewer requests. The item is tried again later."""


class StorageFull(TransientError):
    """The disk is nearly full. Free some space; nothing half-written was kept."""


class StorageBusy(TransientError):
    """The database is busy or out of reach."""


class BlobMissing(TransientError):
    """A stored file is missing or damaged. It will be fetched again."""


class TooManyRequests(TransientError):
    """This key or address sent too many requests. Wait as long as Retry-After says."""


class FramesBusy(TransientError):
    """Too many people are having frames read at this moment. Try again in a few seconds."""


class StaleLease(TransientError):
    """Another worker has taken over this item; this late result was refused."""
