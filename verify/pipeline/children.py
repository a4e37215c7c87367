"""The posts that a page embeds, as items of their own: an article leads to the posts it reports on.

In: a resolved page and the item it was resolved for. Out: one request for each embedded post, with the
item's claim and priority. Only the first MOST_CHILDREN: a page of links is not an article.
"""

from __future__ import annotations

from verify.model import Post
from verify.posts.webpage import children
from verify.store.items import Item, NewItem

MOST_CHILDREN = 20


def child_requests(post: Post, item: Item) -> tuple[NewItem, ...]:
    """The requests; none for anything but a page."""
    return tuple(
        NewItem(
            submitted=child.url,
            key=str(child.key or ""),
            claim=item.claim,
            note=f"embedded in {post.url}",
            priority=item.priority,
        )
        for child in children(post)[:MOST_CHILDREN]
    )
