"""Answers in the documented shapes of the platforms, for a local server to play."""

from __future__ import annotations

from typing import Any

TWEET_ID = "1641086480675225601"  # of 2023-03-29 14:34:41 UTC
PHOTO = "https://pbs.twimg.com/media/FsZNOgcWAAEQtrd.jpg"  # uploaded ten minutes before that
OLD_VIDEO = (
    "https://video.twimg.com/ext_tw_video/1497129304385634309/pu/vid/720x1280/AbCdEfGhIjKlMnOp.mp4?tag=12"
)


def tweet(identifier: str = TWEET_ID, **changes: Any) -> dict[str, Any]:
    """A post as X's syndication endpoint tells it."""
    return {
        "__typename": "Tweet",
        "lang": "en",
        "created_at": "2023-03-29T14:34:41.000Z",
        "display_text_range": [0, 20],
        "entities": {"hashtags": [], "urls": [], "user_mentions": [], "symbols": []},
        "id_str": identifier,
        "text": "M113 &amp; M60T in Nayrab",
        "user": {"id_str": "42", "name": "A Person", "screen_name": "person", "verified": False},
        "edit_control": {"edit_tweet_ids": [identifier], "edits_remaining": "5"},
        "possibly_sensitive": False,
        "isEdited": False,
        "isStaleEdit": False,
        **changes,
    }


def photo(url: str = PHOTO, **changes: Any) -> dict[str, Any]:
    return {
        "type": "photo",
        "media_url_https": url,
        "expanded_url": f"https://twitter.com/person/status/{TWEET_ID}/photo/1",
        "ext_media_availability": {"status": "Available"},
        "original_info": {"width": 1995, "height": 896, "focus_rects": []},
        **changes,
    }


def video(url: str = OLD_VIDEO, **changes: Any) -> dict[str, Any]:
    small = url.replace("720x1280", "320x568")
    variants = [
        {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/x/pl/list.m3u8?tag=12"},
        {"bitrate": 632000, "content_type": "video/mp4", "url": small},
        {"bitrate": 2176000, "content_type": "video/mp4", "url": url},
    ]
    return {
        "type": "video",
        "media_url_https": "https://pbs.twimg.com/ext_tw_video_thumb/1497129304385634309/pu/img/x.jpg",
        "expanded_url": f"https://twitter.com/person/status/{TWEET_ID}/video/1",
        "ext_media_availability": {"status": "Available"},
        "video_info": {"aspect_ratio": [9, 16], "duration_millis": 12_345, "variants": variants},
        **changes,
    }


def tombstone(sentence: str) -> dict[str, Any]:
    return {
        "__typename": "TweetTombstone",
        "tombstone": {"text": {"text": sentence, "entities": [], "rtl": False}},
    }


def oembed() -> dict[str, Any]:
    link = f'<a href="https://twitter.com/person/status/{TWEET_ID}">March 29, 2023</a>'
    quote = f'<p lang="en">M113 &amp; M60T</p>&mdash; A Person (@person) {link}'
    return {
        "url": f"https://twitter.com/person/status/{TWEET_ID}",
        "author_name": "A Person",
        "author_url": "https://twitter.com/person",
        "html": f'<blockquote class="twitter-tweet">{quote}</blockquote>',
        "type": "rich",
        "version": "1.0",
    }


def bluesky_post(key: str = "3llopc3t4522d", handle: str = "a.example", **changes: Any) -> dict[str, Any]:
    return {
        "uri": f"at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/{key}",
        "cid": "bafy",
        "author": {"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "handle": handle, "displayName": "A"},
        "record": {
            "$type": "app.bsky.feed.post",
            "createdAt": "2025-03-31T15:45:43.643Z",
            "langs": ["en"],
            "text": "words",
        },
        "labels": [],
        **changes,
    }


def bluesky_images(count: int = 2) -> dict[str, Any]:
    images = [
        {
            "thumb": f"https://cdn.bsky.app/img/feed_thumbnail/plain/did/{number}@jpeg",
            "fullsize": f"https://cdn.bsky.app/img/feed_fullsize/plain/did/{number}@jpeg",
            "alt": f"picture {number}",
            "aspectRatio": {"width": 1999, "height": 1500},
        }
        for number in range(count)
    ]
    return {"$type": "app.bsky.embed.images#view", "images": images}


def mastodon_status(identifier: str = "103254193998341330", **changes: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "created_at": "2019-12-05T08:19:26.052Z",
        "in_reply_to_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "language": "en",
        "uri": f"https://social.example/users/a/statuses/{identifier}",
        "url": f"https://social.example/@a/{identifier}",
        "content": "<p>First &amp; line<br>second</p><p>third</p>",
        "reblog": None,
        "account": {"id": "1", "username": "a", "acct": "a", "display_name": "A Person"},
        "media_attachments": [],
        **changes,
    }


def attachment(kind: str, url: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "7",
        "type": kind,
        "url": url,
        "preview_url": None,
        "remote_url": None,
        "meta": {"original": {"width": 640, "height": 360, "duration": 6.6}},
        "description": "what is seen",
        **changes,
    }


def telegram_page(inside: str, post: str = "channel/14", footer: str | None = None) -> bytes:
    date = '<time datetime="2023-02-24T07:34:20+00:00" class="time">07:34</time>'
    meta = f'<span class="tgme_widget_message_meta"><a class="tgme_widget_message_date">{date}</a></span>'
    return f"""<!DOCTYPE html><html><body class="tgme_widget">
      <div class="tgme_widget_message" data-post="{post}">
      <a class="tgme_widget_message_owner_name"><span>A Channel</span></a>
      {inside}
      <div class="tgme_widget_message_footer">{footer or meta}</div></div></body></html>""".encode()


def submission(**changes: Any) -> list[dict[str, Any]]:
    data = {
        "id": "abc123",
        "author": "someone",
        "title": "A title",
        "created_utc": 1776101051.0,
        "selftext": "",
        "url": "https://www.reddit.com/r/x/comments/abc123/a_title/",
        "permalink": "/r/x/comments/abc123/a_title/",
        "edited": False,
        "over_18": False,
        "removed_by_category": None,
        "media": None,
        "secure_media": None,
        **changes,
    }
    listing = {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": data}]}}
    return [listing, {"kind": "Listing", "data": {"children": []}}]
