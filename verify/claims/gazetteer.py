"""Tables of places in (CSV bytes); a gazetteer out: places by folded name, by joined name and by skeleton.

A row is `name,country,kind,latitude,longitude,radius_km,weight,timezone,aliases,source,keys`; aliases are
separated by semicolons, `keys` are aliases already folded, to load faster. The program's own tables are
`gazetteer.csv`, made from GeoNames (CC BY 4.0) by scripts/build_gazetteer.py, and `places.csv`, written by
hand for what GeoNames lacks or spells one way only. A row that cannot be read is refused with its number.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from verify.claims.text import fold
from verify.claims.words import is_cased, stem
from verify.errors import LexiconUnreadable

COLUMNS = (
    "name",
    "country",
    "kind",
    "latitude",
    "longitude",
    "radius_km",
    "weight",
    "timezone",
    "aliases",
    "source",
    "keys",
)
KINDS = ("village", "town", "city", "district", "camp", "site", "airbase", "region", "province", "country")
ARTICLES = frozenset(
    [
        "al",
        "an",
        "ar",
        "as",
        "at",
        "ad",
        "az",
        "ash",
        "el",
        "en",
        "er",
        "es",
        "et",
        "ed",
        "ez",
        "eş",
        "esh",
        "adh",
        "ath",
        "ез",
        "эль",
        "аль",
        "ан",
        "ар",
        "эр",
        "эн",
        "ас",
        "эс",
        "ат",
        "эт",
    ]
)
SKELETON_WEIGHT = 5_000  # smaller places are found as written only
_SPLIT = re.compile(r"[\s\-‐‑–_/.,()]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is; `weight` is its population, or what its importance is worth in people."""

    name: str
    country: str
    kind: str
    latitude: float
    longitude: float
    radius_km: float
    weight: int
    timezone: str
    aliases: tuple[str, ...]
    source: str
    keys: tuple[str, ...] = ()  #: names and aliases as they are looked up, when the table gives them

    @property
    def is_curated(self) -> bool:
        """Written by hand, by us or by the desk: chosen because posts name it."""
        return self.source != "geonames"


@dataclass(slots=True)
class Gazetteer:
    """Places by the ways of writing them; each value lists positions in `places`."""

    places: list[Place] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_joined: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_skeleton: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    longest: dict[str, int] = field(default_factory=dict)  #: most words in a name, by its first word

    def named(self, name: str) -> list[Place]:
        """The places that bear a name in any spelling on file."""
        return [self.places[at] for at in self.by_name.get(" ".join(name_keys(name)), ())]


