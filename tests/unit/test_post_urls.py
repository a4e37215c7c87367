from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from verify.errors import InvalidUrl, UnsupportedUrl
from verify.model import MediaKind
from verify.posts.ids import (
    instagram_time,
    mastodon_time,
    tid_time,
    tiktok_time,
    tweet_time,
    x_media_id,
    x_upload_time,
)
from verify.posts.urls import media_kind_of, parse
from verify.posts.x import base36, token

ID = "1641086480675225601"
TWEET = f"x:{ID}"
DID = "did:plc:ys5aypbbeqmwn42edy5t3sho"

SPELLINGS = {
    TWEET: (
        f"https://twitter.com/SamuelSusla/status/{ID}",
        f"http://twitter.com/SamuelSusla/status/{ID}",
        f"https://x.com/SamuelSusla/status/{ID}",
        f"https://www.x.com/SamuelSusla/status/{ID}/",
        f"https://mobile.twitter.com/SamuelSusla/status/{ID}?s=20",
        f"https://mobile.x.com/SamuelSusla/status/{ID}?t=abc&s=19",
        f"https://m.twitter.com/SamuelSusla/status/{ID}",
        f"HTTPS://X.COM/SamuelSusla/STATUS/{ID}",
        f"https://x.com/SamuelSusla/status/{ID}/photo/1",
        f"https://x.com/SamuelSusla/status/{ID}/video/2",
        f"https://x.com/SamuelSusla/status/{ID}/analytics",
        f"https://x.com/SamuelSusla/statuses/{ID}",
        f"https://twitter.com/statuses/{ID}",
        f"https://x.com/i/status/{ID}",
        f"https://x.com/i/web/status/{ID}",
        f"https://twitter.com/i/videos/tweet/{ID}",
        f"https://twitter.com/#!/SamuelSusla/status/{ID}",
        f"https://twitter.com/@SamuelSusla/status/{ID}",
        f"https://fxtwitter.com/SamuelSusla/status/{ID}/en",
        f"https://d.fxtwitter.com/SamuelSusla/status/{ID}",
        f"https://fixupx.com/SamuelSusla/status/{ID}",
        f"https://vxtwitter.com/SamuelSusla/status/{ID}/photo/2",
        f"https://api.vxtwitter.com/SamuelSusla/status/{ID}",
        f"https://fixvx.com/SamuelSusla/status/{ID}",
        f"https://nitter.net/SamuelSusla/status/{ID}#m",
        f"https://nitter.some.example/SamuelSusla/status/{ID}",
        f"https://xcancel.com/SamuelSusla/status/{ID}",
        f"https://platform.twitter.com/embed/Tweet.html?dnt=true&id={ID}&lang=en",
        f"https://cdn.syndication.twimg.com/tweet-result?id={ID}&token=x",
        f"https://publish.twitter.com/?query=https%3A%2F%2Ftwitter.com%2FSamuelSusla%2Fstatus%2F{ID}&widget=Tweet",
        f"https://threadreaderapp.com/thread/{ID}.html",
        f"https://web.archive.org/web/20200220130500/https://twitter.com/SamuelSusla/status/{ID}",
        f"https://web.archive.org/web/2020id_/http:/twitter.com/SamuelSusla/status/{ID}?s=20",
        f"https://l.facebook.com/l.php?u=https%3A%2F%2Fx.com%2Fa%2Fstatus%2F{ID}&h=AT0",
        f"https://www.google.com/url?sa=t&url=https%3A%2F%2Fx.com%2Fa%2Fstatus%2F{ID}",
        f"x.com/SamuelSusla/status/{ID}",
        f"//x.com/SamuelSusla/status/{ID}",
        f"hxxps://x[.]com/SamuelSusla/status/{ID}",
        f"<https://x.com/SamuelSusla/status/{ID}>",
        f"  https://x.com/SamuelSusla/status/{ID}\u200b \n",
        f"https://x.com/SamuelSusla/status/{ID}.",
        f"https://x.com/SamuelSusla/status/{ID}%20",
        f"https://x.com./SamuelSusla/status/{ID}",
        f"https://x.com:443/SamuelSusla/status/{ID}",
    ),
    "link:t.co/rQd6FIwZ0U": ("https://t.co/rQd6FIwZ0U", "t.co/rQd6FIwZ0U", "http://t.co/rQd6FIwZ0U"),
    "link:pic.twitter.com/rQd6FIwZ0U": ("pic.twitter.com/rQd6FIwZ0U", "https://pic.twitter.com/rQd6FIwZ0U"),
    "link:pic.x.com/rQd6FIwZ0U": ("pic.x.com/rQd6FIwZ0U",),
    f"bluesky:{DID}/3llopc3t4522d": (
        f"https://bsky.app/profile/{DID}/post/3llopc3t4522d",
        "https://bsky.app/profile/did%3Aplc%3Ays5aypbbeqmwn42edy5t3sho/post/3llopc3t4522d?ref_src=embed",
        f"at://{DID}/app.bsky.feed.post/3llopc3t4522d",
        f"https://embed.bsky.app/embed/{DID}/app.bsky.feed.post/3llopc3t4522d?id=1",
    ),
    "bluesky:mkbhd.com/3lnicr3nq5k2h": (
        "https://bsky.app/profile/mkbhd.com/post/3lnicr3nq5k2h",
        "https://bsky.app/profile/MKBHD.com/post/3lnicr3nq5k2h",
        "https://fxbsky.app/profile/mkbhd.com/post/3lnicr3nq5k2h",
    ),
    "mastodon:mastodon.social/103254193998341330": (
        "https://mastodon.social/@trwnh/103254193998341330",
        "https://mastodon.social/@trwnh@other.example/103254193998341330",
        "https://mastodon.social/web/@trwnh/103254193998341330",
        "https://mastodon.social/users/trwnh/statuses/103254193998341330",
        "https://mastodon.social/web/statuses/103254193998341330",
        "https://mastodon.social/@trwnh/103254193998341330/embed",
    ),
    "telegram:tchantest/14": (
        "https://t.me/tchantest/14",
        "https://t.me/s/tchantest/14",
        "https://t.me/TchanTest/14?single",
        "https://t.me/tchantest/14?comment=99",
        "https://telegram.me/tchantest/14",
        "https://tchantest.t.me/14",
        "tg://resolve?domain=tchantest&post=14",
    ),
    "reddit:1skhlsn": (
        "https://www.reddit.com/r/funny/comments/1skhlsn/footage_from_a_security_camera_in_sri_lanka/",
        "https://old.reddit.com/r/funny/comments/1skhlsn/",
        "https://reddit.com/comments/1skhlsn",
        "https://www.reddit.com/gallery/1skhlsn",
        "https://redd.it/1skhlsn",
        "https://np.reddit.com/r/funny/comments/1skhlsn/x/abcdefg/?utm_source=share&context=3",
        "https://www.rxddit.com/r/funny/comments/1skhlsn/",
    ),
    "link:reddit.com/r/funny/s/AbCdEfGhIj": ("https://www.reddit.com/r/funny/s/AbCdEfGhIj",),
    "youtube:1j7j2U_BGNo": (
        "https://www.youtube.com/watch?v=1j7j2U_BGNo&t=42s",
        "https://youtu.be/1j7j2U_BGNo?si=xyz",
        "https://m.youtube.com/watch?feature=share&v=1j7j2U_BGNo",
        "https://www.youtube.com/shorts/1j7j2U_BGNo",
        "https://www.youtube.com/live/1j7j2U_BGNo?feature=share",
        "https://www.youtube.com/embed/1j7j2U_BGNo?rel=0",
        "https://www.youtube-nocookie.com/embed/1j7j2U_BGNo",
        "https://music.youtube.com/watch?v=1j7j2U_BGNo",
        "https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D1j7j2U_BGNo%26feature%3Dshare",
    ),
    "tiktok:6748451240264420610": (
        "https://www.tiktok.com/@leenabhushan/video/6748451240264420610?is_from_webapp=1",
        "https://m.tiktok.com/v/6748451240264420610.html",
        "https://www.tiktok.com/embed/v2/6748451240264420610",
        "https://www.tiktok.com/player/v1/6748451240264420610",
    ),
    "link:vm.tiktok.com/ZMabc": ("https://vm.tiktok.com/ZMabc/",),
    "facebook:10153231379946729": (
        "https://www.facebook.com/watch/?v=10153231379946729",
        "https://m.facebook.com/watch/?v=10153231379946729&mibextid=x",
        "https://www.facebook.com/someone/videos/10153231379946729/",
        "https://www.facebook.com/someone/videos/a-readable-slug/10153231379946729/",
        "https://www.facebook.com/reel/10153231379946729",
        "https://www.facebook.com/video.php?v=10153231379946729",
        "https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2Fa%2Fvideos%2F10153231379946729%2F",
    ),
    "link:fb.watch/abcd123": ("https://fb.watch/abcd123/",),
    "link:facebook.com/share/v/abcd123": ("https://www.facebook.com/share/v/abcd123/",),
    "instagram:Chunk8-jurw": (
        "https://www.instagram.com/p/Chunk8-jurw/",
        "https://www.instagram.com/reel/Chunk8-jurw/?igsh=abc",
        "https://instagram.com/someone/reel/Chunk8-jurw/",
        "https://www.instagram.com/tv/Chunk8-jurw/embed/captioned/",
        "https://www.ddinstagram.com/p/Chunk8-jurw/",
    ),
    "vk:video-20086020_164211": (
        "https://vk.com/video-20086020_164211",
        "https://m.vk.com/video-20086020_164211?list=x",
        "https://vk.com/feed?z=video-20086020_164211%2Fx",
        "https://vk.com/video_ext.php?oid=-20086020&id=164211&hash=x",
        "https://vkvideo.ru/video-20086020_164211",
    ),
    "vk:wall-20086020_164211": ("https://vk.com/public20086020?w=wall-20086020_164211",),
    "rumble:v1abcd": (
        "https://rumble.com/v1abcd-some-title.html?mref=x",
        "https://rumble.com/embed/u4.v1abcd/?pub=4",
    ),
    "dailymotion:x5kesuj": (
        "https://www.dailymotion.com/video/x5kesuj_some-title",
        "https://dai.ly/x5kesuj",
        "https://www.dailymotion.com/embed/video/x5kesuj",
        "https://geo.dailymotion.com/player/xabc.html?video=x5kesuj",
    ),
    "vimeo:76979871": (
        "https://vimeo.com/76979871",
        "https://player.vimeo.com/video/76979871?h=0123456789",
        "https://vimeo.com/channels/staffpicks/76979871",
        "https://vimeo.com/76979871/0123456789",
    ),
    "web:www.example.org/news/a?id=3": (
        "https://www.example.org/news/a?id=3",
        "https://www.example.org/news/a?id=3&utm_source=x&fbclid=y#part",
    ),
    "direct:https://example.org/a/clip.MP4?x=1": ("https://example.org/a/clip.MP4?x=1",),
}


