"""Untrusted text in, text that cannot act out.

For HTML: escaped, isolated in `<bdi>`, with control, direction-changing, zero-width and other
invisible characters drawn as their code points. For the terminal: the same characters removed. For
spreadsheets: no cell begins a formula. Links only to plain http(s) addresses; `javascript:`, `data:`
and addresses with a user name stay text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from markupsafe import Markup, escape

LONGEST_SHOWN = 20_000
"""Characters of one text drawn on a page; the JSON report holds all of it."""

_SHORT = 256  # characters
_LONGEST_LINK = 2_048  # handbook reliability.md 2.2
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad"  # controls but tab and newline; soft hyphen
    "\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # joiners and fillers without a glyph
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"  # zero-width, bidi, line ends, blanks
    "\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"  # not characters at all
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # more format characters, tags
)
_EMOJI_JOINERS = re.compile(
    "(?<=[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff])\u200d(?=[\u2600-\u27bf\U0001f300-\U0001faff])"
)
_JOINED = "\ue200"  # a private-use stand-in while the other joiners are drawn
_FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # CVE-2021-41270, OWASP


def visible(text: str, limit: int = LONGEST_SHOWN) -> Markup:
    """The text as inert HTML inside `<bdi>`; past `limit` characters the rest is counted, not drawn."""
    return _visible_short(text, limit) if len(text) <= _SHORT else _visible(text, limit)


def _visible(text: str, limit: int) -> Markup:
    left = len(text) - limit
    more = Markup('<span class="more"> [… {:,} more characters in the JSON report]</span>').format(left)
    return Markup("<bdi>{}</bdi>{}").format(drawn(text[:limit]), more if left > 0 else "")


_visible_short = lru_cache(maxsize=4_096)(_visible)  # names, hashes and addresses come again and again


def drawn(text: str) -> Markup:
    """The text as inert HTML for a place that is isolated already."""
    kept = _EMOJI_JOINERS.sub(_JOINED, text.replace("\r\n", "\n").replace(_JOINED, "\ufffd"))
    pieces: list[Markup] = []
    position = 0
    for found in _INVISIBLE.finditer(kept):
        pieces += [escape(kept[position : found.start()]), _labelled(found.group())]
        position = found.end()
    pieces.append(escape(kept[position:]))
    return Markup("").join(pieces).replace(_JOINED, "\u200d")


def clean(text: str, limit: int = 500) -> str:
    """The text on one line for a terminal or an attribute: nothing that moves a cursor or turns a line."""
    line = " ".join(_INVISIBLE.sub(" ", text[: limit * 2]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def cell(text: str) -> str:
    """The text as one spreadsheet cell: never a formula, no control characters but newline and tab."""
    guarded = "'" + text if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
    return _INVISIBLE.sub("\ufffd", guarded)


def is_plain_address(url: str) -> bool:
    """Whether the address may be made a link: http(s), a host, no user name, nothing invisible."""
    if len(url) > _LONGEST_LINK or _INVISIBLE.search(url) or re.search(r"[\s\"'<>\\]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def link(url: str, words: str = "") -> Markup:
    """An anchor that tells its target nothing about the reader, or inert text when it must not be one."""
    shown = visible(words or url, limit=_LONGEST_LINK)
    if not is_plain_address(url):
        return shown
    return Markup(
        '<a href="{}" rel="noreferrer noopener nofollow ugc" referrerpolicy="no-referrer">{}</a>'
    ).format(url, shown)


def _labelled(character: str) -> Markup:
    name = unicodedata.name(character, "control character").lower()
    return Markup('<span class="invisible" title="{}">U+{}</span>').format(name, f"{ord(character):04X}")
