"""A Latin designation in ("T-72", "BMP-1", "F-16"); how other scripts spell it letter by letter out.

Russian and Ukrainian write the letters of the Cyrillic alphabet, Arabic, Persian and Hebrew the names of
the letters. Only short runs of letters followed by digits are spelled; anything else gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DESIGNATION = re.compile(r"([A-Za-z]{1,4})([- ]?)(\d{1,4})([A-Za-z]{0,3}\d?[A-Za-z]?)")

_CYRILLIC = dict(zip("ABCDEFGHIKLMNOPRSTUVZ", "АБЦДЕФГХИКЛМНОПРСТУВЗ", strict=True))
_UKRAINIAN = {**_CYRILLIC, "I": "І"}
_ARABIC = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "اي",
            "بي",
            "سي",
            "دي",
            "اي",
            "اف",
            "جي",
            "اتش",
            "اي",
            "جي",
            "كي",
            "ال",
            "ام",
            "ان",
            "او",
            "بي",
            "كيو",
            "ار",
            "اس",
            "تي",
            "يو",
            "في",
            "دبليو",
            "اكس",
            "واي",
            "زد",
        ],
        strict=True,
    )
)
_HEBREW = dict(
    zip(
        "ABCDEFGHIKLMNOPRSTUVZ",
        [
            "איי",
            "בי",
            "סי",
            "די",
            "אי",
            "אף",
            "ג'י",
            "אייץ'",
            "איי",
            "קיי",
            "אל",
            "אם",
            "אן",
            "או",
            "פי",
            "אר",
            "אס",
            "טי",
            "יו",
            "וי",
            "זי",
        ],
        strict=True,
    )
)


def spellings(alias: str, language: str) -> Iterator[str]:
    """The alias of an English row in other scripts; nothing for a name that is no designation."""
    match = _DESIGNATION.fullmatch(alias)
    if language != "en" or match is None:
        return
    letters, gap, digits, tail = match.groups()
    for table in (_CYRILLIC, _UKRAINIAN):
        if set((letters + tail).upper()) <= set(table) | set("0123456789"):
            yield f"{_letters(letters, table)}{gap}{digits}{_letters(tail, table)}"
    if tail:
        return
    for names in (_ARABIC, _HEBREW):
        if set(letters.upper()) <= set(names):
            yield f"{' '.join(names[letter] for letter in letters.upper())} {digits}"


def _letters(letters: str, table: dict[str, str]) -> str:
    return "".join(table.get(letter.upper(), letter) for letter in letters)
