"""The addresses in a piece of text, each with the words around it as its claim (pure).

In: pasted or piped text, up to a whole article. Out: entries in the order of the text, one per post.
An article quotes a post's words and then its pic.twitter.com link, so a link's words are those before
it in its paragraph; the words after it when none come before; the paragraph above when it stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from verify.errors import VerifyError
from verify.posts.urls import parse

_URL = re.compile(
    r"""(?ix)
    (?: h(?:tt|xx)ps?://                              # a full address, also defanged
      | at://did: | tg://resolve
      | (?<![\w@./-])(?:www\.)?                       # or the bare spelling of a post's
        (?: pic\.(?:twitter|x)\.com/\w
          | t\.co/\w
          | (?:mobile\.)?(?:x|twitter)\.com/\w+/status
          | t\.me/(?:s/)?\w+/\d
          | youtu\.be/ | bsky\.app/profile/ | redd\.it/ | fb\.watch/ | vm\.tiktok\.com/
          | (?:instagram|tiktok|reddit|youtube|facebook)\.com/\w
        )
    )
    [^\s<>"'`\u201c\u201d\u00ab\u00bb\u2026]{0,2048}
    """
)
_TRAILING = ".,;:!?*_~|\u3002\uff0c\u060c\u061b"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
LONGEST_CLAIM = 4000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to check that an input names."""

    text: str  #: an address as it was written, or the path of a file
    claim: str = ""  #: the words that go with it
    note: str = ""
    posted_at: datetime | None = None  #: as the input states it
    origin: str = ""  #: where in the input: "list.csv, row 3"


def entries_in_text(text: str, origin: str = "") -> tuple[Entry, ...]:
    """Every address in `text` once, with its words; those of its first mention that has any."""
    found: list[Entry] = []
    above = ""
    for paragraph in _PARAGRAPH.split(text):
        inside = list(_in_paragraph(paragraph, above, origin))
        found.extend(inside)
        above = "" if inside else _tidy(paragraph)
    return unique(found)


def unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """`entries` without second mentions of the same post or path; the first claim and note are kept."""
    known: dict[str, Entry] = {}
    for entry in entries:
        key = _key(entry.text)
        before = known.get(key)
        known[key] = entry if before is None else _joined(before, entry)
    return tuple(known.values())


def _joined(first: Entry, again: Entry) -> Entry:
    return replace(
        first,
        claim=first.claim or again.claim,
        note=first.note or again.note,
        posted_at=first.posted_at or again.posted_at,
    )


def _key(text: str) -> str:
    try:
        return str(parse(text).key)
    except VerifyError:
        return text


def _in_paragraph(paragraph: str, above: str, origin: str) -> Iterator[Entry]:
    spans = [_trimmed(match) for match in _URL.finditer(paragraph)]
    for place, (start, end) in enumerate(spans):
        before = paragraph[spans[place - 1][1] if place else 0 : start]
        after = paragraph[end : spans[place + 1][0] if place + 1 < len(spans) else len(paragraph)]
        is_last = place + 1 == len(spans)
        words = _tidy(before)
        if not words or is_last:
            words = " ".join(part for part in (words, _tidy(after)) if part)
        if not words and not place:
            words = above
        yield Entry(text=paragraph[start:end], claim=words[:LONGEST_CLAIM], origin=origin)


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    """Where the address really ends: without the sentence's own punctuation and closing brackets."""
    start, end = match.span()
    text = match.string
    while end > start:
        last = text[end - 1]
        unpaired = last in _PAIRS and text.count(last, start, end) > text.count(_PAIRS[last], start, end)
        if last not in _TRAILING and not unpaired:
            break
        end -= 1
    return start, end


def _tidy(text: str) -> str:
    """One line of words; what is left of a list's marks, brackets and dashes around a link is gone."""
    words = re.sub(r"\s+", " ", text).strip(" \t\n-\u2013\u2014\u2022*|<>()[]:,;\"'\u201c\u201d")
    return words if re.search(r"\w", words) else ""