@pytest.mark.parametrize(
    ("spelling", "key"), [(spelling, key) for key, spellings in SPELLINGS.items() for spelling in spellings]
)
def test_every_spelling_has_one_key_and_keeps_the_users_own(spelling: str, key: str) -> None:
    address = parse(spelling)
    assert str(address.key) == key
    assert address.submitted == spelling


@pytest.mark.parametrize("key", SPELLINGS)
def test_a_canonical_address_names_the_same_post(key: str) -> None:
    address = parse(SPELLINGS[key][0])
    again = parse(address.url)
    assert again.key == address.key
    assert again.needs_expansion == address.needs_expansion == key.startswith("link:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello",
        "C:\\clips\\a.mp4",
        "/home/a/clip.mp4",
        "file:///etc/passwd",
        "ftp://example.org/a.mp4",
        "javascript:alert(1)",
        "mailto:a@example.org",
        "https://",
        "https:///path",
        "http://[::1",
        "https://example.org:port/",
        f"https://someone:secret@x.com/a/status/{ID}",
        "two words",
        "clip.mov",
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidUrl):
        parse(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/SamuelSusla",
        "https://x.com/home",
        "https://x.com/a/status/",
        "https://x.com/a/status/123456789012345678901234",
        "https://t.me/tchantest",
        "https://t.me/joinchat/AAAA",
        "https://www.youtube.com/@channel",
        "https://www.instagram.com/someone/",
        "https://www.reddit.com/r/funny/",
        "https://bsky.app/profile/mkbhd.com",
        "https://www.facebook.com/someone",
        "https://vimeo.com/about",
    ],
)
def test_a_platforms_page_that_is_no_post_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedUrl):
        parse(url)


