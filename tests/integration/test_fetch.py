from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.web import Reply, Web, settings_for, web_server
from verify.errors import (
    BadResponse,
    DownloadTooLarge,
    EmptyMedia,
    EncodedResponse,
    FetchTimedOut,
    ForbiddenScheme,
    HttpRefused,
    MediaGone,
    NetworkFailed,
    NotStored,
    RateLimited,
    ServerFailed,
    StorageFull,
    TooManyRedirects,
    VerifyError,
    WebPageInstead,
    WrongMediaType,
)
from verify.fetch.client import GuardedClient, user_agent
from verify.fetch.download import Downloader
from verify.fetch.log import AcquisitionLog
from verify.media.sniff import sniff
from verify.model import MediaKind, MediaRef, MediaVariant
from verify.store.blobs import FolderBlobs

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 80


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as one:
        yield one


@pytest.fixture
def client(web: Web, tmp_path: Path) -> Iterator[GuardedClient]:
    with GuardedClient(settings_for(web, tmp_path)) as one:
        yield one


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


# --- answers -----------------------------------------------------------------------------------


def test_an_answer_is_read_whole_and_logged(web: Web, client: GuardedClient) -> None:
    web.json("/a", {"fine": True})
    log = AcquisitionLog()
    answer = client.get(f"{web.url}/a?b=c", source="test", log=log)
    assert (answer.status, answer.body) == (200, b'{"fine": true}')
    assert log.attempts == (answer.attempt,)
    assert answer.attempt.url == f"{web.url}/a?b=c"
    assert answer.attempt.sha256 == hashlib.sha256(answer.body).hexdigest()
    assert answer.attempt.started_at <= answer.attempt.ended_at
    assert (answer.attempt.outcome, answer.attempt.http_status) == ("ok", 200)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, "http_refused"), (403, "http_refused"), (404, "media_gone"), (410, "media_gone")],
)
def test_a_refusal_is_an_answer_with_its_outcome(
    web: Web, client: GuardedClient, status: int, outcome: str
) -> None:
    web.json("/a", {}, status=status)
    answer = client.get(f"{web.url}/a", source="test")
    assert (answer.status, answer.attempt.outcome) == (status, outcome)
    assert len(web.requests) == 1


def test_what_is_sent_says_who_asks_and_nothing_else(web: Web, tmp_path: Path) -> None:
    web.routes["/a"] = Reply(headers={"Set-Cookie": "session=1; Path=/"})
    settings = settings_for(web, tmp_path, user_agent_contact="desk@example.org\r\nX-Evil: 1")
    with GuardedClient(settings) as client:
        client.get(f"{web.url}/a", source="test")
        client.get(f"{web.url}/a", source="test")
    sent = web.requests[-1][1]
    assert "desk@example.org" in sent["user-agent"]
    assert sent["accept-encoding"] == "identity"
    assert not {"cookie", "referer", "authorization", "x-evil"} & set(sent)
    assert user_agent(settings).isprintable()


def test_redirects_are_followed_three_times_each_logged(web: Web, client: GuardedClient) -> None:
    for number in range(4):
        web.routes[f"/{number}"] = Reply(status=302, headers={"Location": f"/{number + 1}"})
    web.json("/4", {})
    log = AcquisitionLog()
    assert client.get(f"{web.url}/1", source="test", log=log).url == f"{web.url}/4"
    assert [attempt.outcome for attempt in log.attempts] == ["redirect", "redirect", "redirect", "ok"]
    with pytest.raises(TooManyRedirects):
        client.get(f"{web.url}/0", source="test")


def test_a_redirect_loop_ends(web: Web, client: GuardedClient) -> None:
    web.routes["/loop"] = Reply(status=301, headers={"Location": "/loop"})
    with pytest.raises(TooManyRedirects):
        client.get(f"{web.url}/loop", source="test")
    assert len(web.requests) == 4


