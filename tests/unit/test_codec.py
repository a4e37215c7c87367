"""Records survive the way through JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from verify.errors import BlobMissing
from verify.model import (
    Attempt,
    Author,
    LinkedPost,
    MediaKind,
    MediaRef,
    MediaRole,
    MediaVariant,
    Post,
    PostKey,
    PostState,
    Still,
)
from verify.store import codec

POST = Post(
    key=PostKey(platform="x", id="1230"),
    url="https://x.com/a/status/1230",
    submitted=" x.com/a/status/1230 ",
    state=PostState.OK,
    author=Author(handle="a", name='<b>"é\u202e'),
    text="M60T في النيرب 🚜\x00",
    posted_at=datetime(2020, 2, 20, 12, 0, 0, 1, tzinfo=UTC),
    media=(
        MediaRef(
            kind=MediaKind.VIDEO,
            url="https://v/1.mp4",
            variants=(MediaVariant(url="https://v/1.mp4", bitrate=832000),),
        ),
    ),
    linked=(LinkedPost(role=MediaRole.QUOTED, key=PostKey(platform="x", id="9")),),
    attempts=(
        Attempt(
            source="x_syndication",
            url="https://cdn/",
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            ended_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
            outcome="ok",
        ),
    ),
)


def test_a_post_comes_back_equal() -> None:
    assert codec.load(Post, codec.dump(POST)) == POST


def test_bytes_come_back_equal() -> None:
    still = Still(time_us=40_000, jpeg=bytes(range(256)), width=2, height=1)
    assert codec.load(Still, codec.dump(still)) == still


def test_the_bytes_depend_on_the_record_alone() -> None:
    assert codec.dump(POST) == codec.dump(codec.load(Post, codec.dump(POST)))


def test_instants_are_written_in_utc() -> None:
    """The same instant, however its zone was spelt."""
    here = datetime(2020, 2, 20, 14, tzinfo=timezone(timedelta(hours=2)))
    attempt = Attempt(source="s", url="u", started_at=here, ended_at=here, outcome="ok")
    assert codec.load(Attempt, codec.dump(attempt)).started_at == datetime(2020, 2, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b'{"platform": 1}', b"\xff"])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(BlobMissing, match="PostKey"):
        codec.load(PostKey, data)