def test_an_address_on_a_look_alike_host_is_not_the_platforms() -> None:
    assert parse(f"https://notx.com/a/status/{ID}").key.platform == "web"
    assert parse(f"https://x.com.evil.example/a/status/{ID}").key.platform == "web"


def test_the_private_channel_form_is_known_to_need_membership() -> None:
    assert parse("https://t.me/c/1234567890/45").login_only


# --- dates -------------------------------------------------------------------------------------


def test_a_posts_number_gives_its_time_without_asking() -> None:
    address = parse(f"https://x.com/a/status/{ID}")
    assert address.posted_at == datetime(2023, 3, 29, 14, 34, 41, 562000, UTC)
    assert address.posted_at_basis == "post id"


def test_numbers_from_before_the_scheme_have_no_time() -> None:
    assert tweet_time("20") is None
    assert parse("https://x.com/jack/status/20").posted_at is None
    assert tweet_time("29700859247") is not None


@pytest.mark.parametrize(
    ("url", "media_id", "time"),
    [
        ("https://pbs.twimg.com/media/FsZNOgcWAAEQtrd.jpg", "1641084025845448705", "2023-03-29T14:24:56"),
        (
            "https://pbs.twimg.com/media/FsZNOgcWAAEQtrd?format=jpg&name=orig",
            "1641084025845448705",
            "2023-03-29T14:24:56",
        ),
        (
            "https://pbs.twimg.com/media/FsZNOgcWAAEQtrd.jpg:large",
            "1641084025845448705",
            "2023-03-29T14:24:56",
        ),
        (
            "https://video.twimg.com/ext_tw_video/1768390888013651968/pu/vid/avc1/1980x1080/9EL5SOuzuRbs5vmw.mp4?tag=14",
            "1768390888013651968",
            "2024-03-14T21:36:57",
        ),
        (
            "https://video.twimg.com/amplify_video/1772955333687648256/vid/avc1/720x720/Ql-O7SrkxPEa6XvT.mp4",
            "1772955333687648256",
            "2024-03-27T11:54:26",
        ),
        (
            "https://pbs.twimg.com/ext_tw_video_thumb/1753430940842356736/pu/img/HiCdkJWhilNG69Fc.jpg",
            "1753430940842356736",
            "2024-02-02T14:51:28",
        ),
        (
            "https://video.twimg.com/tweet_video/HDCxjM_XYAAG6nY.mp4",
            "2031318650284630016",
            "2026-03-10T10:38:00",
        ),
    ],
)
def test_a_medium_at_x_tells_when_it_was_uploaded(url: str, media_id: str, time: str) -> None:
    uploaded_at = x_upload_time(url)
    assert x_media_id(url) == media_id
    assert uploaded_at is not None
    assert f"{uploaded_at:%Y-%m-%dT%H:%M:%S}" == time


