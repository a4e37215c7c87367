"""The video platforms that only yt-dlp can read, in a process of its own under limits.

In: a post of a platform in `EXTRACTORS`. Out: the post with addresses of its video, best first, as
yt-dlp found them. It downloads nothing, runs nothing else, reads no configuration, and cookies only
from the file the user names; its one way out is a proxy that judges every connection.
Refused: every extractor but the platform's own, never the generic one (handbook `reliability.md` 2.5);
without the extra `platforms` installed, UnsupportedUrl says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from verify.errors import (
    AccountSuspended,
    AgeRestricted,
    BadResponse,
    FetchTimedOut,
    LoginRequired,
    NetworkFailed,
    PostDeleted,
    PostNotFound,
    PostProtected,
    RateLimited,
    UnsupportedUrl,
    VerifyError,
    WithheldInCountry,
)
from verify.model import Attempt, Author, MediaKind, MediaRef, MediaVariant, Post, PostState
from verify.posts import ytdlp_child
from verify.posts.ask import Asker, Shape, misread_as_bad_response, shaped
from verify.posts.urls import PostAddress
from verify.settings import Settings

SOURCE = "ytdlp"
EXTRACTORS = {  # platform -> yt-dlp's names for it; each is matched whole
    "youtube": "youtube",
    "tiktok": "TikTok,vm.tiktok",
    "facebook": "facebook,facebook:reel",
    "instagram": "Instagram,instagram:story",
    "vk": "vk,vk:wallpost",
    "ok": "Odnoklassniki",
    "rumble": "Rumble,RumbleEmbed",
    "dailymotion": "dailymotion",
    "vimeo": "vimeo",
    "rutube": "rutube",
    "bitchute": "BitChute",
    "bilibili": "BiliBili",
    "streamable": "Streamable",
    "x": "twitter",
}
MOST_OUTPUT_BYTES = 8 * 2**20
TALLEST = 1080  # pixels; more gives the same fingerprint for four times the bytes
_SAYINGS: tuple[tuple[str, type[VerifyError]], ...] = (  # yt-dlp's and the platforms' words, first fit
    (r"confirm your age|age.restricted|inappropriate for some", AgeRestricted),
    (r"private video|video is private|only available for registered followers", PostProtected),
    (r"terminated|account.*suspended", AccountSuspended),
    (r"removed by the uploader|has been removed|was deleted|no longer available", PostDeleted),
    (r"your country|geo.?restrict", WithheldInCountry),
    (r"429|too many requests|rate.?limit", RateLimited),
    (r"log ?in|sign in|registered users|cookies|empty media response", LoginRequired),
    (r"tunnel connection failed|proxy|timed out|unable to connect|connection|resolve", NetworkFailed),
    (r"404|unavailable|not found|does not exist", PostNotFound),
)


class Format(Shape):
    url: str = ""
    ext: str = ""
    protocol: str = ""
    vcodec: str = ""
    width: int | None = None
    height: int | None = None
    tbr: float | None = None


class Info(Shape):
    """yt-dlp's description of one video."""

    kind: str = Field(default="video", alias="_type")
    id: str
    title: str = ""
    description: str | None = None
    uploader: str | None = None
    uploader_id: str | None = None
    channel: str | None = None
    channel_id: str | None = None
    timestamp: float | None = None
    duration: float | None = None
    age_limit: int | None = None
    formats: tuple[Format, ...] = ()
    url: str | None = None
    entries: tuple[dict[str, Any] | None, ...] = ()


def is_installed() -> bool:
    """Whether the extra `platforms` is there; it is never imported here."""
    return importlib.util.find_spec("yt_dlp") is not None


def ytdlp(address: PostAddress, ask: Asker) -> Post:
    """The post at `address`, as yt-dlp describes it."""
    if not is_installed():
        raise UnsupportedUrl("the extra 'platforms' is not installed: pip install 'verify[platforms]'")
    started_at = datetime.now(UTC)
    outcome, detail, output = "interrupted", "", b""
    try:
        with ask.egress(SOURCE) as proxy:
            output, errors = _run(address, proxy, ask.settings)
        with misread_as_bad_response():
            post = read(output, errors, address)
    except VerifyError as error:
        outcome, detail = error.code, error.detail
        raise
    else:
        outcome = "ok"
        return post
    finally:
        ask.log.add(
            Attempt(
                source=SOURCE,
                url=address.url,
                started_at=started_at,
                ended_at=datetime.now(UTC),
                outcome=outcome,
                sha256=hashlib.sha256(output).hexdigest() if output else None,
                detail=detail,
            )
        )


