"""Sentences for the reader of a report: what is odd about a post, and what to try next (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

from verify.model import MediaRole, Post, PostState

PREDATES = timedelta(hours=1)  # uploads precede their post by 1 to 180 s, rarely more; posts.md 2.1

_SAVE = "Save the media by hand and check the file."
_NEXT = {
    PostState.NOT_FOUND_UNCONFIRMED: (
        "This does not say that it was deleted. Open the post in a browser, signed in too, or look for an "
        "archived copy."
    ),
    PostState.RATE_LIMITED: "Try again later, or name another source in the settings.",
    PostState.NETWORK_ERROR: "Check the connection and try again.",
    PostState.BAD_RESPONSE: f"The platform may have changed its answers. {_SAVE}",
    PostState.LOGIN_REQUIRED: _SAVE,
    PostState.AGE_RESTRICTED: _SAVE,
    PostState.PROTECTED: f"Ask someone who may see it. {_SAVE}",
    PostState.DELETED: "Look for an archived copy, or for someone who saved it.",
    PostState.SUSPENDED: "Look for an archived copy, or for someone who saved it.",
    PostState.WITHHELD_IN_COUNTRY: "Try from another country.",
}
_ARCHIVED = frozenset({PostState.NOT_FOUND_UNCONFIRMED, PostState.DELETED, PostState.SUSPENDED})


def next_steps(post: Post) -> Iterator[str]:
    """What to try when the post could not be had."""
    if post.state in _NEXT:
        yield _NEXT[post.state]
    if post.state in _ARCHIVED and post.key.platform != "direct":
        yield f"Archived copies, if any: https://web.archive.org/web/*/{quote(post.url, safe=':/?=&')}"
    if post.state is PostState.NOT_FOUND_UNCONFIRMED and post.key.platform == "x":
        yield "VERIFY_X_BEARER_TOKEN or VERIFY_X_FXEMBED_URL add a source that tells more."


def oddities(post: Post) -> Iterator[str]:
    """What the post's own facts say without looking at a picture."""
    own = [ref for ref in post.media if ref.role is MediaRole.OWN]
    for ref in own:
        if ref.uploaded_at is not None and post.posted_at is not None:
            gap = post.posted_at - ref.uploaded_at
            if gap >= PREDATES:
                yield (
                    f"The hosted media predates the post: uploaded {ref.uploaded_at:%Y-%m-%d %H:%M} UTC, "
                    f"{_span(gap)} before the post of {post.posted_at:%Y-%m-%d %H:%M} UTC."
                )
        if ref.page_url:
            yield f"The media was first attached to another post: {ref.page_url}"
    if post.media and not own and all(ref.role is not MediaRole.PAGE for ref in post.media):
        yield "The post has no media of its own; what is listed belongs to the post it quotes or answers."
    if post.text_truncated:
        yield "The text is cut short by the source; the full text was not in its answer."


def _span(gap: timedelta) -> str:
    return f"{gap.days} days" if gap.days >= 2 else f"{gap.total_seconds() / 3600:.1f} hours"
