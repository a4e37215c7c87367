"""A post's text in; the same text cleaned, with the way back to the original offsets, and its tokens out.

Zero-width and direction marks, Arabic vowel marks and elongation and combining accents are dropped,
compatibility letters (full width, mathematical) and non-ASCII digits replaced, and letters of two alphabets
mixed in one word (homoglyphs) brought to one of them. What was found is named in notes. Linear in the
length of the text; nothing is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

ZERO_WIDTH = "\u00ad\u034f\u061c\u180e\u200b\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ZWNJ = "\u200c"  # separates morphemes in Persian, hides in other scripts
_DROPPED = re.compile(
    f"[{ZERO_WIDTH}{BIDI}\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640\ufe00-\ufe0f]"
)
_HIDDEN_ZWNJ = re.compile(f"{ZWNJ}(?![\u0600-\u06ff])|(?<![\u0600-\u06ff]){ZWNJ}")
_COMPATIBILITY = re.compile(
    "[\u2100-\u214f\uf900-\ufaff\ufb00-\ufdff\ufe70-\ufeff\uff00-\uffef\U0001d400-\U0001d7ff]"
)
_HIDING = frozenset(ZERO_WIDTH + BIDI)

# Look-alike letters, Cyrillic to Latin (Unicode confusables, the subset that is used in practice).
_TO_LATIN = str.maketrans("аеорсухіјѕАВЕКМНОРСТУХІЈЅ", "aeopcyxijsABEKMHOPCTYXIJS")
_TO_CYRILLIC = str.maketrans("aeopcyxijsABEKMHOPCTYXIJS", "аеорсухіјѕАВЕКМНОРСТУХІЈЅ")

# One spelling for letters that writers of Arabic, Persian and Hebrew use for each other.
_FOLD = str.maketrans(
    {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ې": "ي",
        "ة": "ه",
        "ۀ": "ه",
        "ہ": "ه",
        "ک": "ك",
        "گ": "ك",
        "ؤ": "و",
        "پ": "ب",
        "چ": "ج",
        "ژ": "ز",
        "ڤ": "ف",
        "ё": "е",
        "ґ": "г",
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ə": "e",
        "ß": "ss",
        "ך": "כ",
        "ם": "מ",
        "ן": "נ",
        "ף": "פ",
        "ץ": "צ",
    }
)
_KEEPS_ACCENT = frozenset("йїЙЇ")  # letters of their own in Cyrillic, not accents

_APOSTROPHE = "'’‘ʼʻ`´ʿʾ′׳"
_GERSHAYIM = '"״”“'
_WORD = re.compile(
    rf"(?P<digits>\d+)"
    rf"|[^\W\d_]+(?:(?:[{_APOSTROPHE}]|(?<=[א-ת])[{_GERSHAYIM}](?=[א-ת]))[^\W\d_]+)*(?:(?<=[א-ת])['’׳])?"
)
_JOINER = re.compile(f"[{_APOSTROPHE}]")
_QUOTES = re.compile(f"[{_GERSHAYIM}]")
_CAMEL = re.compile(r"(?<=[^\W\d_])(?=[A-ZА-ЯЁЇІЄҐ][^\WA-ZА-ЯЁЇІЄҐ\d_])|(?<=[a-zа-яёїієґ])(?=[A-ZА-ЯЁЇІЄҐ])")
_SPACE = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f]*[«»“”\"„'‘’(]?[ \t\u00a0#]*")
_HYPHEN = re.compile(r"[ ]?[-‐‑‒–—−_־][ ]?#?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """The text to read. `origin[i]` is the offset in the original of character i; None: the same."""

    text: str
    origin: list[int] | None
    notes: tuple[str, ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original text; marks that were dropped right after its last character stay out."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


@dataclass(slots=True)
class Token:
    """A run of letters or of digits. Mutable only for speed of making; nobody changes one."""

    key: str  #: folded: lower case, one spelling, no apostrophes
    raw: str
    start: int  #: in the cleaned text
    end: int
    gap: str  #: to the token before: see `_gap`; "#" where a hashtag was split at a capital
    stem: str  #: folded, up to the last apostrophe; empty without one
    stem_end: int
    is_digits: bool
    is_capital: bool  #: begins with a capital, or its script has none
    in_hashtag: bool


def clean(text: str) -> Cleaned:
    """The text without what hides or decorates letters."""
    if text.isascii():
        return Cleaned(text=text, origin=None)
    notes: list[str] = []
    kept, origin = _drop(text, notes)
    kept = _replace_compatibility(kept)
    kept = _unmix(kept, notes)
    return Cleaned(text=kept, origin=origin, notes=tuple(notes))


def _drop(text: str, notes: list[str]) -> tuple[str, list[int] | None]:
    doomed = {match.start() for match in _DROPPED.finditer(text)}
    doomed |= {match.start() for match in _HIDDEN_ZWNJ.finditer(text)}
    if not doomed:
        return text, None
    if any(text[at] in _HIDING for at in doomed):
        notes.append(
            "The text holds invisible characters (zero width or direction marks); they were read over."
        )
    origin = [at for at in range(len(text)) if at not in doomed]
    return "".join(text[at] for at in origin), origin


def _replace_compatibility(text: str) -> str:
    return _COMPATIBILITY.sub(lambda match: _same_length(match[0]), text)


def _same_length(char: str) -> str:
    normal = unicodedata.normalize("NFKC", char)
    return normal if len(normal) == 1 else char


_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")
_GREEK_DESIGNATION = re.compile(r"[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ]+(?=[-–]?\d)|(?<=\d)[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ]+(?!\w)")
_MIXED = re.compile(
    r"[A-Za-z\u00c0-\u024f]+[\u0400-\u04ff][A-Za-z\u0400-\u04ff]*|[\u0400-\u04ff]+[A-Za-z][A-Za-z\u0400-\u04ff]*"
)


def _unmix(text: str, notes: list[str]) -> str:
    unmixed = _GREEK_DESIGNATION.sub(lambda match: match[0].translate(_GREEK), text)
    unmixed = _MIXED.sub(lambda match: _one_alphabet(match[0]), unmixed)
    if unmixed != text:
        notes.append("Words mix letters of two alphabets that look alike; they were read as one alphabet.")
    return unmixed


def _one_alphabet(word: str) -> str:
    latin, cyrillic = word.translate(_TO_LATIN), word.translate(_TO_CYRILLIC)
    if not re.search("[\u0400-\u04ff]", latin):
        return latin
    return cyrillic if not re.search("[A-Za-z]", cyrillic) else word


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Lower case, without accents and apostrophes, one spelling for interchangeable letters."""
    if word.isascii():
        return _JOINER.sub("", word).casefold()
    lowered = _QUOTES.sub('"', _JOINER.sub("", word)).replace("İ", "i").lower()
    bare = "".join(
        char if char in _KEEPS_ACCENT else unicodedata.normalize("NFD", char)[0] for char in lowered
    )
    return bare.translate(_FOLD)


