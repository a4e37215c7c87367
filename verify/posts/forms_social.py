"""Address forms of X, Bluesky, Telegram, Reddit and the fediverse, and link shorteners (pure).

In: an address taken apart. Out: what it names, or None when it is another page of that platform.
Every mirror that shows another platform's posts is read as that platform.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from verify.posts.forms import Found, Parts, leading, short_link
from verify.posts.ids import mastodon_time, tid_time, tweet_time

X_HOSTS = (
    "x.com",
    "twitter.com",
    "fxtwitter.com",
    "fixupx.com",
    "vxtwitter.com",
    "fixvx.com",
    "twittpr.com",
    "stupidpenisx.com",
    "girlcockx.com",
    "xcancel.com",
    "lightbrd.com",
    "twiiit.com",
    "twitter3e4tixl4xyajtrzo62zg5vztmjuricljdp2c5kshju4avyoid.onion",
    "syndication.twimg.com",
    "threadreaderapp.com",
)
BLUESKY_HOSTS = (
    "bsky.app",
    "main.bsky.dev",
    "fxbsky.app",
    "bskx.app",
    "bskyx.app",
    "vxbsky.app",
    "deer.social",
    "at.invalid",
)
TELEGRAM_HOSTS = ("t.me", "telegram.me", "telegram.dog", "tg.invalid")
REDDIT_HOSTS = (
    "reddit.com",
    "redd.it",
    "redditmedia.com",
    "rxddit.com",
    "vxreddit.com",
    "reddit.app.link",
)
SHORTENERS = (
    "t.co",
    "pic.twitter.com",
    "pic.x.com",
    "bit.ly",
    "tinyurl.com",
    "ow.ly",
    "is.gd",
    "buff.ly",
    "dlvr.it",
    "goo.gl",
    "rebrand.ly",
    "cutt.ly",
    "vk.cc",
    "lnkd.in",
    "trib.al",
)

_X_POST = re.compile(r"(?i)(?:\A|/)(?:status|statuses|web/status|tweet|thread|Tweet)/(\d{1,20})(?!\d)")
_X_HANDLE = re.compile(r"\A@?(\w{1,20})\Z")
_X_NOT_HANDLES = frozenset({"i", "status", "statuses", "thread", "intent", "embed", "home", "search"})
_ACTOR = r"(?:did:[a-z]+:[A-Za-z0-9._:%-]+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
_BLUESKY_POST = re.compile(
    rf"(?:profile|embed|\A)/?({_ACTOR})/(?:app\.bsky\.feed\.)?post/([A-Za-z0-9._~:-]+)"
)
_TELEGRAM_NAME = re.compile(r"\A[A-Za-z]\w{3,31}\Z")
_NOT_CHANNELS = frozenset(
    {
        "joinchat",
        "addstickers",
        "share",
        "addlist",
        "proxy",
        "socks",
        "iv",
        "addtheme",
        "login",
        "bg",
        "setlanguage",
    }
)
_BASE36 = r"[0-9a-z]{4,10}"


def x(parts: Parts) -> Found | None:
    path = parts.path + (parts.fragment[1:] if parts.fragment.startswith("!/") else "")
    found = _X_POST.search(path)
    identifier = found[1] if found else ""
    if not identifier and parts.segments[-1:] in (("Tweet.html",), ("tweet-result",)):
        identifier = leading(r"\d{1,20}", parts.query.get("id", ""))
    if not identifier:
        return None
    identifier = str(int(identifier))
    handle = _X_HANDLE.match(path.split("/")[1] if "/" in path else "")
    name = handle[1] if handle and handle[1].lower() not in _X_NOT_HANDLES else ""
    return Found(
        platform="x",
        id=identifier,
        url=f"https://x.com/{name or 'i'}/status/{identifier}",
        handle=name,
        posted_at=tweet_time(identifier),
    )


def bluesky(parts: Parts) -> Found | None:
    path = parts.url.split("at.invalid/", 1)[-1] if parts.host == "at.invalid" else parts.path.lstrip("/")
    found = _BLUESKY_POST.search(path.replace("%3A", ":"))
    if not found:
        return None
    actor = found[1] if found[1].startswith("did:") else found[1].lower()
    return Found(
        platform="bluesky",
        id=f"{actor}/{found[2]}",
        url=f"https://bsky.app/profile/{actor}/post/{found[2]}",
        handle="" if actor.startswith("did:") else actor,
        posted_at=tid_time(found[2]),
        basis="record key, by the author's client",
    )


def telegram(parts: Parts) -> Found | None:
    segments = [segment for segment in parts.segments if segment.lower() != "s"]
    if parts.host == "tg.invalid":
        segments = [parts.query.get("domain", ""), parts.query.get("post", "")]
    elif parts.host.endswith((".t.me", ".telegram.me")):
        segments = [parts.host.split(".")[0], *segments]
    if segments[:1] == ["c"] and len(segments) >= 3:
        return _private_telegram(segments)
    if len(segments) < 2 or not _TELEGRAM_NAME.match(segments[0]) or segments[0].lower() in _NOT_CHANNELS:
        return None
    number = leading(r"\d{1,12}", segments[-1] if segments[-1][:1].isdigit() else segments[1])
    if not number:
        return None
    return Found(
        platform="telegram",
        id=f"{segments[0].lower()}/{int(number)}",
        url=f"https://t.me/{segments[0]}/{int(number)}",
        handle=segments[0],
    )


def _private_telegram(segments: list[str]) -> Found | None:
    number = leading(r"\d{1,12}", segments[-1])
    if not number:
        return None
    identifier = f"c/{segments[1]}/{number}"
    return Found(platform="telegram", id=identifier, url=f"https://t.me/{identifier}", login_only=True)


def reddit(parts: Parts) -> Found | None:
    if parts.host in {"v.redd.it", "reddit.app.link"} or parts.after("s") or parts.segments[:1] == ("video",):
        return short_link(parts) if parts.segments else None
    word = parts.after("comments", "gallery", "tb")
    if parts.host == "redd.it":
        word = parts.segments[0] if parts.segments else ""
    identifier = leading(_BASE36, word.lower())
    if not identifier:
        return None
    return Found(
        platform="reddit",
        id=identifier,
        url=f"https://www.reddit.com/comments/{identifier}/",
        handle="",
    )


def shortener(parts: Parts) -> Found | None:
    return short_link(parts) if parts.segments else None


def federated(parts: Parts) -> Found | None:
    """A status of Mastodon, or of software that answers like it, on any host."""
    patterns = (
        r"(?:/web|/deck)?/@([^/@]+)(?:@[^/]+)?/(\d{10,20})(?:/embed)?/?\Z",
        r"/users/([^/]+)/statuses/(\d{10,20})(?:/(?:embed|activity))?/?\Z",
        r"()/web/statuses/(\d{10,20})/?\Z",
        r"()/api/v1/statuses/(\d{10,20})/?\Z",
        r"()/notice/([A-Za-z0-9]{10,24})/?\Z",
        r"()/interact/(\d{10,20})/?\Z",
    )
    found = next((match for pattern in patterns if (match := re.match(pattern, parts.path))), None)
    if found is None:
        return None
    handle, identifier = found[1], found[2]
    return Found(
        platform="mastodon",
        id=f"{parts.netloc}/{identifier}",
        url=f"https://{parts.netloc}/@{handle}/{identifier}"
        if handle
        else f"https://{parts.netloc}{parts.path}",
        handle=handle,
        posted_at=mastodon_time(identifier),
    )


#: first label of a mirror's host, whoever runs it -> what its pages show
MIRRORS: Mapping[str, Callable[[Parts], Found | None]] = dict.fromkeys(("nitter",), x) | dict.fromkeys(
    ("libreddit", "redlib", "teddit"), reddit
)
READERS: tuple[tuple[tuple[str, ...], Callable[[Parts], Found | None]], ...] = (
    (SHORTENERS, shortener),
    (X_HOSTS, x),
    (BLUESKY_HOSTS, bluesky),
    (TELEGRAM_HOSTS, telegram),
    (REDDIT_HOSTS, reddit),
)
