"""Equipment tables in (CSV bytes); a lexicon out: types, their kinship, and a trie of their names.

A row is `name,class,parent,flags,en,ar,tr,ru,uk,he,fa,source`; names are separated by semicolons. Flags:
`k` a generic kind, `c` wants a capital letter or a word of arms nearby, `u` the same with all capitals,
`x` always wants a word of arms nearby, `o` unlisted variants (T-72B4) are read as the family, `h` wants no
space within (An-26); `!c`, `!u` and `!x` after one name are for that name alone. Names with digits need none
of it. From the designations the lexicon derives the Cyrillic, Arabic, Persian and Hebrew spellings
(T-72, Т-72, تي 72, טי-72).
A row that cannot be read is refused with its number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from verify.claims.spelling import spellings
from verify.claims.text import Token, clean, tokenize
from verify.claims.words import stem
from verify.errors import LexiconUnreadable

LANGUAGES = ("en", "ar", "tr", "ru", "uk", "he", "fa")
COLUMNS = ("name", "class", "parent", "flags", *LANGUAGES, "source")
_FLAGS = frozenset("kcuxoh")

Relation = Literal["same", "compatible", "conflicting", "unrelated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentType:
    name: str
    kind: str  #: the generic class it belongs to; empty for the widest ones
    parent: str  #: the type it is a variant of
    flags: frozenset[str]
    names: tuple[tuple[str, str], ...]  #: (language, alias)
    source: str

    @property
    def is_generic(self) -> bool:
        return "k" in self.flags


@dataclass(frozen=True, slots=True)
class Alias:
    """One way of writing one type, as a path in the trie."""

    type_name: str
    language: str
    gaps: tuple[str, ...]  #: before each token but the first
    flags: frozenset[str]
    rule: str


@dataclass(slots=True)
class Node:
    """A node of the trie: `edges` by folded token, `aliases` that end here."""

    edges: dict[str, Node] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    types: dict[str, EquipmentType]
    root: Node

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Parents, then generic kinds, nearest first; empty for an unknown name."""
        chain: list[str] = []
        at = self.types.get(name)
        while at is not None:
            above = at.parent or at.kind
            if not above or above in chain or above == name:
                break
            chain.append(above)
            at = self.types.get(above)
        return tuple(chain)

    def family(self, name: str) -> str:
        """The topmost type, short of generic kinds; a generic kind is its own family."""
        above = [item for item in self.ancestors(name) if not self.types[item].is_generic]
        return above[-1] if above else name


def read_types(table: bytes) -> Iterator[tuple[int, EquipmentType]]:
    """The rows of one table with their line numbers. Raises LexiconUnreadable."""
    try:
        reader = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
        if reader.fieldnames is None or not {"name", "class"} <= set(reader.fieldnames):
            raise LexiconUnreadable(f"the first line must name the columns {','.join(COLUMNS)}")
        for row in reader:
            yield reader.line_num, _type(row, reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise LexiconUnreadable(str(error)) from error


def _type(row: dict[str, str | None], line: int) -> EquipmentType:
    value = {key: (row.get(key) or "").strip() for key in COLUMNS}
    flags = frozenset(value["flags"])
    if not value["name"] or not flags <= _FLAGS:
        raise LexiconUnreadable(
            f"line {line}: a row needs a name, and flags out of {''.join(sorted(_FLAGS))}"
        )
    names = tuple(
        (language, alias.strip())
        for language in LANGUAGES
        for alias in value[language].split(";")
        if alias.strip()
    )
    return EquipmentType(
        name=value["name"],
        kind=value["class"],
        parent=value["parent"],
        flags=flags,
        names=names,
        source=value["source"],
    )


def build_lexicon(tables: Iterable[bytes]) -> Lexicon:
    """The lexicon of all tables; a later row replaces an earlier one of the same name and adds to it."""
    types: dict[str, EquipmentType] = {}
    for table in tables:
        types |= {row.name: row for _, row in read_types(table)}
    root = Node()
    for row in types.values():
        for language, alias in dict.fromkeys((("en", row.name), *row.names)):
            _insert(root, row, language, alias)
    return Lexicon(types=types, root=root)


def _insert(root: Node, row: EquipmentType, language: str, written: str) -> None:
    alias, _, own = written.partition("!")
    for spelling, rule in ((alias, "alias"), *((other, "spelling") for other in spellings(alias, language))):
        tokens = tokenize(clean(spelling).text)
        for path, path_rule in _paths(tokens, rule):
            node = root
            for key, _ in path:
                node = node.edges.setdefault(key, Node())
            gaps = tuple(gap for _, gap in path[1:])
            flags = _flags_of(tokens, row, own)
            node.aliases.append(Alias(row.name, language, gaps, flags, path_rule))


def _flags_of(tokens: list[Token], row: EquipmentType, own: str) -> frozenset[str]:
    """Only a single word can be mistaken for something else; designations and phrases cannot."""
    if len(tokens) > 1:
        return (row.flags & frozenset("koh")) | frozenset(own)
    return row.flags | frozenset(own)


def _paths(tokens: list[Token], rule: str) -> Iterator[tuple[list[tuple[str, str]], str]]:
    path = [(stem(token.key), token.gap) for token in tokens]
    if not path:
        return
    yield path, rule
    letters = [token for token in tokens if not token.is_digits]
    if len(letters) == len(tokens) > 1:
        joined = "".join(token.key for token in tokens)
        yield [(stem(joined), "")], "joined" if tokens[1].gap == "-" else "hashtag"


@lru_cache(maxsize=1)
def own_lexicon() -> Lexicon:
    """The lexicon that comes with the program."""
    return build_lexicon([own_equipment_table()])


def own_equipment_table() -> bytes:
    """The table of the program."""
    return (files("verify.claims") / "data" / "equipment.csv").read_bytes()


def relate_equipment(claimed: str, known: str, lexicon: Lexicon | None = None) -> Relation:
    """How two equipment names stand to each other: same, compatible, conflicting or unrelated.

    Parent and child are compatible (an APC may be an M113), siblings conflict (a T-62 is no T-72), and
    things of different kinds do not bear on each other (handbook `claims.md` 5).
    """
    lexicon = lexicon or own_lexicon()
    one, other = resolve_equipment(claimed, lexicon), resolve_equipment(known, lexicon)
    if one.casefold() == other.casefold():
        return "same"
    above_one, above_other = lexicon.ancestors(one), lexicon.ancestors(other)
    if one in above_other or other in above_one:
        return "compatible"
    kind = _nearest_kind(one, lexicon)
    return "conflicting" if kind and kind == _nearest_kind(other, lexicon) else "unrelated"


def _nearest_kind(name: str, lexicon: Lexicon) -> str:
    return next((item for item in lexicon.ancestors(name) if lexicon.types[item].is_generic), "")


def resolve_equipment(name: str, lexicon: Lexicon) -> str:
    """The canonical name of a type given by any of its names; an unknown name unchanged."""
    node: Node | None = lexicon.root
    for token in tokenize(clean(name).text):
        node = node.edges.get(stem(token.key)) if node else None
    if node is None or not node.aliases:
        return name.strip()
    return node.aliases[0].type_name