def command(address: PostAddress, proxy: str, cookies: Path | None) -> list[str]:
    """The child's command line; everything that could write, run or read more is switched off."""
    arguments = [
        *(sys.executable, "-I", ytdlp_child.__file__),
        *("--ignore-config", "--no-cache-dir", "--no-plugin-dirs", "--no-update", "--color", "never"),
        *("--use-extractors", EXTRACTORS[address.key.platform]),
        *("--skip-download", "--dump-single-json", "--no-playlist", "--playlist-items", "1:10"),
        *("--no-cookies-from-browser", "--no-exec", "--no-mark-watched", "--no-check-formats"),
        *("--proxy", proxy, "--socket-timeout", "10", "--retries", "1", "--extractor-retries", "1"),
        *(("--cookies", str(cookies)) if cookies else ("--no-cookies",)),
    ]
    return [*arguments, "--", address.url]


def read(output: bytes, errors: str, address: PostAddress) -> Post:
    """The post in the child's output. Raises what its last error line stands for."""
    if output.strip() in {b"", b"null"}:
        raise _failure(errors)
    try:
        value = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise BadResponse(f"no valid JSON from yt-dlp: {error}"[:200]) from error
    info = shaped(Info, value)
    entries = [shaped(Info, entry) for entry in info.entries if entry] if info.kind == "playlist" else [info]
    refs = [ref for index, entry in enumerate(entries) if (ref := _ref(entry, index)) is not None]
    return Post(
        key=address.key,
        url=address.url,
        submitted=address.submitted,
        state=PostState.OK if refs else PostState.OK_NO_MEDIA,
        author=_author(info if info.uploader or not entries else entries[0]),
        text="\n\n".join(part for part in (info.title, info.description or "") if part),
        reported_at=None if info.timestamp is None else datetime.fromtimestamp(info.timestamp, UTC),
        media=tuple(refs),
        sensitive=None if info.age_limit is None else info.age_limit >= 18,
    )


def _run(address: PostAddress, proxy: str, settings: Settings) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory(prefix="verify-ytdlp-") as home:
        cookies = None
        if settings.ytdlp_cookies is not None:  # a copy: yt-dlp writes the file anew when it ends
            cookies = Path(home) / "cookies.txt"
            shutil.copyfile(settings.ytdlp_cookies.expanduser(), cookies)
        child = subprocess.Popen(
            command(address, proxy, cookies),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home,
            env={"HOME": home, "PATH": os.defpath, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            output, errors = child.communicate(timeout=settings.ytdlp_seconds)
        except subprocess.TimeoutExpired as error:
            raise FetchTimedOut(f"yt-dlp took more than {settings.ytdlp_seconds:.0f} s") from error
        finally:
            _end(child)
    if len(output) > MOST_OUTPUT_BYTES:
        raise BadResponse(f"more than {MOST_OUTPUT_BYTES} bytes from yt-dlp")
    return output, errors.decode("utf-8", "replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _failure(errors: str) -> VerifyError:
    lines = [line for line in errors.splitlines() if line.startswith("ERROR:")] or errors.splitlines()[-1:]
    words = lines[-1].removeprefix("ERROR:").strip()[:300] if lines else "no output"
    kind = next((kind for pattern, kind in _SAYINGS if re.search(pattern, words, re.IGNORECASE)), BadResponse)
    return kind(f"yt-dlp says: {words}")


def _ref(info: Info, index: int) -> MediaRef | None:
    usable = [one for one in info.formats if one.vcodec not in {"none", ""} and one.url.startswith("http")]
    ranked = sorted(usable, key=_rank)
    urls = [one.url for one in ranked] or ([info.url] if info.url and info.url.startswith("http") else [])
    if not urls:
        return None
    variants = tuple(
        MediaVariant(
            url=one.url,
            mime="application/x-mpegURL"
            if "m3u8" in one.protocol or "dash" in one.protocol
            else f"video/{one.ext}",
            bitrate=None if one.tbr is None else round(one.tbr * 1000),
            width=one.width,
            height=one.height,
        )
        for one in ranked[:6]
    )
    return MediaRef(
        kind=MediaKind.VIDEO,
        url=urls[0],
        index=index,
        variants=variants or (MediaVariant(url=urls[0]),),
        media_id=info.id,
        duration_us=None if info.duration is None else round(info.duration * 1_000_000),
    )


def _rank(one: Format) -> tuple[bool, bool, int, float]:
    """Files before playlists, then the tallest that is not taller than needed, then the richest."""
    height = one.height or 0
    return (not one.protocol.startswith("http"), height > TALLEST, -height, -(one.tbr or 0.0))


def _author(info: Info) -> Author | None:
    handle = (info.uploader_id or info.uploader or info.channel or "").lstrip("@")
    return (
        Author(handle=handle, id=info.channel_id or "", name=info.uploader or info.channel or "")
        if handle
        else None
    )
