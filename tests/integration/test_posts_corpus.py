"""Captured answers of the platforms, played by a local server, read as a user would have them read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.corpus import SHARED
from tests.web import Reply, Web, settings_for, web_server
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, Post
from verify.posts import sources
from verify.posts.resolve import Resolver

POSTS = SHARED / "posts" if SHARED else None
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(POSTS is None or not POSTS.is_dir(), reason="../shared/posts is not there"),
]
_KINDS = {"photo": MediaKind.IMAGE, "video": MediaKind.VIDEO, "gif": MediaKind.GIF}


def _cases() -> list[dict[str, str]]:
    if POSTS is None or not POSTS.is_dir():
        return []
    with (POSTS / "CASES.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def play() -> Iterator[Web]:
    with web_server() as web:
        web.fallback = _answer
        yield web


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["case"])
def test_a_captured_answer_is_read_as_expected(
    play: Web, case: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "is_installed", lambda: False)  # it would ask the real platform
    hosts = {
        urlsplit(each["url"]).hostname or "" for each in _cases() if each["platform"] in {"web", "mastodon"}
    }
    stand_ins = tuple((host, play.url) for host in (*hosts, "plc.directory"))
    settings = settings_for(play, tmp_path, host_map=stand_ins, x_oembed_url=f"{play.url}/oembed")
    with GuardedClient(settings) as client:
        post = Resolver(client, settings).resolve(case["url"])
    assert post.state.value in case["expected_state"].split("|"), post.notes
    assert post.submitted == case["url"]
    assert post.attempts
    if case["expected_author"]:
        assert post.author is not None
        assert post.author.handle == case["expected_author"]
    if case["expected_posted_at"]:
        assert post.posted_at is not None
        assert f"{post.posted_at:%Y-%m-%dT%H:%M:%S}" == case["expected_posted_at"][:19]
    _check_media(post, [entry for entry in case["expected_media"].split(";") if entry])


def _check_media(post: Post, expected: list[str]) -> None:
    embeds = [entry.partition(":")[2] for entry in expected if entry.startswith("embed:")]
    named = [entry for entry in expected if entry != "*" and not entry.startswith("embed:")]
    keys = [link.key.id for link in post.linked if link.key is not None]
    assert set(embeds) <= set(keys)
    if "*" in expected:
        return
    for role in (MediaRole.OWN, MediaRole.QUOTED):
        wanted = [entry for entry in named if entry.startswith("quoted.") == (role is MediaRole.QUOTED)]
        media = [ref for ref in post.media if ref.role is role]
        if role is MediaRole.OWN:
            assert len(media) == len(wanted), media
        for entry, ref in zip(wanted, media, strict=False):
            kind, _, urls = entry.removeprefix("quoted.").partition(":")
            addresses = " ".join((ref.url, *(variant.url for variant in ref.variants)))
            assert ref.kind is _KINDS[kind]
            assert any(url in addresses for url in urls.split("|"))


def _answer(handler: BaseHTTPRequestHandler) -> Reply:
    path = urlsplit(handler.path)
    query = {name: values[0] for name, values in parse_qs(path.query).items()}
    host = handler.headers.get("X-Forwarded-Host", "")
    for case in _cases():
        assert POSTS is not None
        body = (POSTS / case["file"]).read_bytes()
        if path.path.endswith("resolveHandle") and case["platform"] == "bluesky":
            author = json.loads(body)["author"]
            if author["handle"] == query["handle"]:
                return Reply(body=json.dumps({"did": author["did"]}).encode())
        elif _matches(case, path.path, query, host):
            return Reply(body=body, headers={"Content-Type": _content_type(case["file"])})
    return Reply(status=404, body=b'{"error": "NotFound", "message": "not played"}')


def _matches(case: dict[str, str], path: str, query: dict[str, str], host: str) -> bool:
    endpoint = urlsplit(case["endpoint"])
    if case["platform"] == "x":
        return (
            path == endpoint.path
            and query.get("id") == parse_qs(endpoint.query)["id"][0]
            and "token" in query
        )
    if case["platform"] == "bluesky":
        uri = parse_qs(endpoint.query)["uri"][0]
        return path.endswith("getPostThread") and query.get("uri") == uri
    if case["platform"] == "web":
        return host == urlsplit(case["url"]).hostname and path == urlsplit(case["url"]).path
    return path.removesuffix(".json") == endpoint.path


def _content_type(name: str) -> str:
    return "application/json" if name.endswith(".json") else "text/html; charset=utf-8"
