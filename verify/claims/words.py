"""A folded word in; the forms under which a lexicon may know it out, for the inflections of seven languages.

Cyrillic words are cut to a stem on both sides; Arabic and Hebrew words lose their attached articles,
prepositions and conjunctions, English and Turkish ones their plural and case endings. Rules, no
dictionaries: whoever looks up must only accept exact hits.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC = re.compile("[\u0600-\u06ff]")
_HEBREW = re.compile("[\u0590-\u05ff]")

_CYRILLIC_ENDING = re.compile(
    "(?:ами|ями|ями|ому|ему|ого|его|ыми|ими|ої|ою|ею|єю|ой|ей|ая|яя|ое|ее|ые|ие|ий|ый|им|ым|ом|ем|ам|ям|ах|ях|"
    "ев|єв|ов|ів|їв|их|ых|ію|ью|ью|ия|ию|ии|ії|ія|а|я|у|ю|е|є|і|ї|ы|и|о|ь|й)$"
)
_ARABIC_PREFIX = re.compile("(?:(?:و|ف)?(?:بال|كال|لل|ال)|(?:و|ف)?[بلك](?!ال)|[وف])(?=..)")
_HEBREW_PREFIX = re.compile("ו?(?:שב|מה|של|כש|[בלמהשכ])(?=..)|ו(?=..)")
_SINGLE = frozenset("\u0648\u0641\u05d5\u05de\u05d1\u05dc\u05d4")  # and, so; and, from, in, to, the
_PERSIAN_ENDING = re.compile("(?:هايي|هاي|ها|ي)$")
_TURKISH_ENDING = re.compile(
    "(?:l[ae]r(?:i(?:miz)?)?(?:n?i|[ae]|n?d[ae]n?|n?in)?|[iuü]|s[iu]|y[iuae]|n?[iu]n|n?[dt][ae]n?|[dt][ae]ki)$"
)


def is_cyrillic(word: str) -> bool:
    return bool(_CYRILLIC.match(word))


def is_cased(word: str) -> bool:
    """Whether the word's script has capital letters."""
    return word.lower() != word.upper()


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A Cyrillic word without its ending (at least three letters stay); any other word unchanged."""
    if len(word) < 4 or not is_cyrillic(word):
        return word
    cut = _CYRILLIC_ENDING.sub("", word)
    return cut if len(cut) >= min(4, 2 + len(word) - len(cut)) else word


@lru_cache(maxsize=65536)
def forms(word: str) -> tuple[tuple[str, int], ...]:
    """The word's possible lexicon keys, likeliest first, each with the letters cut from its front."""
    if _ARABIC.match(word):
        return _semitic(word, _ARABIC_PREFIX) + tuple(
            (cut, 0) for cut in _cut(word, _PERSIAN_ENDING, least=3)
        )
    if _HEBREW.match(word):
        return _semitic(word, _HEBREW_PREFIX)
    if is_cyrillic(word):
        return ((stem(word), 0),)
    plural = tuple((cut, 0) for cut in _plural(word))
    return ((word, 0), *plural, *((cut, 0) for cut in _cut(word, _TURKISH_ENDING, least=3)))


def _semitic(word: str, prefix: re.Pattern[str]) -> tuple[tuple[str, int], ...]:
    keys = [(word, 0)]
    match = prefix.match(word)
    if match:
        keys.append((word[match.end() :], match.end()))
    if len(word) > 3 and word[0] in _SINGLE:
        keys.append((word[1:], 1))
    if match and match.end() > 1 and word[match.end() - 2 : match.end()] == "ال":
        keys.append((word[match.end() - 2 :], match.end() - 2))
    return tuple(sorted(dict.fromkeys(keys), key=lambda key: key[1]))


def _plural(word: str) -> tuple[str, ...]:
    if len(word) < 2 or not word.endswith("s"):
        return ()
    return (word[:-1], word[:-2]) if word.endswith("es") and len(word) > 3 else (word[:-1],)


def _cut(word: str, ending: re.Pattern[str], *, least: int) -> tuple[str, ...]:
    cut = ending.sub("", word)
    return (cut,) if cut != word and len(cut) >= least else ()
