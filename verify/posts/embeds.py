"""The posts that a web page embeds, in the order of the page (pure).

In: a parsed page. Out: one `LinkedPost` for each embedded post: X, Bluesky, Telegram, Instagram,
TikTok, YouTube, Facebook, Reddit, Mastodon and whatever else has an address form. An X embed is taken
whether the page holds the script's blockquote, its frame, or only the number in an attribute.
A page that embeds nothing gives the posts its text links to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from verify.errors import VerifyError
from verify.model import Author, LinkedPost, MediaRole
from verify.posts.markup import attribute, node_text
from verify.posts.urls import PostAddress, parse

_NO_POSTS = frozenset({"web", "direct", "link"})
_X_NUMBERS = ("data-tweet-id", "data-tweetid", "data-tweet_id")
_ADDRESSES = (  # attributes that hold a whole address
    "data-bluesky-uri",
    "data-instgrm-permalink",
    "data-text-post-permalink",
    "data-embed-url",
    "cite",
    "data-href",
    "src",
    "data-src",
    "data-lazy-src",
    "data-url",
)
_FORMS: tuple[tuple[str, str], ...] = (  # attributes that hold an identifier
    ("data-telegram-post", "https://t.me/{}"),
    ("data-shortcode", "https://www.instagram.com/p/{}/"),
    ("videoid", "https://www.youtube.com/watch?v={}"),
    ("data-videoid", "https://www.youtube.com/watch?v={}"),
    ("data-youtube-id", "https://www.youtube.com/watch?v={}"),
)
_SELECTOR = (
    "blockquote, iframe, script[data-telegram-post], div.fb-video, div.fb-post, lite-youtube, youtube-video, "
    "amp-twitter, amp-youtube, amp-instagram, amp-tiktok, amp-facebook, twitter-widget, [data-tweet-id], "
    "[data-youtube-id]"
)
_KNOWN_QUOTES = re.compile(
    r"twitter-|bluesky-embed|instagram-media|tiktok-embed|reddit-|mastodon-|telegram|fb-|text-post"
)
MOST_EMBEDS = 50  # of one page; a page with more is an index, not an article


def embedded_posts(page: LexborHTMLParser) -> tuple[LinkedPost, ...]:
    """Every embedded post once, or else every post that the page's text links to."""
    found = _once(_embeds(page))
    return found or _once(_text_links(page))


def linked_post(url: str, text: str = "") -> LinkedPost | None:
    """The post at `url` as a page's link; None when `url` is no post's address."""
    try:
        address = parse(url)
    except VerifyError:
        return None
    return None if address.key.platform in _NO_POSTS else _linked(address, text)


def _once(posts: Iterator[LinkedPost]) -> tuple[LinkedPost, ...]:
    known: dict[str, LinkedPost] = {}
    for post in posts:
        before = known.get(str(post.key))
        if before is None or (post.text and not before.text):
            known[str(post.key)] = post
    return tuple(known.values())[:MOST_EMBEDS]


def _embeds(page: LexborHTMLParser) -> Iterator[LinkedPost]:
    for node in page.css(_SELECTOR):
        read: Callable[[LexborNode], LinkedPost | None] = _quote if node.tag == "blockquote" else _element
        post = read(node)
        if post is not None:
            yield post


def _element(node: LexborNode) -> LinkedPost | None:
    return next((post for url in _urls(node) if (post := linked_post(url)) is not None), None)


def _quote(node: LexborNode) -> LinkedPost | None:
    """A blockquote that a platform's script would turn into a frame; the last link is the permalink."""
    if not _KNOWN_QUOTES.search(node.attributes.get("class") or ""):
        return None
    links = [attribute(link, "href") for link in node.css("a[href]")]
    posts = (linked_post(url, node_text(node)) for url in (*_urls(node), *reversed(links)))
    return next((post for post in posts if post is not None), None)


def _urls(node: LexborNode) -> Iterator[str]:
    for name in _X_NUMBERS:
        number = attribute(node, name)
        if number.isdigit():
            yield f"https://x.com/i/status/{number}"
    for name, form in _FORMS:
        if value := attribute(node, name):
            yield form.format(value)
    for name in _ADDRESSES:
        if value := attribute(node, name):
            yield value


def _text_links(page: LexborHTMLParser) -> Iterator[LinkedPost]:
    scope = page.css_first("article") or page.css_first("main") or page.body
    for link in scope.css("a[href]") if scope is not None else ():
        post = linked_post(attribute(link, "href"))
        if post is not None:
            yield post


def _linked(address: PostAddress, text: str) -> LinkedPost:
    return LinkedPost(
        role=MediaRole.PAGE,
        key=address.key,
        url=address.url,
        author=Author(handle=address.handle) if address.handle else None,
        text=text,
        posted_at=address.posted_at,
    )
