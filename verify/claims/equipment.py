"""Tokens in; equipment named in them out, by exact aliases with boundaries, never by likeness.

The longest alias wins. A name that is also an ordinary word counts only with the capital letters or the
word of arms its lexicon row asks for. A generic word beside the thing it describes ("M113 armoured carriers",
"танк Т-72") belongs to it; standing alone it is a mention of its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.claims.cues import ARMS, NOT_AFTER, NOT_BEFORE, OF_TYPE
from verify.claims.lexicon import Alias, Lexicon, Node
from verify.claims.text import Token
from verify.claims.words import forms, is_cased, stem

ARMS_REACH = 7  # tokens to either side
_LONGEST = 9  # tokens in an alias
_BESIDE = frozenset({" ", "-", "", "#"})
_QUOTES = "«»“”\"„'‘’״"


@dataclass(frozen=True, slots=True)
class Hit:
    """One alias found: token positions `first` to `last`, both included."""

    alias: Alias
    first: int
    last: int
    start: int  #: in the cleaned text, without an attached article or preposition
    end: int
    is_generic: bool

    @property
    def length(self) -> int:
        return self.end - self.start


def find_equipment(text: str, tokens: Sequence[Token], lexicon: Lexicon) -> list[Hit]:
    """All equipment named, in order, without overlaps."""
    found: list[Hit] = []
    at = 0
    while at < len(tokens):
        hit = _longest(tokens, at, lexicon)
        if hit is None:
            at += 1
            continue
        hit = _further_reaching(tokens, hit, lexicon)
        found.append(hit)
        at = hit.last + 1
    found, idle = _without_something_else(tokens, found)
    sure = {hit.first for hit in found if not hit.alias.flags & {"c", "u", "x"}}
    kept = [hit for hit in found if _is_meant(text, tokens, hit, (sure, idle))]
    return _absorb_generics(tokens, kept, lexicon)


def _longest(tokens: Sequence[Token], at: int, lexicon: Lexicon) -> Hit | None:
    best: Hit | None = None
    if _starts_inside_a_word(tokens, at):
        return None
    for alias, last, cut, end in _walk(tokens, at, lexicon.root):
        start = tokens[at].start + cut
        if best is None or end > best.end:
            generic = lexicon.types[alias.type_name].is_generic
            best = Hit(alias, at, last, start, end, generic)
    return best


def _further_reaching(tokens: Sequence[Token], hit: Hit, lexicon: Lexicon) -> Hit:
    """The hit that begins within this one and reaches beyond it: Buk-M2 of "ЗРК Бук-М2", not "ЗРК Бук"."""
    for at in range(hit.first + 1, hit.last + 1):
        inner = _longest(tokens, at, lexicon)
        if inner is not None and inner.end > hit.end:
            return inner
    return hit


def _starts_inside_a_word(tokens: Sequence[Token], at: int) -> bool:
    """A run of digits or letters glued to what precedes it; scripts glued to each other are two words."""
    token = tokens[at]
    if token.gap != "" or at == 0:
        return False
    before = tokens[at - 1]
    return before.is_digits or token.is_digits or is_cased(before.key) == is_cased(token.key)


def _walk(tokens: Sequence[Token], at: int, root: Node) -> Iterator[tuple[Alias, int, int, int]]:
    """Every alias that begins at a token: (alias, last token, letters cut from the front, end)."""
    paths = [(node, cut, tokens[at].end) for node, cut in _first_steps(tokens[at], root)]
    for depth in range(_LONGEST):
        last = at + depth
        for node, cut, end in paths:
            for alias in node.aliases:
                if _fits(alias, tokens, at, last) and _ends_well(alias, tokens, last):
                    yield alias, last, cut, end
        if last + 1 >= len(tokens) or not paths:
            return
        following = tokens[last + 1]
        if following.gap == "x":
            return
        if following.raw == "s" and tokens[last].is_digits and following.gap == "":
            return  # the plural of "T-72", not the model T-72S
        paths = [step for path in paths for step in _step(path, following)]


def _first_steps(token: Token, root: Node) -> Iterator[tuple[Node, int]]:
    for key, cut in ((token.key, 0),) if token.is_digits else _token_forms(token):
        node = root.edges.get(key)
        if node is not None:
            yield node, cut


def _token_forms(token: Token) -> tuple[tuple[str, int], ...]:
    stemmed = ((stem(token.stem), 0),) if token.stem else ()
    return (*forms(token.key), *stemmed)


def _step(path: tuple[Node, int, int], token: Token) -> Iterator[tuple[Node, int, int]]:
    node, cut, _ = path
    if token.is_digits:
        following = node.edges.get(token.key)
        if following is not None:
            yield following, cut, token.end
        return
    for key, dropped in _token_forms(token):
        following = node.edges.get(key)
        if following is not None and (dropped == 0 or not is_cased(token.key)):
            yield following, cut, token.end


def _fits(alias: Alias, tokens: Sequence[Token], first: int, last: int) -> bool:
    if alias.rule == "hashtag" and not tokens[first].in_hashtag:
        return False
    pairs = zip(alias.gaps, tokens[first : last + 1], tokens[first + 1 : last + 1], strict=False)
    return all(_gap_fits(alias, wanted, before, token) for wanted, before, token in pairs)


def _gap_fits(alias: Alias, wanted: str, before: Token, token: Token) -> bool:
    found = token.gap
    if found in {wanted, "#"}:
        return True
    if before.is_digits and not token.is_digits and wanted != " ":
        return found in {"", "-"}  # T-72B is not "T-72 b..."
    if found == ".":
        return not before.is_digits and token.is_digits  # "Mk.4"
    if before.is_digits and token.is_digits:
        return False
    if found == " " and wanted in {"", "-"}:
        return "h" not in alias.flags and (len(before.key) > 1 or before.is_capital) and not before.in_hashtag
    return found in {"", "-", " "}


def _ends_well(alias: Alias, tokens: Sequence[Token], last: int) -> bool:
    if last + 1 >= len(tokens) or tokens[last + 1].gap != "":
        return True
    following = tokens[last + 1]
    if (
        following.key in {"s", "es", "ler", "lar", "х", "й", "ок", "ки", "ка", "у", "е"}
        and tokens[last].is_digits
    ):
        return last + 2 >= len(tokens) or tokens[last + 2].gap != ""
    if not following.is_digits and not tokens[last].is_digits:
        return is_cased(following.key) != is_cased(tokens[last].key)
    return (
        "o" in alias.flags and tokens[last].is_digits and len(following.key) <= 3 and not following.is_digits
    )


def _without_something_else(tokens: Sequence[Token], found: Sequence[Hit]) -> tuple[list[Hit], set[int]]:
    """The hits but for think tanks and rocket science; the tokens of those are no words of arms."""
    others = {hit for hit in found if hit.is_generic and _is_something_else(tokens, hit)}
    idle = {at for hit in others for at in range(hit.first, hit.last + 1)}
    return [hit for hit in found if hit not in others], idle


def _is_meant(text: str, tokens: Sequence[Token], hit: Hit, context: tuple[set[int], set[int]]) -> bool:
    """`context`: first tokens of hits that need no context, and tokens that give none."""
    wants = hit.alias.flags & {"c", "u", "x"}
    if not wants:
        return True
    if _stands_in_quotes(text, hit) or _arms_nearby(tokens, hit, *context):
        return True
    if "x" in wants:
        return False
    return _is_written_as_a_name(text, tokens, hit, all_capitals="u" in wants)


def _is_something_else(tokens: Sequence[Token], hit: Hit) -> bool:
    before = tokens[hit.first - 1].key if hit.first and tokens[hit.first].gap in " -" else ""
    after = tokens[hit.last + 1] if hit.last + 1 < len(tokens) else None
    name = hit.alias.type_name
    if before and before in NOT_AFTER.get(name, ()):
        return True
    return after is not None and after.gap in " -" and after.key in NOT_BEFORE.get(name, ())


def _stands_in_quotes(text: str, hit: Hit) -> bool:
    opened = hit.start > 0 and text[hit.start - 1] in _QUOTES
    return opened and hit.end < len(text) and text[hit.end] in _QUOTES


def _arms_nearby(tokens: Sequence[Token], hit: Hit, sure: set[int], idle: set[int]) -> bool:
    reach = range(max(0, hit.first - ARMS_REACH), min(len(tokens), hit.last + ARMS_REACH + 1))
    around = [at for at in reach if not hit.first <= at <= hit.last and at not in idle]
    return any(at in sure or _is_of_arms(tokens[at]) for at in around)


def _is_of_arms(token: Token) -> bool:
    return not token.is_digits and any(key in ARMS for key, _ in _token_forms(token))


def _is_written_as_a_name(text: str, tokens: Sequence[Token], hit: Hit, *, all_capitals: bool) -> bool:
    token = tokens[hit.first]
    if not is_cased(token.key):
        return True
    if all_capitals:
        return len(token.raw) > 1 and token.raw.rstrip("s").isupper()
    if token.in_hashtag:
        return True
    before = text[max(0, token.start - 2) : token.start].strip("@/,:;-–—( ")
    opens_a_sentence = hit.first == 0 or (token.gap == "x" and before != "")
    return token.raw[1:].isupper() or (token.is_capital and not opens_a_sentence)


def _absorb_generics(tokens: Sequence[Token], hits: list[Hit], lexicon: Lexicon) -> list[Hit]:
    kept: list[Hit] = []
    for number, hit in enumerate(hits):
        neighbours = hits[max(0, number - 1) : number + 2]
        if hit.is_generic and any(
            _describes(tokens, hit, other, lexicon) for other in neighbours if other is not hit
        ):
            continue
        kept.append(hit)
    return kept


def _describes(tokens: Sequence[Token], generic: Hit, other: Hit, lexicon: Lexicon) -> bool:
    """Whether a generic word stands right beside a thing of its class, as its head noun."""
    if other.is_generic and (
        other.length < generic.length or other.alias.type_name == generic.alias.type_name
    ):
        return False
    if generic.first == other.last + 1:
        joined = tokens[generic.first].gap in _BESIDE and generic.start == tokens[generic.first].start
    else:
        between = tokens[generic.last + 1 : other.first + 1]
        joined = len(between) > 0 and all(token.gap in _BESIDE for token in between)
        joined = joined and (len(between) == 1 or (len(between) <= 4 and between[-2].key in OF_TYPE))
        joined = joined and other.start == tokens[other.first].start
    return joined and _kin(generic.alias.type_name, other.alias.type_name, lexicon)


def _kin(generic: str, other: str, lexicon: Lexicon) -> bool:
    """Writers are loose with classes: a Bradley is called a tank, a missile a rocket."""
    if generic == other:
        return True
    top_generic = (generic, *lexicon.ancestors(generic))[-1]
    top_other = (other, *lexicon.ancestors(other))[-1]
    loose = {
        "missile",
        "rocket",
        "artillery",
        "grenade launcher",
        "glide bomb",
        "air defence system",
    }
    return top_generic == top_other or {top_generic, top_other} <= loose
