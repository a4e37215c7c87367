"""Posts on Telegram and Reddit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import platforms
from tests.platform_posts import REDDIT, SUBMISSION, TELEGRAM, resolve, roles
from tests.web import Reply, Web
from verify.model import MediaKind, MediaRole, PostState

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
