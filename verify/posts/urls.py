"""What a web address names: one canonical key for every spelling of a post's address (pure).

In: what a user pasted. Out: a `PostAddress`: platform, identifier, canonical address, date from the
identifier, and whether it is a short link that must first be followed. The user's own string is kept.
Refused: strings that are no web address (InvalidUrl), and pages of a platform that are not a post,
such as a profile (UnsupportedUrl). Any other page is platform "web", a media file's address "direct".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from verify.errors import InvalidUrl, UnsupportedUrl
from verify.model import MediaKind, PostKey
from verify.posts import forms_social, forms_video
from verify.posts.forms import Found, Parts
from verify.posts.ids import x_media_id, x_upload_time

_MEDIA_KINDS = {
    **dict.fromkeys(("mp4", "m4v", "mov", "webm", "mkv", "3gp", "avi", "mpg", "mpeg", "ts"), MediaKind.VIDEO),
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "avif", "heic", "bmp", "tif", "tiff"), MediaKind.IMAGE),
    "gif": MediaKind.GIF,
}
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))
_TRACKING = re.compile(
    r"(?i)(utm_.*|fbclid|gclid|dclid|msclkid|yclid|twclid|igsh(id)?|mc_[ce]id|_ga|ref_(src|url)|mibextid|"
    r"__cft__.*|__tn__|cmpid|smid|wt_mc.*|ocid|xtor|share_id|rdt_cid)"
)
_SCHEME = re.compile(r"(?i)(h(?:tt|xx)ps?|at|tg):/{0,2}")
_BARE = re.compile(r"(?i)[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?::\d+)?(?:[/?#]|\Z)")
_ARCHIVED = re.compile(r"/web/\d{1,14}(?:[a-z]{2}_)?/(.+)\Z")
_WRAPPERS = {  # host ending -> the parameter that holds the address wrapped
    "l.facebook.com": "u",
    "lm.facebook.com": "u",
    "l.instagram.com": "u",
    "out.reddit.com": "url",
    "google.com": "url q",
    "t.umblr.com": "z",
    "vk.com": "to",
    "slack-redir.net": "url",
    "publish.twitter.com": "query url",
    "publish.x.com": "query url",
    "facebook.com": "href u",
    "youtube.com": "u q",
}
_WRAPPER_PATHS = re.compile(
    r"/(?:l\.php|url|away\.php|link|oembed|plugins/(?:video|post)\.php|attribution_link|redirect|leave|)\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAddress:
    """A recognised address."""

    key: PostKey
    url: str  #: canonical
    submitted: str  #: verbatim
    handle: str = ""  #: of the account, when the address names it; not evidence of who posted
    needs_expansion: bool = False  #: a short link: only its redirect says what it names
    posted_at: datetime | None = None  #: read off the identifier
    posted_at_basis: str = ""
    media_kind: MediaKind | None = None  #: of a direct address, by its ending only
    uploaded_at: datetime | None = None  #: of a direct address at X, read off the media id
    login_only: bool = False  #: the platform shows it to members only


Reader = Callable[[Parts], Found | None]
_READERS: tuple[tuple[tuple[str, ...], Reader], ...] = (*forms_social.READERS, *forms_video.READERS)


def parse(submitted: str) -> PostAddress:
    """What `submitted` names. Raises InvalidUrl or UnsupportedUrl."""
    url = _unwrapped(_cleaned(submitted))
    parts = Parts.of(url)
    direct = _direct(parts)
    if direct is not None:
        return replace(direct, submitted=submitted)
    for hosts, read in _READERS:
        if _is_at(parts.host, hosts):
            found = read(parts)
            if found is not None:
                return _address(found, submitted)
            raise UnsupportedUrl(f"a page of {parts.host} that is not a post")
    mirror = forms_social.MIRRORS.get(parts.host.split(".")[0])
    found = (mirror(parts) if mirror else None) or forms_social.federated(parts)
    return _address(found, submitted) if found else _web(parts, submitted)


def media_kind_of(url: str) -> MediaKind | None:
    """The kind that the ending of an address promises; None for no media ending."""
    path = urlsplit(url).path.lower()
    ending = path.rsplit("/", 1)[-1].split(":", 1)[0].rsplit(".", 1)
    if len(ending) == 2 and ending[1] in _MEDIA_KINDS:
        return _MEDIA_KINDS[ending[1]]
    return None


def _cleaned(submitted: str) -> str:
    """A full address out of a pasted string: defanged, bare and bracketed spellings included."""
    text = submitted.translate(_INVISIBLE).strip().strip("<>\"'`\u201c\u201d\u00ab\u00bb").strip()
    text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":")
    if scheme := _SCHEME.match(text):
        name = scheme[1].lower().replace("xx", "tt")
        rest = text[scheme.end() :]
        return f"https://{name}.invalid/{rest}" if name in {"at", "tg"} else f"{name}://{rest}"
    is_file_name = "/" not in text and media_kind_of(f"https://x.example/{text}") is not None
    if text.startswith("//") or (_BARE.match(text) and not is_file_name):
        return f"https://{text.lstrip('/')}"
    raise InvalidUrl(submitted[:200])


def _unwrapped(url: str, depth: int = 3) -> str:
    """The address inside an archive's or a link tracker's."""
    parts = Parts.of(url)
    inner = ""
    if parts.host in {"web.archive.org", "wayback.archive.org", "archive.org"}:
        archived = _ARCHIVED.search(urlsplit(url).path)
        query = urlsplit(url).query
        inner = f"{archived[1]}{'?' + query if query else ''}" if archived else ""
    elif _WRAPPER_PATHS.fullmatch(parts.path):
        names = next((_WRAPPERS[host] for host in _WRAPPERS if _is_at(parts.host, (host,))), "")
        inner = next((parts.query[name] for name in names.split() if parts.query.get(name)), "")
    if not depth or not inner:
        return url
    if inner.startswith("/"):
        inner = f"https://{parts.host}{inner}"
    if not (_SCHEME.match(inner) or _BARE.match(inner)):
        return url
    return _unwrapped(_cleaned(re.sub(r"\A(https?:)/+", r"\1//", inner)), depth - 1)


def _address(found: Found, submitted: str) -> PostAddress:
    return PostAddress(
        key=PostKey(platform=found.platform, id=found.id),
        url=found.url,
        submitted=submitted,
        handle=found.handle,
        needs_expansion=found.short,
        posted_at=found.posted_at,
        posted_at_basis=found.basis if found.posted_at else "",
        login_only=found.login_only,
    )


def _direct(parts: Parts) -> PostAddress | None:
    kind = media_kind_of(parts.url)
    if parts.host == "pbs.twimg.com" and parts.path.startswith("/media/"):
        kind = MediaKind.IMAGE
    if kind is None or _is_page_with_media_ending(parts):
        return None
    identifier = x_media_id(parts.url)
    return PostAddress(
        key=PostKey(platform="direct", id=f"x-media/{identifier}" if identifier else parts.url),
        url=parts.url,
        submitted=parts.url,
        media_kind=kind,
        uploaded_at=x_upload_time(parts.url),
    )


def _is_page_with_media_ending(parts: Parts) -> bool:
    """Wiki pages about a file end like the file does."""
    return "/wiki/" in parts.path and ":" in parts.path


def _web(parts: Parts, submitted: str) -> PostAddress:
    split = urlsplit(parts.url)
    kept = [
        pair for pair in parse_qsl(split.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])
    ]
    query = urlencode(kept) if len(kept) < len(parse_qsl(split.query)) else split.query
    path = quote(split.path, safe="/:@!$&'()*+,;=~-._%")
    url = f"{split.scheme}://{parts.netloc}{path or '/'}{'?' + query if query else ''}"
    return PostAddress(
        key=PostKey(platform="web", id=url.split("://", 1)[1]),
        url=url,
        submitted=submitted,
    )


def _is_at(host: str, endings: Iterable[str]) -> bool:
    return any(host == ending or host.endswith(f".{ending}") for ending in endings)
