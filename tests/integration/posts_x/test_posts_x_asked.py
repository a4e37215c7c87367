"""Short links to posts on X, and how often a server is asked."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests import platforms
from tests.platforms import TWEET_ID
from tests.web import Reply, Web, settings_for
from tests.x_posts import SYNDICATION, URL, resolve
from verify.fetch.client import GuardedClient
from verify.model import Post, PostState
from verify.posts.resolve import Resolver

# --- short links -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://t.co/rQd6FIwZ0U", "pic.twitter.com/rQd6FIwZ0U", "pic.x.com/rQd6FIwZ0U"]
)
def test_a_short_link_is_followed_to_its_post(web: Web, home: Path, url: str) -> None:
    target = f"https://twitter.com/person/status/{TWEET_ID}/video/1"
    web.routes["/rQd6FIwZ0U"] = Reply(status=301, headers={"Location": target})
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.photo()]))
    hosts = tuple((host, web.url) for host in ("t.co", "pic.twitter.com", "pic.x.com"))
    post = resolve(web, home, url, host_map=hosts)
    assert (str(post.key), post.submitted, post.state) == (f"x:{TWEET_ID}", url, PostState.OK)
    assert [attempt.source for attempt in post.attempts] == ["short_link", "x_syndication"]


def test_a_short_link_in_a_page_is_followed_too(web: Web, home: Path) -> None:
    target = f"https://twitter.com/person/status/{TWEET_ID}"
    web.routes["/abc"] = Reply(
        body=f'<head><META http-equiv="refresh" content="0;URL={target}"></head>'.encode()
    )
    web.json(SYNDICATION, platforms.tweet())
    post = resolve(web, home, "https://t.co/abc", host_map=(("t.co", web.url),))
    assert post.state is PostState.OK_NO_MEDIA


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(status=404), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=301, headers={"Location": "https://t.co/abc"}), PostState.BAD_RESPONSE),
        (Reply(status=301, headers={"Location": "javascript:alert(1)"}), PostState.BAD_RESPONSE),
        (Reply(status=301, headers={"Location": "https://x.com/home"}), PostState.BAD_RESPONSE),
        (Reply(body=b"<html>nothing"), PostState.NOT_FOUND_UNCONFIRMED),
    ],
)
def test_a_short_link_that_leads_nowhere_is_a_state(
    web: Web, home: Path, reply: Reply, state: PostState
) -> None:
    web.routes["/abc"] = reply
    assert resolve(web, home, "https://t.co/abc", host_map=(("t.co", web.url),)).state is state


# --- once, stored, offline ---------------------------------------------------------------------


def test_a_post_asked_for_by_several_is_fetched_once(web: Web, home: Path) -> None:
    gate = threading.Event()
    body = json.dumps(platforms.tweet(mediaDetails=[platforms.photo()])).encode()

    def answer(_handler: object) -> Reply:
        gate.wait(5)
        return Reply(body=body)

    web.routes[SYNDICATION] = answer
    settings = settings_for(web, home)
    posts: list[Post] = []
    spellings = [URL, f"https://twitter.com/i/status/{TWEET_ID}", f"https://nitter.net/a/status/{TWEET_ID}"]
    with GuardedClient(settings) as client:
        resolver = Resolver(client, settings)
        threads = [
            threading.Thread(target=lambda url=url: posts.append(resolver.resolve(url))) for url in spellings
        ]
        for thread in threads:
            thread.start()
        while len(web.requests) < 1:
            threads[0].join(0.01)
        threads[0].join(0.2)
        gate.set()
        for thread in threads:
            thread.join()
    assert len(web.requests) == 1
    assert {post.submitted for post in posts} == set(spellings)
    assert {post.state for post in posts} == {PostState.OK}


def test_a_stored_answer_is_used_with_its_age_until_a_fresh_one_is_asked_for(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet(), headers={"ETag": '"one"'})
    settings = settings_for(web, home, cache_seconds=600)
    with GuardedClient(settings) as client:
        resolver = Resolver(client, settings)
        first, second = resolver.resolve(URL), resolver.resolve(URL)
        assert len(web.requests) == 1
        assert second.attempts[0].outcome == "stored"
        assert "stored 0 s before" in second.attempts[0].detail
        assert second.attempts[0].sha256 == first.attempts[0].sha256
        web.routes[SYNDICATION] = Reply(status=304)
        third = resolver.resolve(URL, fresh=True)
    assert web.requests[1][1]["if-none-match"] == '"one"'
    assert (third.attempts[0].outcome, third.text) == ("not_modified", first.text)


def test_offline_uses_only_what_is_stored(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.photo()]))
    online = resolve(web, home)
    offline = resolve(web, home, offline=True)
    other = resolve(web, home, "https://x.com/a/status/1497129304385634309", offline=True)
    assert len(web.requests) == 1
    assert offline.media == online.media
    assert offline.attempts[0].outcome == "stored"
    assert other.state is PostState.NETWORK_ERROR
    assert {attempt.outcome for attempt in other.attempts} == {"not_stored"}
    assert other.posted_at is not None


def test_a_busy_server_is_asked_again_within_reason(web: Web, home: Path) -> None:
    replies = iter([Reply(status=503), Reply(status=429, headers={"Retry-After": "0"})])
    whole = Reply(body=json.dumps(platforms.tweet()).encode())
    web.routes[SYNDICATION] = lambda _handler: next(replies, whole)
    post = resolve(web, home)
    assert post.state is PostState.OK_NO_MEDIA
    assert [attempt.outcome for attempt in post.attempts] == ["server_failed", "rate_limited", "ok"]


def test_a_server_that_asks_for_a_long_pause_is_left_alone(web: Web, home: Path) -> None:
    web.routes[SYNDICATION] = Reply(status=429, headers={"Retry-After": "3600"})
    settings = settings_for(web, home)
    with GuardedClient(settings) as client:
        resolver = Resolver(client, settings)
        assert resolver.resolve(URL).state is PostState.RATE_LIMITED
        assert resolver.resolve("https://x.com/a/status/1497129304385634309").state is PostState.RATE_LIMITED
    assert web.paths.count(SYNDICATION) == 1


def test_attempts_are_heard_of_as_they_end(web: Web, home: Path) -> None:
    web.json(SYNDICATION, {})
    heard: list[str] = []
    settings = settings_for(web, home)
    with GuardedClient(settings) as client:
        Resolver(client, settings).resolve(URL, on_attempt=lambda attempt: heard.append(attempt.source))
    assert heard == ["x_syndication", "x_oembed"]
