"""HTML as text and addresses, the way a reader sees them (pure)."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from verify.errors import BadResponse

DEEPEST = 512  # elements inside each other; browsers stop there too
MOST_ATTRIBUTES = 500  # of one element
_BACKGROUND = re.compile(r"background-image\s*:\s*url\(\s*['\"]?([^'\")]+)")
_BREAKS = {"br": "\n", "p": "\n\n", "div": "\n", "li": "\n"}


_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)")
_SCRIPT = re.compile(r"<(script|style)\b", re.IGNORECASE)
_SCRIPT_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_QUOTED = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*')")
# Elements that hold nothing, or that the next of their kind closes.
_SHALLOW = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "option",
        "optgroup",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "tfoot",
        "colgroup",
        "rp",
        "rt",
        "path",
        "circle",
        "rect",
        "use",
        "g",
        "line",
        "polygon",
    }
)


def parsed(markup: str) -> LexborHTMLParser:
    """The page. Raises BadResponse for markup that would keep the parser busy for minutes.

    The parser's time grows with the square of the nesting and of the attributes of one element
    (measured: 20,000 of either take over a second, 80,000 a minute), so both are bounded beforehand.
    """
    if _depth(markup) > DEEPEST:
        raise BadResponse(f"markup nested more than {DEEPEST} deep")
    if any(
        _attributes(piece) > MOST_ATTRIBUTES for piece in markup.split("<") if len(piece) > MOST_ATTRIBUTES
    ):
        raise BadResponse(f"an element with more than {MOST_ATTRIBUTES} attributes")
    return LexborHTMLParser(markup)


def _depth(markup: str) -> int:
    """About how deep elements lie inside each other: opened and not yet closed, scripts left out."""
    open_now, deepest = 0, 0
    for closing, name in _TAG.findall(_without_scripts(markup)):
        if name.lower() in _SHALLOW:
            continue
        open_now = max(0, open_now - 1) if closing else open_now + 1
        deepest = max(deepest, open_now)
    return deepest


def _without_scripts(markup: str) -> str:
    """`markup` without what is inside scripts and style sheets, in one pass."""
    kept, start = [], 0
    while found := _SCRIPT.search(markup, start):
        kept.append(markup[start : found.start()])
        end = _SCRIPT_ENDS[found[1].lower()].search(markup, found.end())
        if end is None:
            return "".join(kept)
        start = end.start()
    return "".join((*kept, markup[start:]))


def _attributes(piece: str) -> int:
    return len(_QUOTED.sub("", piece).partition(">")[0].split())


def plain_text(markup: str) -> str:
    """The text of an HTML fragment: line breaks and paragraphs kept, tags and extra blanks gone."""
    root = parsed(f"<body>{markup}</body>").body
    return node_text(root) if root is not None else ""


def node_text(node: LexborNode) -> str:
    """The text inside `node`, as `plain_text` gives it."""
    pieces: list[str] = []
    for part in node.traverse(include_text=True):
        if part.tag == "-text":
            pieces.append(part.text_content or "")
        elif part.tag in _BREAKS and part.mem_id != node.mem_id:
            pieces.append(_BREAKS[part.tag])
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def background_image(node: LexborNode) -> str:
    """The address in an inline `background-image`; empty for none."""
    found = _BACKGROUND.search(node.attributes.get("style") or "")
    return found[1] if found else ""


def attribute(node: LexborNode | None, name: str, base: str = "") -> str:
    """An attribute's value, stripped, joined to `base` when given; empty for none."""
    value = ((node.attributes.get(name) if node is not None else "") or "").strip()
    if not base or not value:
        return value
    try:
        return urljoin(base, value)
    except ValueError:
        return ""


def is_inside(node: LexborNode, *classes: str) -> bool:
    """Whether `node` or something around it has one of `classes`."""
    current: LexborNode | None = node
    while current is not None:
        if set((current.attributes.get("class") or "").split()) & set(classes):
            return True
        current = current.parent
    return False