def test_a_redirect_can_be_looked_at_without_following_it(web: Web, client: GuardedClient) -> None:
    web.routes["/short"] = Reply(status=301, headers={"Location": "https://elsewhere.example/x"})
    answer = client.get(f"{web.url}/short", source="test", max_redirects=0)
    assert (answer.status, answer.location) == (301, "https://elsewhere.example/x")


def test_https_never_leads_to_http(web: Web, tmp_path: Path) -> None:
    # The rule is on the addresses, so the stand-in may speak plain http.
    web.routes["/go"] = Reply(status=302, headers={"Location": f"{web.url}/target"})
    settings = settings_for(web, tmp_path, host_map=(("safe.example", web.url),))
    with GuardedClient(settings) as client, pytest.raises(ForbiddenScheme):
        client.get("https://safe.example/go", source="test")
    assert "/target" not in web.paths


def test_other_hosts_do_not_see_the_callers_headers(web: Web, tmp_path: Path) -> None:
    with web_server() as other:
        other.json("/", {})
        web.routes["/go"] = Reply(status=302, headers={"Location": f"{other.url}/"})
        with GuardedClient(settings_for(web, tmp_path, allow_private_hosts=(web.host, other.host))) as client:
            client.get(f"{web.url}/go", source="test", headers={"Authorization": "Bearer secret"})
        assert web.requests[0][1]["authorization"] == "Bearer secret"
        assert "authorization" not in other.requests[0][1]


def test_a_stand_in_takes_the_place_of_its_host_only(web: Web, tmp_path: Path) -> None:
    web.json("/api/v1/x", {"here": True})
    settings = settings_for(web, tmp_path, host_map=(("social.example", web.url),))
    log = AcquisitionLog()
    with GuardedClient(settings, resolver=lambda _host, _port: ("10.0.0.1",)) as client:
        answer = client.get("https://social.example/api/v1/x?y=1", source="test", log=log)
        assert answer.body == b'{"here": true}'
        assert answer.url == "https://social.example/api/v1/x?y=1"
        with pytest.raises(VerifyError):
            client.get("https://notsocial.example/api/v1/x", source="test", log=log)
    assert web.requests[0][0] == "/api/v1/x?y=1"
    assert web.requests[0][1]["x-forwarded-host"] == "social.example"


def test_a_compressed_bomb_is_cut_off_at_the_cap(web: Web, client: GuardedClient) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    web.routes["/bomb"] = Reply(body=bomb, headers={"Content-Encoding": "gzip"})
    log = AcquisitionLog()
    with pytest.raises(DownloadTooLarge):
        client.get(f"{web.url}/bomb", source="test", log=log)
    assert log.attempts[-1].outcome == "download_too_large"


def test_broken_compression_is_a_bad_response(web: Web, client: GuardedClient) -> None:
    web.routes["/broken"] = Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadResponse):
        client.get(f"{web.url}/broken", source="test")


def test_a_body_without_end_is_cut_off_at_the_cap(web: Web, client: GuardedClient) -> None:
    web.routes["/endless"] = _endless
    with pytest.raises(DownloadTooLarge):
        client.get(f"{web.url}/endless", source="test", max_bytes=100_000)


def test_an_announced_length_over_the_cap_is_not_read(web: Web, client: GuardedClient) -> None:
    web.routes["/large"] = Reply(body=b"short", length=10**12)
    with pytest.raises(DownloadTooLarge):
        client.get(f"{web.url}/large", source="test")


def test_a_body_cut_short_is_a_failed_transfer(web: Web, client: GuardedClient) -> None:
    web.routes["/short"] = Reply(body=b"abc", length=10)
    log = AcquisitionLog()
    with pytest.raises(NetworkFailed):
        client.get(f"{web.url}/short", source="test", log=log)
    assert {attempt.outcome for attempt in log.attempts} == {"network_failed"}


