"""A server that plays X, and what is read of a post on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms import TWEET_ID
from tests.web import Web, settings_for, web_server
from verify.fetch.client import GuardedClient
from verify.model import Post
from verify.posts import sources
from verify.posts.resolve import Resolver

URL = f"https://x.com/person/status/{TWEET_ID}?s=20"
SYNDICATION = "/tweet-result"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server that plays X; yt-dlp, which would ask the real one, is as if not installed."""
    monkeypatch.setattr(sources, "is_installed", lambda: False)
    with web_server() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def resolve(web: Web, home: Path, url: str = URL, **changes: Any) -> Post:
    settings = settings_for(web, home, **changes)
    with GuardedClient(settings) as client:
        return Resolver(client, settings).resolve(url)
