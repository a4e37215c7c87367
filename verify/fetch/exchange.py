"""One open response, and the one edge where the HTTP library's errors become ours.

In: a response whose body has not been read. Out: its status, headers and body in bounded pieces,
hashed as they pass, and after the block its `Attempt`. Refused: bodies over the caller's cap.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from verify.errors import (
    BadResponse,
    DownloadTooLarge,
    FetchTimedOut,
    ForbiddenScheme,
    InvalidUrl,
    NetworkFailed,
)
from verify.model import Attempt

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Exchange:
    """One open response. `chunks` reads it once, hashing as it goes."""

    def __init__(self, url: str, response: httpx2.Response) -> None:
        self.url = url
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.attempt: Attempt | None = None  #: set when the exchange has ended
        self._response = response
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    @property
    def sha256(self) -> str | None:
        """Of what was read of the body so far, content decoding undone; None before the first byte."""
        return self._digest.hexdigest() if self._size_bytes else None

    @property
    def redirect(self) -> str:
        location = self.headers.get("location", "")
        return join_url(self.url, location) if self.status in _REDIRECTS and location else ""

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """The body, in pieces of at most 1 MiB. Raises DownloadTooLarge past `max_bytes`."""
        if int(_digits(self.headers.get("content-length", ""))) > max_bytes:
            raise DownloadTooLarge(f"more than {max_bytes} bytes announced")
        with translated():
            for chunk in self._response.iter_bytes():
                self._size_bytes += len(chunk)
                if self._size_bytes > max_bytes:
                    raise DownloadTooLarge(f"more than {max_bytes} bytes sent")
                self._digest.update(chunk)
                yield chunk


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """The HTTP library's errors as ours; the one edge where they cross."""
    try:
        yield
    except httpx2.InvalidURL as error:
        raise InvalidUrl(str(error)) from error
    except httpx2.TimeoutException as error:
        raise FetchTimedOut(str(error)) from error
    except httpx2.UnsupportedProtocol as error:
        raise ForbiddenScheme(str(error)) from error
    except httpx2.DecodingError as error:
        raise BadResponse(str(error)) from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise NetworkFailed(str(error)) from error


def join_url(base: str, location: str) -> str:
    """Where `location` leads from `base`; as it stands when it is malformed, to be refused as such."""
    try:
        return urljoin(base, location) if location else ""
    except ValueError:
        return location


def split_url(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InvalidUrl(url[:200]) from error


def _digits(text: str) -> str:
    return text[:18] if text.isdigit() else "0"
