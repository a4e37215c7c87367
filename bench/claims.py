"""How well claims are read: precision and recall on the labelled posts, and milliseconds a post.

`python -m bench.claims [--half tuning|test|all] [--errors] [--speed]` prints counts per kind of mention.
The halves are fixed by a hash of each post's bare text; look at errors in the tuning half only.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from verify.claims import Place, own_gazetteer, own_lexicon, own_reader, read_claim, resolve_equipment
from verify.claims.intervals import of_code, of_date
from verify.claims.sphere import distance_km
from verify.model import Claim, ClaimedTime, EquipmentMention, PlaceMention

POSTS = Path(__file__).parent.parent / "tests" / "claims" / "posts.txt"
KINDS = {"e": "equipment", "p": "places", "t": "times"}
POLARITIES = {"": "asserted", "!": "negated", "?": "questioned", '"': "quoted"}
ZONES = {
    "syria": "Asia/Damascus",
    "ukraine": "Europe/Kyiv",
    "gaza": "Asia/Jerusalem",
    "sudan": "Africa/Khartoum",
    "karabakh": "Asia/Baku",
    "yemen": "Asia/Aden",
}
SAME_PLACE_KM = 20.0  # two gazetteers put one town this far apart
UNIT = {"m": 60, "h": 3600, "d": 86400, "y": 31556952}

_MARK = re.compile(r'\[\[([epto])([!?"]?)(?::([^|\]]*))?\|([^\]]*)\]\]')
_HEAD = re.compile(r"^@ (\w+) (\w+) (\S+)\n", re.MULTILINE)

Mention = EquipmentMention | PlaceMention | ClaimedTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    kind: str  #: "equipment", "places", "times", or "optional"
    meaning: str
    polarity: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPost:
    conflict: str
    language: str
    posted_at: datetime
    text: str
    labels: tuple[Label, ...]

    @property
    def half(self) -> str:
        return "test" if hashlib.sha256(self.text.encode()).digest()[0] % 2 else "tuning"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(ZONES.get(self.conflict, "UTC"))


@dataclass(slots=True)
class Count:
    """Hits, misses and false readings of one kind of mention."""

    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    polarity_right: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + len(self.wrong))

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + len(self.missed))


def read_posts(path: Path = POSTS) -> Iterator[LabelledPost]:
    """The labelled posts of a file (format: tests/claims/README.md)."""
    parts = _HEAD.split(path.read_text(encoding="utf-8"))[1:]
    for conflict, language, instant, marked in zip(*(iter(parts),) * 4, strict=True):
        text, labels = _unmark(marked.strip())
        posted_at = datetime.fromisoformat(instant).astimezone(UTC)
        yield LabelledPost(
            conflict=conflict, language=language, posted_at=posted_at, text=text, labels=labels
        )


def _unmark(marked: str) -> tuple[str, tuple[Label, ...]]:
    text, labels, done = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[done : match.start()]
        kind, polarity, meaning, words = match.groups()
        labels.append(
            Label(
                kind=KINDS.get(kind, "optional"),
                meaning=meaning or "",
                polarity=POLARITIES[polarity],
                start=len(text),
                end=len(text) + len(words),
            )
        )
        text += words
        done = match.end()
    return text + marked[done:], tuple(labels)


def count_all(posts: Sequence[LabelledPost]) -> dict[str, Count]:
    counts = {kind: Count() for kind in KINDS.values()}
    for post in posts:
        claim = read_claim(post.text, posted_at=post.posted_at)
        for kind, count in counts.items():
            _count_post(post, kind, _mentions(claim, kind), count)
    return counts


def _mentions(claim: Claim, kind: str) -> Sequence[Mention]:
    by_kind: dict[str, Sequence[Mention]] = {
        "equipment": claim.equipment,
        "places": claim.places,
        "times": claim.times,
    }
    return by_kind[kind]


def _count_post(post: LabelledPost, kind: str, mentions: Sequence[Mention], count: Count) -> None:
    labels = [label for label in post.labels if label.kind == kind]
    optional = [label for label in post.labels if label.kind == "optional"]
    met: set[Label] = set()
    for mention in mentions:
        label = next(
            (item for item in labels if _overlap(item, mention) and _means(item, mention, post)), None
        )
        if label is not None:
            count.polarity_right += label not in met and label.polarity == mention.polarity.value
            met.add(label)
        elif not any(_overlap(item, mention) for item in optional) and not _is_other_reading(
            mention, labels, mentions
        ):
            count.wrong.append(f"{_called(mention)} | {post.text}")
    count.right += len(met)
    count.missed += [
        f"{label.meaning} ({post.text[label.start : label.end]}) | {post.text}"
        for label in labels
        if label not in met
    ]


def _is_other_reading(mention: Mention, labels: Sequence[Label], mentions: Sequence[Mention]) -> bool:
    """Two places of one name that nothing tells apart are both reported (issue 6): the second is no error."""
    if not isinstance(mention, PlaceMention) or not mention.alternatives:
        return False
    twins = sum((other.start, other.end) == (mention.start, mention.end) for other in mentions)
    return twins > 1 and any(_overlap(label, mention) for label in labels)


def _called(mention: Mention) -> str:
    name = f"{mention.earliest} .. {mention.latest}" if isinstance(mention, ClaimedTime) else mention.name
    return f"{name} ({mention.text}; {mention.rule})"


def _overlap(label: Label, mention: Mention) -> bool:
    return mention.start < label.end and label.start < mention.end


def _means(label: Label, mention: Mention, post: LabelledPost) -> bool:
    if isinstance(mention, EquipmentMention):
        return resolve_equipment(label.meaning, own_lexicon()).casefold() == mention.name.casefold()
    if isinstance(mention, PlaceMention):
        reach = max(SAME_PLACE_KM, mention.radius_km)
        return any(
            distance_km(place.latitude, place.longitude, mention.latitude, mention.longitude) <= reach
            for place in _places(label.meaning)
        )
    return _same_time(label.meaning, mention, post)


@lru_cache
def _places(meaning: str) -> list[Place]:
    exact = [place for place in own_gazetteer().places if place.name == meaning]
    return exact or own_gazetteer().named(meaning)


def _same_time(meaning: str, mention: ClaimedTime, post: LabelledPost) -> bool:
    """Both ends within a quarter of the labelled width, at least an hour or for days six."""
    start, end = _labelled_interval(meaning, post)
    least = timedelta(hours=1 if meaning.startswith("-") and meaning[-1] in "mh" else 6)
    slack = max((end - start) * 0.6 if meaning.startswith("-") else (end - start) / 4, least)
    return abs(mention.earliest - start) <= slack and abs(mention.latest - min(end, post.posted_at)) <= max(
        slack, end - post.posted_at
    )


def _labelled_interval(meaning: str, post: LabelledPost) -> tuple[datetime, datetime]:
    if meaning.startswith("-"):
        return post.posted_at - timedelta(seconds=int(meaning[1:-1]) * UNIT[meaning[-1]]), post.posted_at
    if meaning.startswith("part:"):
        part, shift = re.fullmatch(r"part:([a-z]+)(-?\d)", meaning).groups()  # type: ignore[union-attr]  # our own labels
        return of_code(f"part:{part}:{shift}", post.posted_at, post.zone)
    if meaning == "now" or meaning.startswith("day"):
        return of_code("now" if meaning == "now" else f"day:{meaning[3:]}", post.posted_at, post.zone)
    parts: list[int | None] = [int(part) for part in meaning.split("-")]
    year, month, day = [*parts, None, None][:3]
    interval = of_date(year, month, day, post.posted_at, post.zone)
    assert interval is not None
    return interval


def milliseconds(posts: Sequence[LabelledPost]) -> list[float]:
    """How long each post takes to read, once the reader is loaded."""
    own_reader()
    spent = []
    for post in posts:
        began = time.perf_counter()
        read_claim(post.text, posted_at=post.posted_at)
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tuning", "test", "all"), default="tuning")
    parser.add_argument("--errors", action="store_true", help="list them (the tuning half only)")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    posts = [post for post in read_posts() if options.half in {post.half, "all"}]
    counts = count_all(posts)
    print(f"{len(posts)} posts, {options.half}")
    for kind, count in counts.items():
        print(
            f"{kind:10} precision {count.precision:.3f} recall {count.recall:.3f} right {count.right} "
            f"wrong {len(count.wrong)} missed {len(count.missed)} polarity right {count.polarity_right}"
        )
        if options.errors and options.half == "tuning":
            print(
                *(f"  wrong  {line}" for line in count.wrong),
                *(f"  missed {line}" for line in count.missed),
                sep="\n",
            )
    if options.speed:
        spent = milliseconds(posts * 5)
        print(
            f"median {statistics.median(spent):.2f} ms a post, slowest {max(spent):.1f} ms", file=sys.stdout
        )


if __name__ == "__main__":
    main()