@pytest.mark.parametrize(
    "url",
    [
        "https://pbs.twimg.com/profile_images/1562179359884929152/zk3CijLw_normal.jpg",
        "https://example.org/media/FsZNOgcWAAEQtrd.jpg",
        "https://pbs.twimg.com/media/short.jpg",
    ],
)
def test_other_addresses_carry_no_upload_time(url: str) -> None:
    assert x_media_id(url) is None
    assert x_upload_time(url) is None


def test_ids_of_other_platforms_agree_with_their_known_dates() -> None:
    close = timedelta(minutes=2)
    for found, known in (
        (tiktok_time("6748451240264420610"), datetime(2019, 10, 16, 17, 17, 32, tzinfo=UTC)),
        (instagram_time("Chunk8-jurw"), datetime(2022, 8, 26, 15, 53, 51, tzinfo=UTC)),
        (instagram_time("aye83DjauH"), datetime(2013, 6, 20, 17, 15, 45, tzinfo=UTC)),
        (mastodon_time("103254193998341330"), datetime(2019, 12, 5, 8, 19, 26, tzinfo=UTC)),
        (tid_time("3llopc3t4522d"), datetime(2025, 3, 31, 15, 45, 43, tzinfo=UTC)),
    ):
        assert found is not None
        assert abs(found - known) < close


@pytest.mark.parametrize(
    "found",
    [
        tweet_time(""),
        tweet_time("-5"),
        tweet_time("\u0663"),
        tweet_time("9" * 25),
        tiktok_time("123"),
        mastodon_time("12"),
        mastodon_time("9" * 19),
        tid_time("self"),
        tid_time("0llopc3t4522d"),
        instagram_time("bad!code"),
        instagram_time(""),
    ],
)
def test_what_is_no_dated_id_has_no_time(found: object) -> None:
    assert found is None


# --- X's token ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("20", "6dq1a2xwd93"),
        ("1227690010000000000", "2z4wgvt1ttu"),
        ("1228393702244134912", "2z741ywaw31"),
        ("1349794411333394432", "39si5g9b29u"),
        ("1577719286659006464", "3tojuiek1l"),
        ("1841206275088290279", "4gobiuxs3yx"),
        ("1964084223871971826", "4recoxg3yfh"),
    ],
)
def test_the_token_is_javascripts_to_the_digit(identifier: str, expected: str) -> None:
    assert token(identifier) == expected


def test_numbers_in_base_36_round_as_javascript_does() -> None:
    assert base36(0.0) == "0"
    assert base36(35.0) == "z"
    assert base36(36.0) == "10"
    assert base36(0.5) == "0.i"
    assert base36(1 / 36) == "0.1"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/a.mp4", MediaKind.VIDEO),
        ("https://example.org/a.JPG?x=.html", MediaKind.IMAGE),
        ("https://example.org/a.gif#x", MediaKind.GIF),
        ("https://example.org/a.jpg:large", MediaKind.IMAGE),
        ("https://example.org/a.html", None),
        ("https://example.org/mp4", None),
        ("https://example.mp4", None),
    ],
)
def test_an_ending_promises_a_kind(url: str, kind: MediaKind | None) -> None:
    assert media_kind_of(url) is kind
