"""The shape that the readers of address forms share: an address taken apart, and what was found (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from verify.errors import InvalidUrl

_PREFIXES = re.compile(r"\A(?:www|m|mobile|amp|mbasic|touch|web)\.(?=[^.]+\.)")
_HOST = re.compile(r"\A[^\s/?#@:\\]+\Z|\A[0-9a-f:.]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An address taken apart for reading: no escapes, no fragment, host in lower case."""

    url: str  #: normalised, with its query
    netloc: str  #: host and port as they are dialled
    host: str  #: lower case, without a leading www., m., mobile. and the like
    path: str  #: unescaped
    segments: tuple[str, ...]  #: of the path, none empty
    query: Mapping[str, str]  #: first value of each parameter
    fragment: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises InvalidUrl when `url` has no host or a port that is no number."""
        try:
            split = urlsplit(url)
            host, port = (split.hostname or "").rstrip("."), split.port
        except ValueError as error:
            raise InvalidUrl(url[:200]) from error
        if not _HOST.match(host):
            raise InvalidUrl(url[:200])
        if "@" in split.netloc:
            raise InvalidUrl("a user name in it")
        name = f"[{host}]" if ":" in host else host
        netloc = name if port in {None, 80, 443} else f"{name}:{port}"
        path = unquote(split.path)
        scheme = split.scheme.lower()
        query = f"?{split.query}" if split.query else ""
        return cls(
            url=f"{scheme}://{netloc}{split.path or '/'}{query}",
            netloc=netloc,
            host=_PREFIXES.sub("", host),
            path=path,
            segments=tuple(segment for segment in path.split("/") if segment),
            query=dict(reversed(parse_qsl(split.query))),
            fragment=unquote(split.fragment),
        )

    def after(self, *words: str) -> str:
        """The path segment that follows one of `words`; empty for none."""
        for word, following in zip(self.segments, self.segments[1:], strict=False):
            if word.lower() in words:
                return following
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A post that an address names."""

    platform: str
    id: str
    url: str  #: canonical
    handle: str = ""
    short: bool = False  #: a short link, whose redirect says what it names
    posted_at: datetime | None = None
    basis: str = "post id"
    login_only: bool = False


def short_link(parts: Parts) -> Found:
    """A link that says nothing itself; followed before anything else is done."""
    identifier = f"{parts.host}/{'/'.join(parts.segments)}"
    query = f"?{parts.url.split('?', 1)[1]}" if "?" in parts.url else ""
    return Found(platform="link", id=identifier, url=f"https://{identifier}{query}", short=True)


def leading(pattern: str, text: str) -> str:
    """The start of `text` that `pattern` matches: what is glued to an identifier is left behind."""
    found = re.match(pattern, text)
    return found[0] if found else ""
