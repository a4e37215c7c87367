"""The address of a media file itself (pure).

In: a direct address. Out: a post with that one medium and no author, text or date, since a bare file
has none; at X the upload time is read off the media id. Nothing is asked: the download will tell.
"""

from __future__ import annotations

from verify.model import MediaKind, MediaRef, MediaVariant, Post, PostState
from verify.posts.ids import x_media_id
from verify.posts.urls import PostAddress
from verify.posts.x_media import photo_variants


def direct(address: PostAddress) -> Post:
    """The post that stands for a bare media file."""
    photo = "pbs.twimg.com/media/" in address.url
    variants = photo_variants(address.url) if photo else (MediaVariant(url=address.url),)
    ref = MediaRef(
        kind=address.media_kind or MediaKind.VIDEO,
        url=variants[0].url,
        variants=variants,
        media_id=x_media_id(address.url),
        uploaded_at=address.uploaded_at,
    )
    return Post(
        key=address.key, url=address.url, submitted=address.submitted, state=PostState.OK, media=(ref,)
    )
