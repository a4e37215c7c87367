from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import platforms
from tests.web import Reply, Web, settings_for, web_server
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, Post, PostState
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


# --- Telegram ----------------------------------------------------------------------------------

PICTURE = '<a class="tgme_widget_message_photo_wrap" style="width:1px;background-image:url(\'{}\')"></a>'
VIDEO = """<a class="tgme_widget_message_video_player"><i class="tgme_widget_message_video_thumb"
  style="background-image:url('https://cdn.example/thumb.jpg')"></i>{}
  <time class="message_video_duration js-message_video_duration">1:02:03</time></a>"""
SERVED = '<video src="https://cdn.example/v.mp4?token=x" class="tgme_widget_message_video"></video>'


def test_every_medium_of_an_album_is_read_in_order(web: Web, home: Path) -> None:
    album = (
        PICTURE.format("https://cdn.example/1.jpg")
        + VIDEO.format(SERVED)
        + PICTURE.format("https://cdn.example/3.jpg")
    )
    text = '<div class="tgme_widget_message_text js-message_text">Two<br>lines</div>'
    web.routes["/channel/14"] = Reply(body=platforms.telegram_page(album + text))
    post = resolve(web, home, TELEGRAM)
    assert [(ref.kind, ref.url) for ref in post.media] == [
        (MediaKind.IMAGE, "https://cdn.example/1.jpg"),
        (MediaKind.VIDEO, "https://cdn.example/v.mp4?token=x"),
        (MediaKind.IMAGE, "https://cdn.example/3.jpg"),
    ]
    assert post.media[1].duration_us == 3_723_000_000
    assert post.text == "Two\nlines"
    assert post.posted_at == datetime(2023, 2, 24, 7, 34, 20, tzinfo=UTC)
    assert post.author is not None
    assert (post.author.handle, post.author.name) == ("channel", "A Channel")
    assert web.requests[0][0] == "/channel/14?embed=1"


def test_a_video_that_telegram_does_not_serve_is_said(web: Web, home: Path) -> None:
    web.routes["/channel/14"] = Reply(body=platforms.telegram_page(VIDEO.format("")))
    post = resolve(web, home, TELEGRAM)
    assert [(ref.kind, ref.url) for ref in post.media] == [(MediaKind.IMAGE, "https://cdn.example/thumb.jpg")]
    assert any("does not serve 1 video" in note for note in post.notes)


def test_a_forwarded_reply_keeps_its_origin_and_no_foreign_pictures(web: Web, home: Path) -> None:
    inside = """<div class="tgme_widget_message_forwarded_from">Forwarded from
      <a class="tgme_widget_message_forwarded_from_name" href="https://t.me/origin/7"><span>Origin</span></a></div>
      <a class="tgme_widget_message_reply" href="https://t.me/channel/13">
        <i class="tgme_widget_message_reply_thumb" style="background-image:url('https://cdn.example/r.jpg')"></i>
        <div class="tgme_widget_message_metatext js-message_reply_text">earlier</div></a>
      <div class="tgme_widget_message_text js-message_text">words</div>
      <a class="tgme_widget_message_link_preview"><i style="background-image:url('https://cdn.example/p.jpg')"></i></a>"""
    web.routes["/channel/14"] = Reply(body=platforms.telegram_page(inside))
    post = resolve(web, home, TELEGRAM)
    assert post.state is PostState.OK_NO_MEDIA
    assert post.text == "words"
    assert [(link.role, str(link.key)) for link in post.linked] == [
        (MediaRole.QUOTED, "telegram:origin/7"),
        (MediaRole.PARENT, "telegram:channel/13"),
    ]
    assert any("forwarded" in note for note in post.notes)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (
            Reply(body=b'<div class="tgme_widget_message_error">Post not found</div>'),
            PostState.NOT_FOUND_UNCONFIRMED,
        ),
        (
            Reply(
                body=b'<div class="tgme_widget_message_error">Please open Telegram to view this post</div>'
            ),
            PostState.LOGIN_REQUIRED,
        ),
        (
            Reply(body=b'<div class="tgme_page"><div class="tgme_page_title">A</div></div>'),
            PostState.NOT_FOUND_UNCONFIRMED,
        ),
        (Reply(body=b"<html>another design</html>"), PostState.BAD_RESPONSE),
        (Reply(body=platforms.telegram_page("", post="other/1")), PostState.BAD_RESPONSE),
        (Reply(status=404), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=500), PostState.NETWORK_ERROR),
        (Reply(status=429), PostState.RATE_LIMITED),
    ],
)
def test_telegrams_failures_are_states(web: Web, home: Path, reply: Reply, state: PostState) -> None:
    web.routes["/channel/14"] = reply
    assert resolve(web, home, TELEGRAM).state is state


def test_a_private_channel_is_a_login_wall_without_asking(web: Web, home: Path) -> None:
    assert resolve(web, home, "https://t.me/c/1234567890/45").state is PostState.LOGIN_REQUIRED
    assert not web.requests


# --- Reddit ------------------------------------------------------------------------------------

HOSTED = {
    "reddit_video": {
        "fallback_url": "https://v.redd.it/60eee4rhrzug1/CMAF_480.mp4?source=fallback",
        "hls_url": "https://v.redd.it/60eee4rhrzug1/HLSPlaylist.m3u8?a=1",
        "duration": 98,
        "width": 480,
        "height": 550,
        "is_gif": False,
    }
}


