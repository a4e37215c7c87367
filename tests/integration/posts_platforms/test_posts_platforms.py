"""Posts on Bluesky and Mastodon."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import platforms
from tests.platform_posts import BLUESKY, MASTODON, STATUS, THREAD, resolve, roles
from tests.web import Reply, Web
from verify.model import MediaKind, MediaRole, PostState

# --- Bluesky -----------------------------------------------------------------------------------


def test_a_bluesky_post_is_read_with_alt_text_and_its_own_date(web: Web, home: Path) -> None:
    view = platforms.bluesky_post(embed=platforms.bluesky_images())
    web.json(THREAD, {"thread": {"$type": "app.bsky.feed.defs#threadViewPost", "post": view}})
    post = resolve(web, home, BLUESKY)
    assert post.state is PostState.OK
    assert post.author is not None
    assert (post.author.handle, post.author.id) == ("a.example", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    assert post.posted_at == datetime(2025, 3, 31, 15, 45, 43, 643000, UTC)
    assert [ref.alt_text for ref in post.media] == ["picture 0", "picture 1"]
    assert "uri=at://a.example/app.bsky.feed.post/3llopc3t4522d" in web.requests[0][0]


def test_a_bluesky_video_has_the_uploaded_file_from_its_own_server(web: Web, home: Path) -> None:
    embed = {
        "$type": "app.bsky.embed.video#view",
        "cid": "bafyvideo",
        "playlist": "https://video.example/p.m3u8",
    }
    web.json(THREAD, {"thread": {"post": platforms.bluesky_post(embed=embed)}})
    services = [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example"}
    ]
    web.json("/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", {"service": services})
    (ref,) = resolve(web, home, BLUESKY).media
    assert ref.url == "https://video.example/p.m3u8"
    assert ref.variants[0].url == (
        "https://pds.example/xrpc/com.atproto.sync.getBlob?did=did%3Aplc%3Aaaaaaaaaaaaaaaaaaaaaaaaa&cid=bafyvideo"
    )


def test_bluesky_quotes_parents_and_link_cards_are_not_the_posts_own(web: Web, home: Path) -> None:
    quoted = platforms.bluesky_post("3lquoted", "q.example")
    quoted["$type"] = "app.bsky.embed.record#viewRecord"
    quoted["value"] = quoted.pop("record") | {"text": "quoted"}
    quoted["embeds"] = [platforms.bluesky_images(1)]
    embed = {"$type": "app.bsky.embed.record#view", "record": quoted}
    parent = platforms.bluesky_post("3lparent", "p.example", embed={"$type": "app.bsky.embed.external#view"})
    thread = {"post": platforms.bluesky_post(embed=embed), "parent": {"post": parent}}
    web.json(THREAD, {"thread": thread})
    post = resolve(web, home, BLUESKY)
    assert roles(post) == [(MediaRole.QUOTED, MediaKind.IMAGE, 0)]
    assert [(link.role, link.author and link.author.handle) for link in post.linked] == [
        (MediaRole.QUOTED, "q.example"),
        (MediaRole.PARENT, "p.example"),
    ]
    assert post.linked[0].text == "quoted"


def test_a_bluesky_quote_beside_own_pictures_keeps_both_apart(web: Web, home: Path) -> None:
    record = {"record": {"$type": "app.bsky.embed.record#viewNotFound", "uri": "at://x", "notFound": True}}
    embed = {
        "$type": "app.bsky.embed.recordWithMedia#view",
        "media": platforms.bluesky_images(1),
        "record": record,
    }
    web.json(THREAD, {"thread": {"post": platforms.bluesky_post(embed=embed)}})
    post = resolve(web, home, BLUESKY)
    assert roles(post) == [(MediaRole.OWN, MediaKind.IMAGE, 0)]
    assert post.linked[0].state is PostState.NOT_FOUND_UNCONFIRMED


def test_a_handle_that_the_thread_does_not_know_is_asked_for_its_account(web: Web, home: Path) -> None:
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
    web.json("/xrpc/com.atproto.identity.resolveHandle", {"did": did})

    def answer(handler: Any) -> Reply:
        if f"at://{did}/" in handler.path:
            return Reply(body=b'{"thread": {"post": ' + _json(platforms.bluesky_post()) + b"}}")
        return Reply(status=400, body=b'{"error": "NotFound", "message": "Post not found"}')

    web.routes[THREAD] = answer
    assert resolve(web, home, BLUESKY).state is PostState.OK_NO_MEDIA
    assert len(web.requests) == 3


@pytest.mark.parametrize(
    ("answer", "status", "state"),
    [
        ({"error": "NotFound", "message": "Post not found: at://x"}, 400, PostState.NOT_FOUND_UNCONFIRMED),
        (
            {"error": "InvalidRequest", "message": "Unable to resolve handle"},
            400,
            PostState.NOT_FOUND_UNCONFIRMED,
        ),
        ({"error": "AccountTakedown", "message": "Account has been suspended"}, 400, PostState.SUSPENDED),
        ({"error": "AuthMissing"}, 401, PostState.LOGIN_REQUIRED),
        ({"error": "RateLimitExceeded"}, 429, PostState.RATE_LIMITED),
        ({"error": "InternalServerError"}, 500, PostState.NETWORK_ERROR),
        ({"thread": {"$type": "app.bsky.feed.defs#notFoundPost"}}, 200, PostState.NOT_FOUND_UNCONFIRMED),
        ({"thread": {"$type": "app.bsky.feed.defs#blockedPost"}}, 200, PostState.LOGIN_REQUIRED),
        ({"thread": {"post": {"uri": "at://x"}}}, 200, PostState.BAD_RESPONSE),
        ([], 200, PostState.BAD_RESPONSE),
    ],
)
def test_blueskys_failures_are_states(
    web: Web, home: Path, answer: Any, status: int, state: PostState
) -> None:
    web.json(THREAD, answer, status=status)
    post = resolve(web, home, BLUESKY)
    assert post.state is state
    assert post.posted_at == datetime(2025, 3, 31, 15, 45, 43, 676000, UTC)
    assert post.posted_at_basis == "record key, by the author's client"


# --- Mastodon ----------------------------------------------------------------------------------


def test_a_mastodon_status_is_read_as_text_with_its_media(web: Web, home: Path) -> None:
    media = [
        platforms.attachment(
            "image", "https://files.example/a.png", remote_url="https://origin.example/a.png"
        ),
        platforms.attachment("video", "https://files.example/b.mp4"),
        platforms.attachment("gifv", "https://files.example/c.mp4"),
        platforms.attachment("audio", "https://files.example/d.mp3"),
        platforms.attachment("unknown", None, remote_url="https://origin.example/e.webm"),
        platforms.attachment("image", None),
    ]
    web.json(
        STATUS,
        platforms.mastodon_status(
            media_attachments=media, spoiler_text="CW", edited_at="2019-12-06T00:00:00Z"
        ),
    )
    post = resolve(web, home, MASTODON)
    assert post.text == "CW\n\nFirst & line\nsecond\n\nthird"
    assert [kind for _, kind, _ in roles(post)] == [
        MediaKind.IMAGE,
        MediaKind.VIDEO,
        MediaKind.GIF,
        MediaKind.VIDEO,
    ]
    assert [index for _, _, index in roles(post)] == [0, 1, 2, 3]
    assert [variant.url for variant in post.media[0].variants] == [
        "https://files.example/a.png",
        "https://origin.example/a.png",
    ]
    assert post.media[1].duration_us == 6_600_000
    assert post.media[0].alt_text == "what is seen"
    assert post.edited
    assert post.posted_at == datetime(2019, 12, 5, 8, 19, 26, 52000, UTC)


def test_a_boosts_and_a_quotes_media_are_the_others(web: Web, home: Path) -> None:
    image = [platforms.attachment("image", "https://files.example/a.png")]
    boosted = platforms.mastodon_status("103254193998341331", media_attachments=image)
    web.json(
        STATUS,
        platforms.mastodon_status(reblog=boosted, quote={"state": "accepted", "quoted_status": boosted}),
    )
    post = resolve(web, home, MASTODON)
    assert {role for role, _, _ in roles(post)} == {MediaRole.QUOTED}
    assert len(post.linked) == 2


def test_a_reply_on_mastodon_names_its_parent(web: Web, home: Path) -> None:
    web.json(STATUS, platforms.mastodon_status(in_reply_to_id="103254193998341000"))
    (link,) = resolve(web, home, MASTODON).linked
    assert str(link.key) == "mastodon:social.example/103254193998341000"


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(status=404, body=b'{"error": "Record not found"}'), PostState.NOT_FOUND_UNCONFIRMED),
        (
            Reply(status=401, body=b'{"error": "This method requires an authenticated user"}'),
            PostState.LOGIN_REQUIRED,
        ),
        (Reply(status=403, body=b'{"error": "This action is not allowed"}'), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=503), PostState.NETWORK_ERROR),
        (Reply(body=b"<!DOCTYPE html><html>"), PostState.BAD_RESPONSE),
        (Reply(body=b'{"id": "1", "content": ""}'), PostState.BAD_RESPONSE),
        (Reply(status=302, headers={"Location": "/auth/sign_in"}), PostState.LOGIN_REQUIRED),
    ],
)
def test_mastodons_failures_are_states(web: Web, home: Path, reply: Reply, state: PostState) -> None:
    web.routes[STATUS] = reply
    post = resolve(web, home, MASTODON)
    assert post.state is state
    assert post.posted_at == datetime(2019, 12, 5, 8, 19, 26, 39000, UTC)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
