"""HTML as text and addresses, the way a reader sees them (pure)."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BACKGROUND = re.compile(r"background-image\s*:\s*url\(\s*['\"]?([^'\")]+)")
_BREAKS = {"br": "\n", "p": "\n\n", "div": "\n", "li": "\n"}


def plain_text(markup: str) -> str:
    """The text of an HTML fragment: line breaks and paragraphs kept, tags and extra blanks gone."""
    root = LexborHTMLParser(f"<body>{markup}</body>").body
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
