"""A server that plays every platform but X, and what is read of a post on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web import Web, settings_for, web_server
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, Post
from verify.posts.resolve import Resolver

BLUESKY = "https://bsky.app/profile/a.example/post/3llopc3t4522d"
THREAD = "/xrpc/app.bsky.feed.getPostThread"
MASTODON = "https://social.example/@a/103254193998341330"
STATUS = "/api/v1/statuses/103254193998341330"
TELEGRAM = "https://t.me/channel/14"
REDDIT = "https://www.reddit.com/r/x/comments/abc123/a_title/"
SUBMISSION = "/comments/abc123.json"
HOSTS = ("social.example", "plc.directory")


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def resolve(web: Web, home: Path, url: str, **changes: Any) -> Post:
    settings = settings_for(web, home, host_map=tuple((host, web.url) for host in HOSTS), **changes)
    with GuardedClient(settings) as client:
        return Resolver(client, settings).resolve(url)


def roles(post: Post) -> list[tuple[MediaRole, MediaKind, int]]:
    return [(ref.role, ref.kind, ref.index) for ref in post.media]
