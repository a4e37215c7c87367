from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import platforms
from tests.platforms import TWEET_ID
from tests.web import Reply, Web, settings_for, web_server
from verify.errors import InvalidUrl, UnsupportedUrl
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, Post, PostState
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


# --- further sources ---------------------------------------------------------------------------


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