def read_places(table: bytes) -> Iterator[tuple[int, Place]]:
    """The rows of one table with their line numbers. Raises LexiconUnreadable."""
    try:
        reader = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
        if reader.fieldnames is None or not {"name", "latitude", "longitude"} <= set(reader.fieldnames):
            raise LexiconUnreadable(f"the first line must name the columns {','.join(COLUMNS)}")
        for row in reader:
            yield reader.line_num, _place(row, reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise LexiconUnreadable(str(error)) from error


def _place(row: dict[str, str | None], line: int) -> Place:
    value = {key: (row.get(key) or "").strip() for key in COLUMNS}
    try:
        latitude, longitude = float(value["latitude"]), float(value["longitude"])
        radius, weight = float(value["radius_km"] or 5), int(value["weight"] or 50_000)
    except ValueError as error:
        raise LexiconUnreadable(f"line {line}: {error}") from error
    kind = value["kind"] or "town"
    if not value["name"] or abs(latitude) > 90 or abs(longitude) > 180 or radius <= 0 or kind not in KINDS:
        raise LexiconUnreadable(
            f"line {line}: a place needs a name, degrees, a radius and a kind of {', '.join(KINDS)}"
        )
    return Place(
        name=value["name"],
        country=value["country"],
        kind=kind,
        latitude=latitude,
        longitude=longitude,
        radius_km=radius,
        weight=weight,
        timezone=value["timezone"] or "UTC",
        aliases=tuple(alias for part in value["aliases"].split(";") if (alias := part.strip())),
        source=value["source"] or "desk",
        keys=tuple(value["keys"].split(";")) if value["keys"] else (),
    )


def build_gazetteer(tables: Iterable[bytes]) -> Gazetteer:
    """The gazetteer of all tables, later ones added to earlier ones."""
    gazetteer = Gazetteer()
    for table in tables:
        for _, place in read_places(table):
            _add(gazetteer, place)
    return gazetteer


def _add(gazetteer: Gazetteer, place: Place) -> None:
    at = len(gazetteer.places)
    gazetteer.places.append(place)
    keys = place.keys or lookup_keys(place)
    for key in keys:
        first, _, rest = key.partition(" ")
        gazetteer.by_name[key].append(at)
        words = 1 + (rest.count(" ") + 1 if rest else 0)
        if words > gazetteer.longest.get(first, 0):
            gazetteer.longest[first] = words
        if rest:
            gazetteer.by_joined[key.replace(" ", "")].append(at)
    for key in keys if place.is_curated else keys[:1] if place.weight >= SKELETON_WEIGHT else ():
        bones = skeleton(key)
        if len(bones) >= 4 and at not in gazetteer.by_skeleton[bones]:
            gazetteer.by_skeleton[bones].append(at)


def lookup_keys(place: Place) -> tuple[str, ...]:
    """A place's name and aliases as they are looked up, the name first; with and without an article."""
    return tuple(dict.fromkeys(" ".join(keys) for keys in _paths(place)))


def _paths(place: Place) -> Iterator[tuple[str, ...]]:
    for name in (place.name.partition(" (")[0], *place.aliases):
        keys = name_keys(name)
        if not keys or len("".join(keys)) < (3 if place.is_curated or not keys[0].isascii() else 4):
            continue
        yield keys
        if len(keys) > 1 and keys[0] in ARTICLES and len("".join(keys[1:])) >= 4:
            yield keys[1:]


def name_keys(name: str) -> tuple[str, ...]:
    """A name as the folded and stemmed words it is looked up by."""
    return tuple(stem(key) for word in _SPLIT.split(name) if (key := fold(word.strip("'’‘ʼ`´\"“”«»"))))


_SKELETON_STEPS = (
    (re.compile(r"^(?:a[lnrstdz]|ash|el|e[nrstdz]) ?(?=[a-z]{4})"), ""),
    (re.compile(r"(?<=[a-z])(?:ah|eh|a|e)$"), "a"),
    (re.compile(r"kh|q|c(?!h)"), "k"),
    (re.compile(r"gh"), "g"),
    (re.compile(r"dh|z"), "d"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"[sc]h|ç"), "s"),
    (re.compile(r"th"), "t"),
    (re.compile(r"w(?=[^aeiou]|$)|[ouw]+"), "u"),
    (re.compile(r"[aeiy]+"), "a"),
    (re.compile(r"[^a-z]"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


_ROMAN = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэіїє", "abvgdeziiklmnoprstufhyeiie", strict=True)),
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sh",
        "ю": "iu",
        "я": "ia",
        "ь": "",
        "ъ": "",
    }
)


@lru_cache(maxsize=65536)
def skeleton(name: str) -> str:
    """What romanisations of one name share: consonants that vary made one, vowels told apart only as a and u.

    Nayrab, Neirab and Nairab have one. Cyrillic letters are romanised first; other scripts give none.
    """
    bones = fold(name).translate(_ROMAN)
    if not bones.isascii() or not is_cased(bones):
        return ""
    for pattern, to in _SKELETON_STEPS:
        bones = pattern.sub(to, bones)
    return bones


@lru_cache(maxsize=1)
def own_gazetteer() -> Gazetteer:
    """The places that come with the program."""
    return build_gazetteer(own_place_tables())


def own_place_tables() -> list[bytes]:
    """The tables of the program, the hand-written one first."""
    folder = files("verify.claims") / "data"
    return [(folder / name).read_bytes() for name in ("places.csv", "gazetteer.csv")]