def test_a_slow_drip_ends_with_the_wall_clock(web: Web, tmp_path: Path) -> None:
    web.routes["/drip"] = _drip
    log = AcquisitionLog()
    with (
        GuardedClient(settings_for(web, tmp_path, fetch_seconds=0.6, fetch_tries=1)) as client,
        pytest.raises(FetchTimedOut),
    ):
        client.get(f"{web.url}/drip", source="test", log=log)
    assert log.attempts[-1].outcome == "fetch_timed_out"


def test_dripping_headers_end_with_the_wall_clock_too(web: Web, tmp_path: Path) -> None:
    web.routes["/drip"] = _drip_headers
    with (
        GuardedClient(settings_for(web, tmp_path, fetch_seconds=0.6, fetch_tries=1)) as client,
        pytest.raises(FetchTimedOut),
    ):
        client.get(f"{web.url}/drip", source="test")


def test_a_silent_server_is_given_up(web: Web, tmp_path: Path) -> None:
    web.routes["/silent"] = _silent
    with (
        GuardedClient(settings_for(web, tmp_path, read_seconds=0.3, fetch_tries=1)) as client,
        pytest.raises(FetchTimedOut),
    ):
        client.get(f"{web.url}/silent", source="test")


def test_a_port_where_nobody_listens_is_a_failed_network(web: Web, tmp_path: Path) -> None:
    settings = settings_for(web, tmp_path, fetch_tries=1)
    web.close()
    log = AcquisitionLog()
    with GuardedClient(settings) as client, pytest.raises(NetworkFailed):
        client.get(f"{web.url}/", source="test", log=log)
    assert (log.attempts[-1].outcome, log.attempts[-1].http_status) == ("network_failed", None)


# --- media -------------------------------------------------------------------------------------


def test_a_photo_is_stored_under_its_hash(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    web.routes["/p.png"] = Reply(body=PHOTO, headers={"Content-Type": "text/plain"})
    file, attempts = _downloader(client, web, tmp_path).download(_ref(f"{web.url}/p.png"), blobs)
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(PHOTO).hexdigest(), len(PHOTO))
    assert (file.mime, file.kind) == ("image/jpeg", MediaKind.IMAGE)
    assert blobs.read(file.sha256) == PHOTO
    assert [(attempt.outcome, attempt.sha256) for attempt in attempts] == [("ok", file.sha256)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=404), MediaGone),
        (Reply(status=403), HttpRefused),
        (Reply(status=500), ServerFailed),
        (Reply(status=429, headers={"Retry-After": "7200"}), RateLimited),
        (Reply(status=204), HttpRefused),
        (Reply(body=b""), EmptyMedia),
        (
            Reply(body=b"<!DOCTYPE html><html>Please sign in", headers={"Content-Type": "video/mp4"}),
            WebPageInstead,
        ),
        (Reply(body=b"\xef\xbb\xbf\n <HTML><body>", headers={"Content-Type": "image/jpeg"}), WebPageInstead),
        (Reply(body=b"plain words"), WrongMediaType),
        (Reply(body=gzip.compress(PHOTO), headers={"Content-Encoding": "gzip"}), EncodedResponse),
        (Reply(body=PHOTO, length=len(PHOTO) + 5), NetworkFailed),
        (Reply(body=PHOTO + bytes(60_000)), DownloadTooLarge),
        (Reply(body=PHOTO[:10], length=10**11), DownloadTooLarge),
    ],
)
def test_what_is_no_footage_leaves_nothing_behind(
    web: Web, client: GuardedClient, blobs: FolderBlobs, reply: Reply, error: type[VerifyError]
) -> None:
    web.routes["/m"] = reply
    log = AcquisitionLog()
    with pytest.raises(error) as caught:
        _downloader(client, web, blobs.root.parent).download(_ref(f"{web.url}/m"), blobs, log=log)
    assert log.attempts[-1].outcome == caught.value.code
    assert not list(blobs.names())
    assert not [path for path in blobs.root.rglob("*") if path.is_file()]


