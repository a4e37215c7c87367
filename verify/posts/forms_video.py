"""Address forms of the video and photo platforms (pure).

In: an address taken apart. Out: what it names, or None when it is another page of that platform.
Identifiers keep their case; what follows them in the address does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from verify.posts.forms import Found, Parts, leading, short_link
from verify.posts.ids import instagram_time, tiktok_time

_YOUTUBE_ID = r"[A-Za-z0-9_-]{11}"
_VK_ID = re.compile(r"\A(video|wall|clip|photo|story)(-?\d+_\d+)")
_CODE = r"[A-Za-z0-9_-]{5,40}"


def youtube(parts: Parts) -> Found | None:
    if parts.host == "youtu.be":
        word = parts.segments[0] if parts.segments else ""
    else:
        word = (
            parts.query.get("v")
            or parts.query.get("vi")
            or parts.after("shorts", "live", "embed", "v", "e", "vi", "watch")
        )
    identifier = leading(_YOUTUBE_ID, word)
    if not identifier or identifier == "videoseries":
        return None
    return Found(platform="youtube", id=identifier, url=f"https://www.youtube.com/watch?v={identifier}")


def tiktok(parts: Parts) -> Found | None:
    word = parts.after("video", "photo", "v", "embed", "v1", "v2", "v3")
    identifier = leading(r"\d{8,20}", word)
    if not identifier and parts.segments[:2] == ("embed", "v2"):
        identifier = leading(r"\d{8,20}", parts.segments[2] if len(parts.segments) > 2 else "")
    if not identifier:
        is_short = parts.host.split(".")[0] in {"vm", "vt"} or parts.segments[:1] == ("t",)
        return short_link(parts) if is_short and parts.segments else None
    handle = next((part[1:] for part in parts.segments if part.startswith("@")), "")
    kind = "photo" if parts.after("photo") else "video"
    return Found(
        platform="tiktok",
        id=identifier,
        url=f"https://www.tiktok.com/@{handle or '_'}/{kind}/{identifier}",
        handle=handle,
        posted_at=tiktok_time(identifier),
    )


def facebook(parts: Parts) -> Found | None:
    if parts.host == "fb.watch" or parts.segments[:1] == ("share",):
        return short_link(parts) if parts.segments else None
    story, owner = parts.query.get("story_fbid", ""), parts.query.get("id", "")
    word = parts.query.get("v") or parts.query.get("fbid") or story or parts.query.get("multi_permalinks", "")
    if not word:
        word = _after_facebook(parts)
    identifier = leading(r"pfbid[A-Za-z0-9]+|\d{5,20}", word)
    if not identifier:
        return None
    if story and owner:
        return Found(
            platform="facebook",
            id=identifier,
            url=f"https://www.facebook.com/permalink.php?story_fbid={identifier}&id={owner}",
        )
    url = (
        f"https://www.facebook.com{parts.path}"
        if "posts" in parts.segments or "groups" in parts.segments
        else ""
    )
    return Found(
        platform="facebook", id=identifier, url=url or f"https://www.facebook.com/watch/?v={identifier}"
    )


def _after_facebook(parts: Parts) -> str:
    """The number behind /videos/, /reel/, /posts/ and the like, past a readable slug."""
    words = {"videos", "reel", "reels", "posts", "permalink", "photos", "video", "stories"}
    start = next(
        (place for place, segment in enumerate(parts.segments) if segment in words), len(parts.segments)
    )
    following = parts.segments[start + 1 :]
    return next((part for part in reversed(following) if re.match(r"pfbid|\d{5,}", part)), "")


def instagram(parts: Parts) -> Found | None:
    if parts.segments[:1] == ("share",):
        return short_link(parts)
    if parts.segments[:1] == ("stories",) and len(parts.segments) > 2:
        return _instagram_story(parts.segments[1], leading(r"\d{8,24}", parts.segments[2]))
    code = leading(_CODE, parts.after("p", "reel", "reels", "tv"))
    if not code:
        return None
    return Found(
        platform="instagram",
        id=code,
        url=f"https://www.instagram.com/p/{code}/",
        posted_at=instagram_time(code),
    )


def _instagram_story(handle: str, number: str) -> Found | None:
    if not number:
        return None
    url = f"https://www.instagram.com/stories/{handle}/{number}/"
    return Found(platform="instagram", id=number, url=url, handle=handle)


def vk(parts: Parts) -> Found | None:
    words = [parts.query.get(name, "") for name in ("z", "w")]
    if {"oid", "id"} <= set(parts.query):
        words.append(f"video{parts.query['oid']}_{parts.query['id']}")
    words.extend(parts.segments[::-1])
    found = next((match for word in words if (match := _VK_ID.match(word))), None)
    return found and Found(
        platform="vk", id=f"{found[1]}{found[2]}", url=f"https://vk.com/{found[1]}{found[2]}"
    )


def rumble(parts: Parts) -> Found | None:
    word = parts.after("embed", "shorts") or (parts.segments[0] if parts.segments else "")
    identifier = leading(r"(?:u[0-9a-z]+\.)?v[0-9a-z]{3,9}(?=[-.]|\Z)", word.lower()).rpartition(".")[2]
    if not identifier:
        return None
    slug = word if word.endswith(".html") else f"{identifier}.html"
    url = f"https://rumble.com/embed/{identifier}/" if parts.after("embed") else f"https://rumble.com/{slug}"
    return Found(platform="rumble", id=identifier, url=url)


def dailymotion(parts: Parts) -> Found | None:
    word = parts.query.get("video") or parts.after("video", "swf", "hub")
    if parts.host == "dai.ly":
        word = parts.segments[0] if parts.segments else ""
    identifier = leading(r"[xk][0-9A-Za-z]{4,12}", word)
    if not identifier:
        return None
    url = f"https://www.dailymotion.com/video/{identifier}"
    return Found(platform="dailymotion", id=identifier, url=url)


def vimeo(parts: Parts) -> Found | None:
    found = re.search(r"/(\d{5,12})(?:/([0-9a-f]{8,12}))?(?:/|\Z)", parts.path)
    if not found:
        return None
    secret = found[2] or leading(r"[0-9a-f]{8,12}", parts.query.get("h", ""))
    return Found(
        platform="vimeo", id=found[1], url=f"https://vimeo.com/{found[1]}{'/' + secret if secret else ''}"
    )


def _by_pattern(platform: str, pattern: str, form: str) -> Callable[[Parts], Found | None]:
    """A reader for a platform with one form: `form` takes the identifier that `pattern` captures."""

    def read(parts: Parts) -> Found | None:
        found = re.search(pattern, parts.path)
        return found and Found(platform=platform, id=found[1], url=form.format(found[1]))

    return read


READERS: tuple[tuple[tuple[str, ...], Callable[[Parts], Found | None]], ...] = (
    (("youtube.com", "youtu.be", "youtube-nocookie.com", "yewtu.be", "piped.video"), youtube),
    (("tiktok.com", "tiktokv.com", "vxtiktok.com", "tnktok.com", "tfxktok.com"), tiktok),
    (("facebook.com", "fb.com", "fb.watch"), facebook),
    (("instagram.com", "instagr.am", "ddinstagram.com", "kkinstagram.com"), instagram),
    (("vk.com", "vk.ru", "vkvideo.ru"), vk),
    (
        ("ok.ru", "odnoklassniki.ru"),
        _by_pattern("ok", r"/(?:video|live|videoembed)/(\d+)", "https://ok.ru/video/{}"),
    ),
    (("rumble.com",), rumble),
    (("dailymotion.com", "dai.ly"), dailymotion),
    (("vimeo.com",), vimeo),
    (
        ("threads.net", "threads.com"),
        _by_pattern("threads", r"/(?:post|t)/([A-Za-z0-9_-]+)", "https://www.threads.com/t/{}"),
    ),
    (
        ("rutube.ru",),
        _by_pattern("rutube", r"/(?:video|shorts|embed)/([0-9a-f]{32}|\d+)", "https://rutube.ru/video/{}/"),
    ),
    (
        ("bitchute.com",),
        _by_pattern("bitchute", r"/(?:video|embed)/([A-Za-z0-9]+)", "https://www.bitchute.com/video/{}/"),
    ),
    (
        ("bilibili.com",),
        _by_pattern("bilibili", r"/video/(BV[A-Za-z0-9]+|av\d+)", "https://www.bilibili.com/video/{}"),
    ),
    (
        ("streamable.com",),
        _by_pattern("streamable", r"/(?:e/)?([a-z0-9]{4,8})\Z", "https://streamable.com/{}"),
    ),
)
