"""From a post's address to the post: who, when, what was written, which media, and how we learned it.

In: what a person pastes, pipes or uploads. Out: a `Post` in a typed state with its acquisition log.
Refused: words that name nothing. Entry points: `resolve.Resolver` for one post, `intake` for lists and
text, `webpage.children` for the posts that a page embeds, `urls.parse` for the key of an address.
"""
