from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import platforms
from tests.web import Reply, Web, settings_for, web_server
from verify.fetch.client import GuardedClient
from verify.model import MediaKind, MediaRole, Post, PostState
from verify.posts import sources
from verify.posts.resolve import Resolver
from verify.posts.webpage import children

PAGE = "https://news.example/2020/02/article"

HEAD = """<html lang="en"><head><title>Window title</title>
<meta property="og:title" content="Armour near Nayrab &amp; beyond">
<meta name="description" content="A summary.">
<meta property="og:image" content="/lead.jpg">
<meta property="og:video" content="https://cdn.news.example/lead.mp4">
<meta property="article:published_time" content="2020-02-20T14:00:00+02:00">
<meta name="author" content="A Reporter"></head><body>"""

EMBEDS = f"""
<blockquote class="twitter-tweet"><p>M113 <a href="https://twitter.com/other/status/1">older</a></p>
  <a href="https://twitter.com/person/status/{platforms.TWEET_ID}?ref_src=twsrc">Feb 20</a></blockquote>
<blockquote class="bluesky-embed"
  data-bluesky-uri="at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3llopc3t4522d">x</blockquote>
<blockquote class="instagram-media"
  data-instgrm-permalink="https://www.instagram.com/reel/Chunk8-jurw/?utm=1">x</blockquote>
<blockquote class="tiktok-embed" cite="https://www.tiktok.com/@a/video/6748451240264420610">x</blockquote>
<script async src="https://telegram.org/js/telegram-widget.js" data-telegram-post="channel/14"></script>
<iframe src="https://www.youtube.com/embed/1j7j2U_BGNo?rel=0"></iframe>
<iframe data-src="//player.vimeo.com/video/76979871"></iframe>
<iframe src="https://platform.twitter.com/embed/Tweet.html?id=790936002017755136"></iframe>
<div><twitter-widget data-tweet-id="800384752746254337"></twitter-widget></div>
<iframe src="https://ads.example/frame.html"></iframe><iframe src="javascript:false"></iframe>
<iframe></iframe>
<blockquote><a href="https://twitter.com/person/status/1497129304385634309">a mere quotation</a></blockquote>
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def resolve(web: Web, home: Path, url: str = PAGE, **changes: Any) -> Post:
    settings = settings_for(web, home, host_map=(("news.example", web.url),), **changes)
    with GuardedClient(settings) as client:
        return Resolver(client, settings).resolve(url)


def page(web: Web, body: str, kind: str = "text/html; charset=utf-8") -> None:
    web.routes["/2020/02/article"] = Reply(body=body.encode(), headers={"Content-Type": kind})


def test_a_page_has_its_own_media_and_every_embedded_post_once(web: Web, home: Path) -> None:
    page(web, HEAD + EMBEDS + EMBEDS)
    post = resolve(web, home)
    assert [str(link.key) for link in children(post)] == [
        f"x:{platforms.TWEET_ID}",
        "bluesky:did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/3llopc3t4522d",
        "instagram:Chunk8-jurw",
        "tiktok:6748451240264420610",
        "telegram:channel/14",
        "youtube:1j7j2U_BGNo",
        "vimeo:76979871",
        "x:790936002017755136",
        "x:800384752746254337",
    ]
    assert "M113" in children(post)[0].text
    assert [(ref.role, ref.kind, ref.url) for ref in post.media] == [
        (MediaRole.PAGE, MediaKind.VIDEO, "https://cdn.news.example/lead.mp4"),
        (MediaRole.PAGE, MediaKind.IMAGE, "https://news.example/lead.jpg"),
    ]
    assert post.text == "Armour near Nayrab & beyond\n\nA summary."
    assert post.author is not None
    assert post.author.name == "A Reporter"
    assert post.posted_at == datetime(2020, 2, 20, 12, 0, tzinfo=UTC)
    assert post.language == "en"
    assert post.state is PostState.OK


def test_from_the_article_to_the_tweets_video(web: Web, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "is_installed", lambda: False)
    page(web, HEAD + EMBEDS)
    web.json("/tweet-result", platforms.tweet(mediaDetails=[platforms.video()]))
    tweet = resolve(web, home, children(resolve(web, home))[0].url)
    assert tweet.state is PostState.OK
    assert tweet.media[0].url == platforms.OLD_VIDEO


def test_structured_data_names_media_author_and_date(web: Web, home: Path) -> None:
    page(
        web,
        """<html><head><script type="application/ld+json">{"@graph": [
        {"@type": "NewsArticle", "image": [{"url": "https://cdn.example/a.jpg"}, "https://cdn.example/b.jpg"],
         "datePublished": "2020-02-20", "author": [{"@type": "Person", "name": "A Reporter"}]},
        {"@type": "VideoObject", "contentUrl": "https://cdn.example/v.mp4",
         "embedUrl": "https://www.youtube.com/embed/1j7j2U_BGNo"}]}</script>
        <script type="application/ld+json">{broken</script></head><body>""",
    )
    post = resolve(web, home)
    assert [ref.url for ref in post.media] == [
        "https://cdn.example/v.mp4",
        "https://cdn.example/a.jpg",
        "https://cdn.example/b.jpg",
    ]
    assert [str(link.key) for link in post.linked] == ["youtube:1j7j2U_BGNo"]
    assert post.posted_at == datetime(2020, 2, 20, tzinfo=UTC)


def test_a_page_without_any_such_thing_gives_its_articles_pictures_and_links(web: Web, home: Path) -> None:
    page(
        web,
        f"""<html><body><nav><img src="/logo.svg"><a href="https://x.com/a/status/1497129304385634309">nav</a></nav>
        <article><img src="/one.jpg"><img src="data:image/png;base64,AA"><img src="/two.svg">
        <a href="https://x.com/person/status/{platforms.TWEET_ID}">the post</a></article></body></html>""",
    )
    post = resolve(web, home)
    assert [ref.url for ref in post.media] == ["https://news.example/one.jpg"]
    assert [str(link.key) for link in post.linked] == [f"x:{platforms.TWEET_ID}"]


def test_markup_in_a_page_stays_text(web: Web, home: Path) -> None:
    page(web, "<html><head><title>&lt;script&gt;alert(1)&lt;/script&gt;</title></head><body>words")
    assert resolve(web, home).text == "<script>alert(1)</script>"


def test_a_page_in_another_encoding_is_read(web: Web, home: Path) -> None:
    web.routes["/2020/02/article"] = Reply(
        body="<html><title>Танки под Айн-Иссой</title>".encode("windows-1251"),
        headers={"Content-Type": "text/html; charset=windows-1251"},
    )
    assert resolve(web, home).text == "Танки под Айн-Иссой"


def test_a_media_file_without_an_ending_is_that_file_and_is_not_read_here(web: Web, home: Path) -> None:
    web.routes["/2020/02/article"] = Reply(
        body=b"\0" * 100, length=10**9, headers={"Content-Type": "video/mp4"}
    )
    (ref,) = resolve(web, home).media
    assert (ref.kind, ref.url, ref.role) == (MediaKind.VIDEO, PAGE, MediaRole.OWN)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(status=401), PostState.LOGIN_REQUIRED),
        (Reply(status=403, body=b"<html>Are you a robot?"), PostState.LOGIN_REQUIRED),
        (Reply(status=404, body=b"<html>gone"), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=410), PostState.NOT_FOUND_UNCONFIRMED),
        (Reply(status=429), PostState.RATE_LIMITED),
        (Reply(status=502), PostState.NETWORK_ERROR),
        (Reply(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}), PostState.BAD_RESPONSE),
        (Reply(body=b"<svg/>", headers={"Content-Type": "image/svg+xml"}), PostState.BAD_RESPONSE),
        (Reply(body=b""), PostState.BAD_RESPONSE),
        (Reply(status=302, headers={"Location": "/login?next=/2020/02/article"}), PostState.LOGIN_REQUIRED),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), PostState.UNSUPPORTED_URL),
        (Reply(body=b"x", length=10**9, headers={"Content-Type": "text/html"}), PostState.BAD_RESPONSE),
    ],
)
def test_a_pages_failures_are_states(web: Web, home: Path, reply: Reply, state: PostState) -> None:
    web.routes["/2020/02/article"] = reply
    web.routes["/login"] = Reply(body=b"<html>Sign in")
    post = resolve(web, home)
    assert post.state is state
    assert post.attempts
    assert post.notes


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "<",
        "<html>" + "<div>" * 20_000,
        "<html><blockquote class='twitter-tweet'>",
        "<html><iframe src='http://[::1'>",
        "<html><iframe data-tweet-id='" + "9" * 400 + "'>",
        "<html><meta property='og:image' content='http://[bad'>",
        "<html><script type='application/ld+json'>" + "[" * 50_000 + "</script>",
        "<html>\x00\x01\ufffe",
    ],
)
def test_hostile_markup_breaks_nothing(web: Web, home: Path, markup: str) -> None:
    page(web, markup)
    assert resolve(web, home).state in {PostState.OK_NO_MEDIA, PostState.OK, PostState.BAD_RESPONSE}
