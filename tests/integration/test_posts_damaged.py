"""Answers damaged at random, and addresses of any text: a state or a usage error, never a crash."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import platforms
from tests.web import Reply, Web, settings_for, web_server
from verify.errors import UsageError
from verify.fetch.client import GuardedClient
from verify.model import Post
from verify.posts import sources
from verify.posts.in_text import entries_in_text
from verify.posts.resolve import Resolver
from verify.posts.urls import parse

JUNK = (
    None,
    True,
    -1,
    0,
    1e300,
    10**30,
    "",
    "x" * 50,
    "\ud800",
    "2023-99-99T00:00:00Z",
    [],
    [None],
    {},
    {"$type": 3},
)
VIDEO = {"cid": "c", "playlist": "https://v.example/p.m3u8"}
ANSWERS: dict[str, tuple[str, str, Any]] = {
    "x": (
        "https://x.com/a/status/1641086480675225601",
        "/tweet-result",
        platforms.tweet(
            mediaDetails=[platforms.photo(), platforms.video()],
            quoted_tweet=platforms.tweet("1497129304385634309", mediaDetails=[platforms.video()]),
        ),
    ),
    "bluesky": (
        "https://bsky.app/profile/a.example/post/3llopc3t4522d",
        "/xrpc/app.bsky.feed.getPostThread",
        {
            "thread": {
                "post": platforms.bluesky_post(embed=platforms.bluesky_images() | VIDEO),
                "parent": {"post": platforms.bluesky_post("3lparent")},
            }
        },
    ),
    "mastodon": (
        "https://social.example/@a/103254193998341330",
        "/api/v1/statuses/103254193998341330",
        platforms.mastodon_status(
            media_attachments=[platforms.attachment("image", "https://f.example/a.png")],
            reblog=platforms.mastodon_status(),
        ),
    ),
    "reddit": (
        "https://redd.it/abc123",
        "/comments/abc123.json",
        platforms.submission(
            gallery_data={"items": [{"media_id": "a"}]},
            media_metadata={"a": {"m": "image/jpg", "s": {"u": "https://p/a.jpg", "x": 1, "y": 1}}},
            crosspost_parent_list=[platforms.submission()[0]["data"]["children"][0]["data"]],
        ),
    ),
}


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(sources, "is_installed", lambda: False)
    with web_server() as one:
        yield one


@pytest.mark.parametrize("platform", ANSWERS)
def test_a_damaged_answer_is_a_state(web: Web, tmp_path: Path, platform: str) -> None:
    url, path, answer = ANSWERS[platform]
    chance = random.Random(platform)
    hosts = (("social.example", web.url), ("plc.directory", web.url))
    settings = settings_for(web, tmp_path, host_map=hosts, fetch_tries=1)
    states = set()
    with GuardedClient(settings) as client:
        resolver = Resolver(client, settings)
        for _ in range(150):
            web.routes[path] = Reply(body=json.dumps(_damaged(answer, chance)).encode())
            post = resolver.resolve(url)
            assert isinstance(post, Post)
            states.add(post.state)
    assert len(states) > 1


@pytest.mark.parametrize(
    ("url", "path"), [("https://t.me/channel/14", "/channel/14"), ("https://n.example/a", "/a")]
)
def test_a_page_cut_and_shuffled_is_a_state(web: Web, tmp_path: Path, url: str, path: str) -> None:
    chance = random.Random(path)
    whole = platforms.telegram_page(
        "<a class='tgme_widget_message_photo_wrap' style='background-image:url(x)'></a>"
    )
    settings = settings_for(web, tmp_path, host_map=(("n.example", web.url),), fetch_tries=1)
    with GuardedClient(settings) as client:
        resolver = Resolver(client, settings)
        for _ in range(60):
            start, end = sorted(chance.choices(range(len(whole)), k=2))
            body = whole[:start] + bytes(chance.choices(range(256), k=20)) + whole[end:]
            web.routes[path] = Reply(body=body, headers={"Content-Type": "text/html"})
            assert isinstance(resolver.resolve(url), Post)


@given(st.text(max_size=200) | st.from_regex(r"https?://[^ ]{0,80}", fullmatch=True))
@example("https://x.com/%ff/status/1")
@example("https://x.com/i/status/\u0661\u0662")
@example("https://[v1.x]/")
@example("http://a\u3002b/@u/1234567890123")
@example("https://t.me/s/")
@example("https://l.facebook.com/l.php?u=https://l.facebook.com/l.php?u=https://l.facebook.com/l.php?u=x")
@example("https://web.archive.org/web/2020/https://web.archive.org/web/2020/javascript:alert(1)")
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    try:
        address = parse(text)
    except UsageError:
        return
    assert address.submitted == text
    assert address.url.startswith(("http://", "https://"))
    assert parse(address.url).key.platform == address.key.platform


@given(st.text(max_size=400))
def test_any_text_can_be_taken_in(text: str) -> None:
    for entry in entries_in_text(text):
        assert entry.text in text


def _damaged(answer: Any, chance: random.Random) -> Any:
    """A copy with one to three of its values replaced, removed or repeated."""
    whole = copy.deepcopy(answer)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(whole)) or [({"": None}, "")])
        if isinstance(holder, dict) and chance.random() < 0.3:
            holder.pop(key, None)
        else:
            holder[key] = chance.choice(JUNK)
    return whole


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)
