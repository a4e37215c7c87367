"""Where else a post on X is looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import platforms
from tests.platforms import TWEET_ID
from tests.web import Web, settings_for
from tests.x_posts import SYNDICATION, URL, resolve
from verify.model import MediaKind, MediaRole, PostState


def test_oembed_is_a_sign_of_life_but_no_media(web: Web, home: Path) -> None:
    web.json(SYNDICATION, {})
    web.json("/oembed", platforms.oembed())
    post = resolve(web, home)
    assert post.state is PostState.NOT_FOUND_UNCONFIRMED
    assert post.author is not None
    assert (post.author.handle, post.text) == ("person", "M113 & M60T")
    assert any("so it exists" in note for note in post.notes)
    assert [attempt.source for attempt in post.attempts] == ["x_syndication", "x_oembed"]


def test_oembed_is_not_asked_when_the_state_is_known(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tombstone("This Post is from a suspended account."))
    resolve(web, home)
    assert web.paths == [SYNDICATION]


def test_oembed_alone_never_says_deleted_but_may_say_protected(web: Web, home: Path) -> None:
    web.json(SYNDICATION, {})
    web.json("/oembed", {"error": "not found"}, status=404)
    assert resolve(web, home).state is PostState.NOT_FOUND_UNCONFIRMED
    web.json("/oembed", {"error": "forbidden"}, status=403)
    assert resolve(web, home).state is PostState.PROTECTED


def test_no_third_party_is_asked_unless_named(web: Web, home: Path) -> None:
    web.json(SYNDICATION, {})
    resolve(web, home)
    assert set(web.paths) == {SYNDICATION, "/oembed"}


def _mirrored(**changes: Any) -> dict[str, Any]:
    status = {
        "type": "status",
        "id": TWEET_ID,
        "url": URL,
        "text": "M113 & M60T in Nayrab, and much more than that",
        "created_timestamp": 1680100481,
        "lang": "en",
        "author": {"id": "42", "name": "A Person", "screen_name": "person"},
        "media": {
            "photos": [
                {"type": "photo", "url": platforms.PHOTO, "width": 1, "height": 1, "altText": "a tank"}
            ],
            "videos": [
                {
                    "type": "video",
                    "url": platforms.OLD_VIDEO,
                    "duration": 12.5,
                    "formats": [
                        {"container": "m3u8", "url": "https://video.twimg.com/x.m3u8"},
                        {"container": "mp4", "bitrate": 2176000, "url": platforms.OLD_VIDEO},
                    ],
                }
            ],
        },
        **changes,
    }
    return {"code": 200, "message": "OK", "status": status}


def test_a_named_mirror_is_asked_when_x_has_nothing(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tombstone("Age-restricted adult content."))
    web.json(f"/fx/2/status/{TWEET_ID}", _mirrored())
    post = resolve(web, home, x_fxembed_url=f"{web.url}/fx")
    assert post.state is PostState.OK
    assert [(ref.kind, ref.url) for ref in post.media] == [
        (MediaKind.IMAGE, "https://pbs.twimg.com/media/FsZNOgcWAAEQtrd?format=jpg&name=orig"),
        (MediaKind.VIDEO, platforms.OLD_VIDEO),
    ]
    assert post.media[0].alt_text == "a tank"
    assert any("mirror" in note for note in post.notes)


def test_a_mirror_of_the_first_version_is_read_too(web: Web, home: Path) -> None:
    web.json(SYNDICATION, {})
    old = {"code": 200, "message": "OK", "tweet": _mirrored(quote=_mirrored()["status"])["status"]}
    old["tweet"]["media"]["videos"][0].pop("formats")
    web.json(f"/status/{TWEET_ID}", old)
    post = resolve(web, home, x_fxembed_url=web.url)
    assert [ref.role for ref in post.media] == [MediaRole.OWN] * 2 + [MediaRole.QUOTED] * 2


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"code": 401, "message": "PRIVATE_TWEET"}, PostState.PROTECTED),
        ({"code": 404, "message": "NOT_FOUND"}, PostState.NOT_FOUND_UNCONFIRMED),
        ({"code": 200, "status": {"type": "tombstone", "reason": "deleted"}}, PostState.DELETED),
        ({"code": 200, "status": {"type": "tombstone", "reason": "suspended"}}, PostState.SUSPENDED),
        (
            {"code": 200, "status": {"type": "tombstone", "reason": "unavailable"}},
            PostState.NOT_FOUND_UNCONFIRMED,
        ),
    ],
)
def test_a_mirrors_word_on_a_missing_post_counts(
    web: Web, home: Path, answer: dict[str, Any], state: PostState
) -> None:
    web.json(SYNDICATION, {})
    web.json(f"/2/status/{TWEET_ID}", answer)
    assert resolve(web, home, x_fxembed_url=web.url).state is state


def test_cut_text_is_completed_from_a_named_mirror(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet(note_tweet={"id": "x"}, mediaDetails=[platforms.photo()]))
    web.json(f"/2/status/{TWEET_ID}", _mirrored())
    post = resolve(web, home, x_fxembed_url=web.url)
    assert not post.text_truncated
    assert post.text.endswith("much more than that")


def _looked_up() -> dict[str, Any]:
    return {
        "data": {
            "id": TWEET_ID,
            "text": "cut ...",
            "note_tweet": {"text": "the whole text"},
            "author_id": "42",
            "created_at": "2023-03-29T14:34:41.000Z",
            "lang": "en",
            "possibly_sensitive": False,
            "attachments": {"media_keys": ["13_1497129304385634309", "3_1641084025845448705"]},
            "edit_history_tweet_ids": ["1641086480675225600", TWEET_ID],
            "referenced_tweets": [
                {"type": "quoted", "id": "1497129304385634310"},
                {"type": "replied_to", "id": "1497129304385634311"},
            ],
        },
        "includes": {
            "users": [{"id": "42", "username": "person", "name": "A Person"}],
            "tweets": [
                {
                    "id": "1497129304385634310",
                    "text": "quoted words",
                    "author_id": "42",
                    "attachments": {"media_keys": ["3_7"]},
                }
            ],
            "media": [
                {
                    "media_key": "13_1497129304385634309",
                    "type": "video",
                    "duration_ms": 12_345,
                    "alt_text": "a tank",
                    "variants": [
                        {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/x.m3u8"},
                        {"bit_rate": 2176000, "content_type": "video/mp4", "url": platforms.OLD_VIDEO},
                    ],
                },
                {"media_key": "3_1641084025845448705", "type": "photo", "url": platforms.PHOTO},
                {
                    "media_key": "3_7",
                    "type": "photo",
                    "url": "https://pbs.twimg.com/media/HDR7x8iWMAAmGB9.jpg",
                },
            ],
        },
    }


def test_the_api_is_asked_first_when_there_is_a_token(web: Web, home: Path) -> None:
    web.json(f"/2/tweets/{TWEET_ID}", _looked_up())
    post = resolve(web, home, x_api_url=web.url, x_bearer_token="very-secret")
    assert web.paths == [f"/2/tweets/{TWEET_ID}"]
    assert web.requests[0][1]["authorization"] == "Bearer very-secret"
    assert (post.state, post.text, post.edited) == (PostState.OK, "the whole text", True)
    assert [(ref.role, ref.kind) for ref in post.media] == [
        (MediaRole.OWN, MediaKind.VIDEO),
        (MediaRole.OWN, MediaKind.IMAGE),
        (MediaRole.QUOTED, MediaKind.IMAGE),
    ]
    assert post.media[0].alt_text == "a tank"
    assert [link.state for link in post.linked] == [PostState.OK, PostState.NOT_FOUND_UNCONFIRMED]


def test_the_token_is_in_no_repr_and_no_log(web: Web, home: Path) -> None:
    web.json(f"/2/tweets/{TWEET_ID}", {}, status=401)
    web.json(SYNDICATION, platforms.tweet())
    settings = settings_for(web, home, x_api_url=web.url, x_bearer_token="very-secret")
    post = resolve(web, home, x_api_url=web.url, x_bearer_token="very-secret")
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in repr(post)
    assert [attempt.source for attempt in post.attempts] == ["x_api", "x_syndication"]
    assert all(
        "authorization" not in headers for path, headers in web.requests if path.startswith(SYNDICATION)
    )


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (
            {"title": "Not Found Error", "type": "https://x/resource-not-found"},
            PostState.NOT_FOUND_UNCONFIRMED,
        ),
        (
            {"title": "Authorization Error", "type": "https://x/not-authorized-for-resource"},
            PostState.PROTECTED,
        ),
        (
            {"detail": "User has been suspended: [5].", "type": "https://x/resource-not-found"},
            PostState.SUSPENDED,
        ),
    ],
)
def test_the_apis_problems_are_states(
    web: Web, home: Path, trouble: dict[str, str], state: PostState
) -> None:
    web.json(f"/2/tweets/{TWEET_ID}", {"errors": [trouble]})
    web.json(SYNDICATION, {})
    assert resolve(web, home, x_api_url=web.url, x_bearer_token="t").state is state