def test_a_hosted_video_is_read(web: Web, home: Path) -> None:
    web.json(
        SUBMISSION,
        platforms.submission(secure_media=HOSTED, url="https://v.redd.it/60eee4rhrzug1", selftext="more"),
    )
    post = resolve(web, home, REDDIT)
    (ref,) = post.media
    assert (ref.kind, ref.media_id, ref.duration_us) == (MediaKind.VIDEO, "60eee4rhrzug1", 98_000_000)
    assert post.text == "A title\n\nmore"
    assert post.posted_at == datetime(2026, 4, 13, 17, 24, 11, tzinfo=UTC)
    assert post.url == "https://www.reddit.com/r/x/comments/abc123/a_title/"


def test_a_gallery_is_read_in_its_own_order_with_captions(web: Web, home: Path) -> None:
    web.json(
        SUBMISSION,
        platforms.submission(
            gallery_data={
                "items": [
                    {"media_id": "bbb", "caption": "second first"},
                    {"media_id": "aaa"},
                    {"media_id": "gone"},
                ]
            },
            media_metadata={
                "aaa": {
                    "status": "valid",
                    "m": "image/jpg",
                    "s": {"u": "https://preview.redd.it/aaa.jpg?s=1", "x": 9, "y": 8},
                },
                "bbb": {
                    "status": "valid",
                    "m": "image/gif",
                    "s": {"gif": "https://i.redd.it/bbb.gif", "mp4": "https://p/bbb.mp4"},
                },
            },
        ),
    )
    first, second = resolve(web, home, REDDIT).media
    assert (first.kind, first.url, first.alt_text) == (
        MediaKind.GIF,
        "https://i.redd.it/bbb.gif",
        "second first",
    )
    assert (second.kind, second.url) == (MediaKind.IMAGE, "https://i.redd.it/aaa.jpg")
    assert second.variants[1].url == "https://preview.redd.it/aaa.jpg?s=1"


def test_a_crosspost_names_its_parent_and_keeps_its_media_apart(web: Web, home: Path) -> None:
    parent = platforms.submission(
        id="par001", author="first", secure_media=HOSTED, permalink="/r/y/comments/par001/t/"
    )
    data = parent[0]["data"]["children"][0]["data"]
    web.json(SUBMISSION, platforms.submission(crosspost_parent_list=[data], url="/r/y/comments/par001/t/"))
    post = resolve(web, home, REDDIT)
    assert roles(post) == [(MediaRole.PARENT, MediaKind.VIDEO, 0)]
    (link,) = post.linked
    assert (link.role, str(link.key), link.author and link.author.handle) == (
        MediaRole.PARENT,
        "reddit:par001",
        "first",
    )


def test_a_link_to_elsewhere_is_an_item_of_its_own(web: Web, home: Path) -> None:
    web.json(SUBMISSION, platforms.submission(url="https://x.com/a/status/1641086480675225601"))
    post = resolve(web, home, REDDIT)
    assert not post.media
    assert [(link.role, str(link.key)) for link in post.linked] == [(MediaRole.PAGE, "x:1641086480675225601")]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (
            Reply(status=403, body=b'{"reason": "private", "message": "Forbidden", "error": 403}'),
            PostState.PROTECTED,
        ),
        (
            Reply(status=403, body=b'{"reason": "quarantined", "message": "Forbidden"}'),
            PostState.LOGIN_REQUIRED,
        ),
        (Reply(status=404, body=b'{"reason": "banned", "message": "Not Found"}'), PostState.SUSPENDED),
        (Reply(status=404, body=b'{"message": "Not Found", "error": 404}'), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=403, body=b"<html>blocked by network security"), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=429), PostState.RATE_LIMITED),
        (Reply(body=b"<!doctype html><html>"), PostState.BAD_RESPONSE),
        (Reply(body=b"{}"), PostState.BAD_RESPONSE),
        (Reply(body=b'[{"data": {"children": []}}]'), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(body=b'[{"data": {"children": [{"data": {"id": "abc123"}}]}}]'), PostState.BAD_RESPONSE),
    ],
)
def test_reddits_failures_are_states(web: Web, home: Path, reply: Reply, state: PostState) -> None:
    web.routes[SUBMISSION] = reply
    assert resolve(web, home, REDDIT).state is state


def test_a_removed_submission_is_deleted_only_when_its_media_are_gone_too(web: Web, home: Path) -> None:
    web.json(SUBMISSION, platforms.submission(removed_by_category="moderator"))
    assert resolve(web, home, REDDIT).state is PostState.DELETED
    web.json(SUBMISSION, platforms.submission(removed_by_category="moderator", secure_media=HOSTED))
    post = resolve(web, home, REDDIT)
    assert post.state is PostState.OK
    assert any("removed by: moderator" in note for note in post.notes)


def test_a_share_link_is_followed_at_reddits_own_address(web: Web, home: Path) -> None:
    web.routes["/r/x/s/AbCdEf"] = Reply(status=301, headers={"Location": f"{REDDIT}?share_id=z"})
    web.json(SUBMISSION, platforms.submission(secure_media=HOSTED))
    post = resolve(web, home, "https://www.reddit.com/r/x/s/AbCdEf")
    assert (str(post.key), post.state) == ("reddit:abc123", PostState.OK)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
