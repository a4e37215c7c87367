"""What is read of a post on X, and what its absence is called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import platforms
from tests.platforms import TWEET_ID
from tests.web import Reply, Web, settings_for
from tests.x_posts import SYNDICATION, URL, resolve
from verify.errors import InvalidUrl, UnsupportedUrl
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, PostState
from verify.posts.resolve import Resolver

# --- what is read ------------------------------------------------------------------------------


def test_a_post_is_read_whole(web: Web, home: Path) -> None:
    web.json(
        SYNDICATION, platforms.tweet(mediaDetails=[platforms.photo(ext_alt_text="a tank"), platforms.video()])
    )
    post = resolve(web, home)
    assert (str(post.key), post.submitted, post.state) == (f"x:{TWEET_ID}", URL, PostState.OK)
    assert post.author is not None
    assert (post.author.handle, post.author.id, post.author.name) == ("person", "42", "A Person")
    assert post.text == "M113 & M60T in Nayrab"
    assert post.posted_at == datetime(2023, 3, 29, 14, 34, 41, 562000, UTC)
    assert post.posted_at_basis == "post id"
    assert post.reported_at == datetime(2023, 3, 29, 14, 34, 41, tzinfo=UTC)
    photo, video = post.media
    assert (photo.kind, photo.alt_text, photo.role) == (MediaKind.IMAGE, "a tank", MediaRole.OWN)
    assert photo.url == "https://pbs.twimg.com/media/FsZNOgcWAAEQtrd?format=jpg&name=orig"
    assert [variant.url.rpartition("name=")[2] for variant in photo.variants[:3]] == [
        "orig",
        "4096x4096",
        "large",
    ]
    assert (video.kind, video.url, video.duration_us) == (MediaKind.VIDEO, platforms.OLD_VIDEO, 12_345_000)
    assert [variant.bitrate for variant in video.variants] == [2176000, 632000, None]
    assert (video.variants[0].width, video.variants[0].height) == (720, 1280)


def test_what_is_asked_has_the_id_and_its_token(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet())
    resolve(web, home)
    path, headers = web.requests[0]
    assert path.startswith(f"/tweet-result?id={TWEET_ID}&lang=en&token=")
    assert "features=tfw_timeline_list:" in path
    assert "verify/" in headers["user-agent"]


def test_the_log_has_the_answers_hash_and_times(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet())
    (attempt,) = resolve(web, home).attempts
    assert (attempt.source, attempt.outcome, attempt.http_status) == ("x_syndication", "ok", 200)
    assert attempt.sha256 is not None
    assert attempt.started_at.tzinfo is UTC
    assert attempt.started_at <= attempt.ended_at


def test_hosted_media_older_than_the_post_is_said(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.video()]))
    post = resolve(web, home)
    assert post.media[0].uploaded_at == datetime(2022, 2, 25, 8, 40, 16, 139000, UTC)
    assert any("predates the post" in note and "397 days" in note for note in post.notes)


def test_media_of_another_post_names_that_post(web: Web, home: Path) -> None:
    other = "https://x.com/club/status/1773018643380744213/video/1"
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.video(expanded_url=other)]))
    post = resolve(web, home)
    assert post.media[0].page_url == other
    assert any(other in note for note in post.notes)


def test_an_upload_just_before_the_post_is_not_odd(web: Web, home: Path) -> None:
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.photo()]))
    assert not any("predates" in note for note in resolve(web, home).notes)


def test_quoted_and_parent_media_are_labelled_as_theirs(web: Web, home: Path) -> None:
    quoted = platforms.tweet("1497129304385634309", mediaDetails=[platforms.video()], text="quoted words")
    parent = platforms.tweet("1497129304385634310", mediaDetails=[platforms.photo()], text="parent words")
    web.json(SYNDICATION, platforms.tweet(quoted_tweet=quoted, parent=parent))
    post = resolve(web, home)
    assert [(ref.role, ref.kind, ref.index) for ref in post.media] == [
        (MediaRole.QUOTED, MediaKind.VIDEO, 0),
        (MediaRole.PARENT, MediaKind.IMAGE, 0),
    ]
    assert [(link.role, link.text) for link in post.linked] == [
        (MediaRole.QUOTED, "quoted words"),
        (MediaRole.PARENT, "parent words"),
    ]
    assert any("no media of its own" in note for note in post.notes)


def test_a_reply_names_its_parent_even_when_it_is_not_in_the_answer(web: Web, home: Path) -> None:
    web.json(
        SYNDICATION,
        platforms.tweet(in_reply_to_status_id_str="1497129304385634310", in_reply_to_screen_name="other"),
    )
    (link,) = resolve(web, home).linked
    assert (link.role, str(link.key)) == (MediaRole.PARENT, "x:1497129304385634310")


def test_edits_notes_truncation_and_sensitivity_are_kept(web: Web, home: Path) -> None:
    web.json(
        SYNDICATION,
        platforms.tweet(
            isEdited=True,
            edit_control={"edit_tweet_ids": ["1641086480675225600", TWEET_ID]},
            note_tweet={"id": "x"},
            possibly_sensitive=True,
            birdwatch_pivot={"title": "Readers added context", "subtitle": {"text": "This is from 2016."}},
        ),
    )
    post = resolve(web, home)
    assert post.edited
    assert post.edit_ids == ("1641086480675225600", TWEET_ID)
    assert post.text_truncated
    assert post.sensitive
    assert post.community_note == "This is from 2016."
    assert post.state is PostState.OK_NO_MEDIA


def test_an_animated_gif_is_its_one_mp4(web: Web, home: Path) -> None:
    url = "https://video.twimg.com/tweet_video/HDCxjM_XYAAG6nY.mp4"
    info = {"variants": [{"bitrate": 0, "content_type": "video/mp4", "url": url}]}
    web.json(
        SYNDICATION, platforms.tweet(mediaDetails=[platforms.video(type="animated_gif", video_info=info)])
    )
    (ref,) = resolve(web, home).media
    assert (ref.kind, ref.url) == (MediaKind.GIF, url)


# --- what is not there -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "state"),
    [
        ("because this account owner limits who can view their Posts. Learn more", PostState.PROTECTED),
        ("Age-restricted adult content. This content might not be appropriate", PostState.AGE_RESTRICTED),
        ("This Post is from a suspended account. Learn more", PostState.SUSPENDED),
        ("This Post was deleted by the Post author. Learn more", PostState.DELETED),
        ("This Post is from an account that no longer exists. Learn more", PostState.DELETED),
        (
            "This Post from @x has been withheld in Germany in response to a legal demand",
            PostState.WITHHELD_IN_COUNTRY,
        ),
        ("This Post is unavailable. Learn more", PostState.NOT_FOUND_UNCONFIRMED),
        ("", PostState.NOT_FOUND_UNCONFIRMED),
    ],
)
def test_a_tombstone_is_the_state_it_says(web: Web, home: Path, sentence: str, state: PostState) -> None:
    web.json(SYNDICATION, platforms.tombstone(sentence))
    post = resolve(web, home)
    assert post.state is state
    assert post.posted_at == datetime(2023, 3, 29, 14, 34, 41, 562000, UTC)
    assert post.notes
    assert not post.media


@pytest.mark.parametrize(
    ("reply", "state", "outcome"),
    [
        (Reply(body=b"{}"), PostState.NOT_FOUND_UNCONFIRMED, "post_not_found"),
        (Reply(status=404), PostState.NOT_FOUND_UNCONFIRMED, "post_not_found"),
        (Reply(status=403), PostState.NOT_FOUND_UNCONFIRMED, "http_refused"),
        (Reply(status=429), PostState.RATE_LIMITED, "rate_limited"),
        (Reply(status=429, headers={"Retry-After": "3600"}), PostState.RATE_LIMITED, "rate_limited"),
        (Reply(status=500), PostState.NETWORK_ERROR, "server_failed"),
        (Reply(body=b"<!DOCTYPE html><html>busy"), PostState.BAD_RESPONSE, "bad_response"),
        (Reply(body=b'{"__typename": "Tweet", "id_'), PostState.BAD_RESPONSE, "bad_response"),
        (Reply(body=b"[]"), PostState.BAD_RESPONSE, "bad_response"),
        (Reply(body=b"\xff\xfe\x00"), PostState.BAD_RESPONSE, "bad_response"),
        (Reply(body=b""), PostState.BAD_RESPONSE, "bad_response"),
        (Reply(body=b"[" * 100_000), PostState.BAD_RESPONSE, "bad_response"),
    ],
)
def test_a_failure_is_a_typed_state_with_its_attempt(
    web: Web, home: Path, reply: Reply, state: PostState, outcome: str
) -> None:
    web.routes[SYNDICATION] = reply
    post = resolve(web, home)
    assert post.state is state
    assert post.state is not PostState.DELETED
    assert post.attempts[0].outcome == outcome
    assert post.posted_at is not None


def test_a_redirect_to_a_login_page_is_a_login_wall(web: Web, home: Path) -> None:
    web.routes[SYNDICATION] = Reply(status=302, headers={"Location": "/i/flow/login?redirect_after_login=x"})
    web.routes["/i/flow/login"] = Reply(body=b"<html>Sign in")
    assert resolve(web, home).state is PostState.LOGIN_REQUIRED


@pytest.mark.parametrize("field", ["id_str", "text", "user"])
def test_a_missing_field_is_named(web: Web, home: Path, field: str) -> None:
    answer = platforms.tweet()
    del answer[field]
    web.json(SYNDICATION, answer)
    post = resolve(web, home)
    assert post.state is PostState.BAD_RESPONSE
    assert field in post.attempts[0].detail


def test_a_missing_field_deep_inside_is_named_with_its_place(web: Web, home: Path) -> None:
    media = platforms.video()
    del media["media_url_https"]
    web.json(SYNDICATION, platforms.tweet(mediaDetails=[platforms.photo(), media]))
    assert "mediaDetails.1.media_url_https" in resolve(web, home).attempts[0].detail


def test_unknown_fields_change_nothing(web: Web, home: Path) -> None:
    web.json(
        SYNDICATION, platforms.tweet(new_thing={"a": [1, 2]}, mediaDetails=[platforms.photo(grok={"x": 1})])
    )
    assert resolve(web, home).state is PostState.OK


def test_an_unreachable_server_is_a_network_error_with_the_date(web: Web, home: Path) -> None:
    settings = settings_for(web, home, fetch_tries=1)
    web.close()
    with GuardedClient(settings) as client:
        post = Resolver(client, settings).resolve(URL)
    assert post.state is PostState.NETWORK_ERROR
    assert post.posted_at is not None


@pytest.mark.parametrize(
    ("url", "error"), [("nonsense", InvalidUrl), ("https://x.com/person", UnsupportedUrl)]
)
def test_what_names_no_post_is_refused(web: Web, home: Path, url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        resolve(web, home, url)
    assert not web.requests
