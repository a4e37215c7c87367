"""The real yt-dlp in its real child, with its only way out watched."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web import Web, settings_for, web_server
from verify.errors import NotStored, UnsupportedUrl, VerifyError
from verify.fetch.client import GuardedClient
from verify.fetch.egress import egress_proxy
from verify.fetch.guard import Guard
from verify.fetch.log import AcquisitionLog
from verify.model import Attempt, MediaKind, PostState
from verify.posts import ytdlp
from verify.posts.ask import Asker
from verify.posts.resolve import Resolver
from verify.posts.urls import parse

VIDEO = "https://www.youtube.com/watch?v=1j7j2U_BGNo"


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as one:
        yield one


def test_the_child_reaches_the_network_only_through_the_guard(web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path)
    log = AcquisitionLog()
    nowhere = GuardedClient(settings, resolver=lambda _host, _port: ("127.0.0.1",))
    with nowhere as client, pytest.raises(VerifyError):
        ytdlp.ytdlp(parse(VIDEO), Asker(client, settings, log))
    *connections, child = log.attempts
    assert connections
    assert {attempt.outcome for attempt in connections} == {"forbidden_address"}
    assert all(attempt.url.startswith("https://www.youtube.com") for attempt in connections)
    assert (child.source, child.url, child.outcome) == ("ytdlp", VIDEO, "network_failed")


def test_a_platform_that_cannot_be_reached_is_a_state(web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path, fetch_tries=1)
    with GuardedClient(settings, resolver=lambda _host, _port: ("10.0.0.1",)) as client:
        post = Resolver(client, settings).resolve("https://rumble.com/v1abcd-title.html")
    assert post.state is PostState.NETWORK_ERROR
    assert {attempt.source for attempt in post.attempts} == {"ytdlp", "web_page"}


def test_offline_no_child_is_started(web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path, offline=True)
    with GuardedClient(settings) as client, pytest.raises(NotStored):
        ytdlp.ytdlp(parse(VIDEO), Asker(client, settings, AcquisitionLog()))


def test_a_child_that_takes_too_long_is_ended(web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path, ytdlp_seconds=0.05)
    log = AcquisitionLog()
    with GuardedClient(settings) as client, pytest.raises(VerifyError):
        ytdlp.ytdlp(parse(VIDEO), Asker(client, settings, log))
    assert log.attempts[-1].outcome == "fetch_timed_out"


def test_without_the_extra_the_user_is_told_what_to_install(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ytdlp, "is_installed", lambda: False)
    settings = settings_for(web, tmp_path)
    with GuardedClient(settings) as client, pytest.raises(UnsupportedUrl, match="verify\\[platforms\\]"):
        ytdlp.ytdlp(parse(VIDEO), Asker(client, settings, AcquisitionLog()))


def test_a_cookie_file_is_copied_never_handed_over(web: Web, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(
        "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t0\tA\tB\n", encoding="utf-8"
    )
    before = cookies.read_bytes()
    settings = settings_for(web, tmp_path, ytdlp_cookies=cookies)
    nowhere = GuardedClient(settings, resolver=lambda _host, _port: ("127.0.0.1",))
    with nowhere as client, pytest.raises(VerifyError):
        ytdlp.ytdlp(parse(VIDEO), Asker(client, settings, AcquisitionLog()))
    assert cookies.read_bytes() == before


@pytest.mark.parametrize("platform", sorted(ytdlp.EXTRACTORS))
def test_the_command_names_its_extractors_and_switches_the_rest_off(platform: str) -> None:
    address = {
        "youtube": VIDEO,
        "tiktok": "https://www.tiktok.com/@a/video/6748451240264420610",
        "facebook": "https://www.facebook.com/watch/?v=10153231379946729",
        "instagram": "https://www.instagram.com/reel/Chunk8-jurw/",
        "vk": "https://vk.com/video-20086020_164211",
        "ok": "https://ok.ru/video/63567059965189",
        "rumble": "https://rumble.com/v1abcd-title.html",
        "dailymotion": "https://dai.ly/x5kesuj",
        "vimeo": "https://vimeo.com/76979871",
        "rutube": "https://rutube.ru/video/0123456789abcdef0123456789abcdef/",
        "bitchute": "https://www.bitchute.com/video/AbCdEf/",
        "bilibili": "https://www.bilibili.com/video/BV1xx411c7mD",
        "streamable": "https://streamable.com/dnd1",
        "x": "https://x.com/a/status/1641086480675225601",
    }[platform]
    arguments = ytdlp.command(parse(address), "http://127.0.0.1:1", None)
    names = arguments[arguments.index("--use-extractors") + 1].split(",")
    assert names
    assert not {"generic", "all", "default"} & {name.lower() for name in names}
    for option in (
        "--ignore-config",
        "--no-cookies",
        "--no-cookies-from-browser",
        "--no-exec",
        "--no-plugin-dirs",
    ):
        assert option in arguments
    assert arguments[-2] == "--"
    assert "-I" in arguments


# --- what the child says -----------------------------------------------------------------------

FORMATS = [
    {"url": "https://r.example/sb", "ext": "mhtml", "protocol": "mhtml", "vcodec": "none"},
    {"url": "https://r.example/audio", "ext": "m4a", "protocol": "https", "vcodec": "none"},
    {
        "url": "https://r.example/360",
        "ext": "mp4",
        "protocol": "https",
        "vcodec": "avc1",
        "height": 360,
        "tbr": 500,
    },
    {"url": "https://r.example/2160", "ext": "webm", "protocol": "https", "vcodec": "vp9", "height": 2160},
    {
        "url": "https://r.example/1080",
        "ext": "mp4",
        "protocol": "https",
        "vcodec": "avc1",
        "height": 1080,
        "tbr": 2500.5,
    },
    {
        "url": "https://r.example/hls",
        "ext": "mp4",
        "protocol": "m3u8_native",
        "vcodec": "avc1",
        "height": 1080,
    },
]
INFO = json.dumps(
    {
        "_type": "video",
        "id": "1j7j2U_BGNo",
        "title": "A title",
        "description": "words",
        "uploader": "A Channel",
        "uploader_id": "@achannel",
        "channel_id": "UC1",
        "timestamp": 1482451200,
        "duration": 61.5,
        "age_limit": 0,
        "formats": FORMATS,
    }
).encode()


def test_the_childs_description_becomes_a_post_with_the_best_file_first() -> None:
    post = ytdlp.read(INFO, "", parse(VIDEO))
    (ref,) = post.media
    assert [variant.url.rpartition("/")[2] for variant in ref.variants] == ["1080", "360", "2160", "hls"]
    assert (ref.kind, ref.duration_us, ref.media_id) == (MediaKind.VIDEO, 61_500_000, "1j7j2U_BGNo")
    assert ref.variants[0].bitrate == 2_500_500
    assert ref.variants[-1].mime == "application/x-mpegURL"
    assert post.author is not None
    assert (post.author.handle, post.text) == ("achannel", "A title\n\nwords")
    assert post.reported_at is not None


def test_a_post_of_several_videos_has_them_all() -> None:
    entries = [{"id": "1", "formats": FORMATS}, None, {"id": "2", "formats": FORMATS}]
    playlist = json.dumps({"_type": "playlist", "id": "p", "title": "t", "entries": entries}).encode()
    assert [ref.media_id for ref in ytdlp.read(playlist, "", parse(VIDEO)).media] == ["1", "2"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("ERROR: [youtube] x: Private video. Sign in if you've been granted access", "post_protected"),
        (
            "ERROR: [youtube] x: Sign in to confirm your age. This video may be inappropriate",
            "age_restricted",
        ),
        ("ERROR: [youtube] x: Sign in to confirm you're not a bot", "login_required"),
        (
            "ERROR: [youtube] x: Video unavailable. This video has been removed by the uploader",
            "post_deleted",
        ),
        ("ERROR: [youtube] x: This account has been terminated", "account_suspended"),
        (
            "ERROR: [youtube] x: The uploader has not made this video available in your country",
            "withheld_in_country",
        ),
        ("ERROR: [TikTok] x: HTTP Error 429: Too Many Requests", "rate_limited"),
        (
            "ERROR: [Instagram] x: Requested content is not available, rate-limit reached or login required",
            "rate_limited",
        ),
        ("ERROR: [vimeo] x: HTTP Error 404: Not Found", "post_not_found"),
        ("ERROR: [youtube] x: Video unavailable", "post_not_found"),
        ("ERROR: Unable to download webpage: The read operation timed out", "network_failed"),
        ("ERROR: [facebook] x: Cannot parse data", "bad_response"),
        ("", "bad_response"),
    ],
)
def test_the_childs_last_word_is_a_typed_error(words: str, code: str) -> None:
    with pytest.raises(VerifyError) as caught:
        ytdlp.read(b"null\n", f"WARNING: something\n{words}\n", parse(VIDEO))
    assert caught.value.code == code


@pytest.mark.parametrize("output", [b"{", b"[]", b'{"title": "no id"}', b"[" * 100_000])
def test_an_output_that_cannot_be_read_is_a_bad_response(output: bytes) -> None:
    with pytest.raises(VerifyError) as caught:
        ytdlp.read(output, "", parse(VIDEO))
    assert caught.value.code == "bad_response"


# --- the way out -------------------------------------------------------------------------------


def test_the_proxy_carries_what_the_guard_allows(web: Web) -> None:
    web.json("/here", {"reached": True})
    attempts: list[Attempt] = []
    with egress_proxy(Guard((web.host,)), source="child", on_attempt=attempts.append) as proxy:
        answer = _through(proxy, web.host, b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"reached": true}')
    assert [(attempt.source, attempt.outcome) for attempt in attempts] == [("child", "ok")]


@pytest.mark.parametrize(
    "target", ["127.0.0.1:{port}", "localhost:{port}", "example.org:25", "[::1]:{port}", "", "a b:443"]
)
def test_the_proxy_refuses_what_the_guard_refuses(web: Web, target: str) -> None:
    attempts: list[Attempt] = []
    with egress_proxy(Guard(), source="child", on_attempt=attempts.append) as proxy:
        answer = _connect(proxy, f"CONNECT {target.format(port=web.port)} HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 403")
    assert attempts[0].outcome != "ok"
    assert not web.requests


def test_the_proxy_takes_no_plain_requests_and_no_strangers(web: Web) -> None:
    with egress_proxy(Guard((web.host,)), source="child", on_attempt=lambda _: None) as proxy:
        assert _connect(proxy, f"GET http://{web.host}/ HTTP/1.1").startswith(b"HTTP/1.1 403")
        stranger = proxy.replace("verify:", "verify:not-")
        assert _connect(stranger, f"CONNECT {web.host} HTTP/1.1").startswith(b"HTTP/1.1 407")
    assert not web.requests


def _connect(proxy: str, line: str, after: bytes = b"") -> bytes:
    credentials, _, place = proxy.removeprefix("http://").partition("@")
    host, _, port = place.partition(":")
    basic = base64.b64encode(credentials.encode()).decode()
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"{line}\r\nProxy-Authorization: Basic {basic}\r\n\r\n".encode())
        answer = connection.recv(4096)
        if after and answer.startswith(b"HTTP/1.1 200"):
            connection.sendall(after)
            answer = b""
            while chunk := connection.recv(4096):
                answer += chunk
        return answer


def _through(proxy: str, target: str, request: bytes) -> bytes:
    return _connect(proxy, f"CONNECT {target} HTTP/1.1", request)
