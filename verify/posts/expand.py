"""Short links and share links: where they lead, without going there.

In: an address that says nothing itself (t.co, pic.twitter.com, vm.tiktok.com, reddit.com/r/../s/..).
Out: the address it stands for. Only the shortener is asked, each hop logged; the page behind is not.
Refused: links that lead nowhere, in circles, or to no web address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from verify.errors import BadResponse, PostNotFound, TooManyRedirects, UsageError
from verify.fetch.client import Answer
from verify.fetch.statuses import status_error
from verify.posts.ask import Asker, page_text
from verify.posts.markup import attribute, parsed
from verify.posts.urls import PostAddress, parse

SOURCE = "short_link"
MOST_HOPS = 5
_REFRESH = re.compile(r"(?i)url\s*=\s*['\"]?([^'\";]+)")


def expand(address: PostAddress, ask: Asker) -> PostAddress:
    """The address that a short link stands for."""
    for _ in range(MOST_HOPS):
        if not address.needs_expansion:
            return address
        answer = ask.answer(_asked(address, ask), source=SOURCE, accept="text/html", max_redirects=0)
        address = ask.read(answer, _target)
    raise TooManyRedirects(address.url)


def _asked(address: PostAddress, ask: Asker) -> str:
    parts = urlsplit(address.url)
    if parts.hostname == "reddit.com":
        return f"{ask.settings.reddit_url}{parts.path}"
    return address.url


def _target(answer: Answer) -> PostAddress:
    location = answer.location if 300 <= answer.status < 400 else _refresh(answer)
    if not location:
        raise PostNotFound("the short link leads nowhere")
    wanted = parse_qs(urlsplit(location).query).get("next", [""])[0]  # a login page that remembers the post
    try:
        return parse(wanted if wanted.startswith("http") else location)
    except UsageError as error:
        raise BadResponse(f"the short link leads to {location[:200]}") from error


def _refresh(answer: Answer) -> str:
    """Where a page sends browsers; t.co answers them so."""
    failure = status_error(answer.status, answer.headers)
    if failure is not None and answer.status not in {404, 410}:
        raise failure
    page = parsed(page_text(answer))
    found = _REFRESH.search(attribute(page.css_first('meta[http-equiv="refresh" i]'), "content"))
    return found[1].strip() if found else ""