def test_an_endless_video_stops_at_the_cap(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    web.routes["/v"] = _endless
    with pytest.raises(DownloadTooLarge):
        _downloader(client, web, tmp_path).download(_ref(f"{web.url}/v"), blobs)
    assert not list(blobs.names())


def test_the_next_variant_is_tried_and_playlists_come_last(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    web.routes["/small"] = Reply(body=PHOTO)
    web.routes["/list.m3u8"] = Reply(body=b"#EXTM3U\n")
    variants = (
        MediaVariant(url=f"{web.url}/list.m3u8", mime="application/x-mpegURL"),
        MediaVariant(url=f"{web.url}/large"),
        MediaVariant(url=f"{web.url}/small"),
    )
    ref = MediaRef(kind=MediaKind.VIDEO, url=f"{web.url}/list.m3u8", variants=variants)
    file, attempts = _downloader(client, web, tmp_path).download(ref, blobs)
    assert web.paths == ["/large", "/small"]
    assert [attempt.outcome for attempt in attempts] == ["media_gone", "ok"]
    assert file.source == ref


def test_a_failure_that_may_pass_outweighs_one_that_may_not(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    web.routes["/busy"] = Reply(status=503)
    ref = _ref(f"{web.url}/gone", f"{web.url}/busy", f"{web.url}/gone-too")
    with pytest.raises(ServerFailed):
        _downloader(client, web, tmp_path).download(ref, blobs)


def test_a_nearly_full_disk_stops_before_anything_is_sent(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    settings = settings_for(web, tmp_path / "not" / "there", free_disk_bytes=2**62)
    with pytest.raises(StorageFull):
        Downloader(client, settings, sniff).download(_ref(f"{web.url}/a", f"{web.url}/b"), blobs)
    assert not web.requests


def test_offline_gives_what_was_downloaded_before_and_nothing_else(
    web: Web, client: GuardedClient, blobs: FolderBlobs, tmp_path: Path
) -> None:
    web.routes["/p.jpg"] = Reply(body=PHOTO)
    ref = _ref(f"{web.url}/gone.jpg", f"{web.url}/p.jpg")
    file, _ = _downloader(client, web, tmp_path).download(ref, blobs)
    sent = len(web.requests)
    settings = settings_for(web, tmp_path, offline=True)
    with GuardedClient(settings) as silent:
        again, attempts = Downloader(silent, settings, sniff).download(ref, blobs)
        assert again == file
        assert [attempt.outcome for attempt in attempts] == ["stored"]
        blobs.remove(file.sha256)
        with pytest.raises(NotStored):
            Downloader(silent, settings, sniff).download(ref, blobs)
    assert len(web.requests) == sent


def test_the_least_rate_counts_after_the_grace_period(
    web: Web, tmp_path: Path, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.fetch.download.GRACE_SECONDS", 0.3)
    web.routes["/drip"] = _drip
    settings = settings_for(web, tmp_path, fetch_tries=1, least_bytes_per_second=10_000)
    with GuardedClient(settings) as client, pytest.raises(FetchTimedOut):
        Downloader(client, settings, lambda _head: sniff(PHOTO)).download(_ref(f"{web.url}/drip"), blobs)
    assert not list(blobs.names())


def _downloader(client: GuardedClient, web: Web, home: Path) -> Downloader:
    settings = settings_for(web, home, max_image_bytes=50_000, max_video_bytes=200_000)
    return Downloader(client, settings, sniff)


def _ref(url: str, *more: str) -> MediaRef:
    return MediaRef(kind=MediaKind.IMAGE, url=url, variants=tuple(MediaVariant(url=other) for other in more))


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(PHOTO)
    for _ in range(2_000):
        handler.wfile.write(b"\0" * 10_000)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b".")
        handler.wfile.flush()
        time.sleep(0.05)


def _drip_headers(handler: BaseHTTPRequestHandler) -> None:
    for letter in "HTTP/1.1 200 OK\r\nX-Long: " + "a" * 100:
        handler.wfile.write(letter.encode())
        handler.wfile.flush()
        time.sleep(0.05)


def _silent(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