def tokenize(text: str) -> list[Token]:
    """The runs of letters and of digits of a cleaned text, in order; words in hashtags split at capitals."""
    tokens: list[Token] = []
    last_end, hashtag_end = 0, -1
    for match in _WORD.finditer(text):
        start, end = match.span()
        gap = _gap(text, last_end, start) if tokens else "x"
        if start and text[start - 1] in "#＃":
            hashtag_end = _hashtag_end(text, start)
        in_hashtag = start < hashtag_end
        if in_hashtag and gap == "-":
            gap = " " if "_" in text[last_end:start] else gap
        _add(tokens, match, gap, in_hashtag=in_hashtag)
        last_end = end
    return tokens


def _hashtag_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return end


def _gap(text: str, start: int, end: int) -> str:
    """What lies between two tokens: nothing, "-" a hyphen, " " a space, "/" and "." themselves, "x" else."""
    if start == end:
        return ""
    between = text[start:end]
    if between == ZWNJ or _SPACE.fullmatch(between):
        return " "
    if between in {"/", "."}:
        return between
    return "-" if _HYPHEN.fullmatch(between) else "x"


def _add(tokens: list[Token], match: re.Match[str], gap: str, *, in_hashtag: bool) -> None:
    raw, start = match[0], match.start()
    if match["digits"]:
        key = str(int(raw)) if not raw.isascii() and len(raw) < 20 else raw
        tokens.append(Token(key, raw, start, match.end(), gap, "", 0, True, True, in_hashtag))
        return
    parts = _camel_parts(raw) if in_hashtag else [(0, raw)]
    for number, (offset, part) in enumerate(parts):
        at = start + offset
        tokens.append(_word(part, at, gap if number == 0 else "#", in_hashtag=in_hashtag))


def _camel_parts(raw: str) -> list[tuple[int, str]]:
    cuts = [0, *(match.start() for match in _CAMEL.finditer(raw)), len(raw)]
    return [(a, raw[a:b]) for a, b in pairwise(cuts) if a < b]


def _word(raw: str, start: int, gap: str, *, in_hashtag: bool) -> Token:
    joints = [match.start() for match in _JOINER.finditer(raw)]
    stem_end = joints[-1] if joints else 0
    return Token(
        key=fold(raw),
        raw=raw,
        start=start,
        end=start + len(raw),
        gap=gap,
        stem=fold(raw[:stem_end]) if stem_end else "",
        stem_end=start + stem_end,
        is_digits=False,
        is_capital=raw[0] != raw[0].lower() or raw[0].lower() == raw[0].upper(),
        in_hashtag=in_hashtag,
    )
