"""The two traps: unrelated footage under the same overlay, and one scene filmed at two times.

    python -m bench.overlays --root CORPUS [--pairs 240] [--still-pairs 60] [--seed 1] [--explain]

Burns the same lower third, caption bar, channel logo or post frame into two unrelated clips (another
family and another scene in CORPUS/MANIFEST.csv), indexes one and checks the other. Then checks every
clip of a same-scene group against the others of its group. Neither may be called a copy: the exit
code is 1 when one is. Prints the counts and the highest scores; `--explain` adds the features
of the surest runs.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.corpus import manifest
from bench.frames import frames_of
from bench.media import closer_of, fingerprints
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import ReferenceIndex, match
from verify.matching.cascade import evidence_of_every_tier
from verify.matching.scoring import FEATURES, features, log_odds
from verify.model import Frame, GreyImage, MatchKind

MOST_FRAMES = 24  # 8 s at 3 a second
FRAME_US = 333_333
DESIGNS = 6  # of each kind of overlay
WORST = 12  # pairs printed
WIDE = (512, 288)
CAPTIONS = (
    "BREAKING: explosion near the harbour tonight",
    "You will not believe what happened here",
    "LIVE  City centre, minutes ago",
    "They do not want you to see this video!!",
    "Eyewitness: 'the bridge just collapsed'",
    "Footage from the front line, share before it is gone",
)
NAMES = ("Daily Witness", "NEWS 24", "Kanal Eins", "world.clips", "Front Report", "RTV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of the corpus."""

    path: Path
    kind: str
    family: str
    scene: str

    def unrelated_to(self, other: Item) -> bool:
        return self.family != other.family and not (self.scene and self.scene == other.scene)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of one pair: the outcome of its surest segment."""

    query: str
    reference: str
    overlay: str
    outcome: MatchKind | None
    score: float
    told: str


Draw = Callable[[GreyImage, int], GreyImage]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    items = [
        Item(path=options.root / row["file"], kind=row["kind"], family=row["family"], scene=row["scene"])
        for row in manifest(options.root)
    ]
    copies = 0
    for kind, pairs in (("video", options.pairs), ("image", options.still_pairs)):
        chosen = _pairs([item for item in items if item.kind == kind], pairs, options.seed)
        copies += _told(f"{kind}s under the same overlay", _overlaid(chosen, options))
    copies += _told("same scene, other time", _scenes(items, options))
    return int(copies > 0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--pairs", type=int, default=240, help="of clips")
    parser.add_argument("--still-pairs", type=int, default=60, help="of pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--explain", action="store_true", help="print the features of every run")
    return parser.parse_args(arguments)


_Design = tuple[str, int]  #: overlay, which of its looks
_Side = tuple[Path, str, int]  #: file, overlay, look


def _pairs(items: list[Item], count: int, seed: int) -> list[tuple[_Side, _Side]]:
    """`count` different ordered pairs of unrelated files, the overlays in turn."""
    chance = random.Random(seed)
    possible = [(one, other) for one, other in permutations(items, 2) if one.unrelated_to(other)]
    chosen = []
    for number, (one, other) in enumerate(chance.sample(possible, min(count, len(possible)))):
        overlay = list(OVERLAYS)[number % len(OVERLAYS)]
        design = chance.randrange(DESIGNS)
        chosen.append(((one.path, overlay, design), (other.path, overlay, design)))
    return chosen


def _overlaid(pairs: Sequence[tuple[_Side, _Side]], options: argparse.Namespace) -> Iterator[Checked]:
    wanted: dict[Path, set[_Design]] = {}
    for path, overlay, design in {side for pair in pairs for side in pair}:
        wanted.setdefault(path, set()).add((overlay, design))
    with ProcessPoolExecutor(options.jobs) as pool:
        made = {
            (path, *design): packed
            for path, rendered in zip(wanted, pool.map(_rendered, wanted.items()), strict=True)
            for design, packed in rendered.items()
        }
        named = ((made[one], made[other], one[0], other[0].name, one[1:]) for one, other in pairs)
        yield from pool.map(partial(_checked, explain=options.explain), named)


def _scenes(items: list[Item], options: argparse.Namespace) -> Iterator[Checked]:
    """Every ordered pair of clips that show one scene at two times."""
    clips = [item for item in items if item.kind == "video" and item.scene]
    made = {
        path: print_.to_bytes()
        for path, print_ in fingerprints(
            [item.path for item in clips], jobs=options.jobs, cache=options.cache
        )
    }
    named = [
        (made[one.path], made[other.path], one.path, other.path.name, (one.scene, None))
        for one, other in permutations(clips, 2)
        if one.scene == other.scene and one.family != other.family
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        yield from pool.map(partial(_checked, explain=options.explain), named)


def _rendered(asked: tuple[Path, set[_Design]]) -> dict[_Design, bytes]:
    """The packed fingerprints of a file, one for each overlay burnt in."""
    cv2.setNumThreads(1)
    path, designs = asked
    kind, frames = frames_of(path, most=MOST_FRAMES)
    return {
        (overlay, design): fingerprint(
            (
                Frame(time_us=frame.time_us, image=OVERLAYS[overlay](_fitted(frame.image), design))
                for frame in frames
            ),
            kind=kind,
            duration_us=frames[-1].time_us + FRAME_US,
        ).to_bytes()
        for overlay, design in sorted(designs)
    }


def _checked(named: tuple[bytes, bytes, Path, str, tuple[str, int | None]], *, explain: bool) -> Checked:
    cv2.setNumThreads(1)
    query, reference = Fingerprint.from_bytes(named[0]), Fingerprint.from_bytes(named[1])
    overlay, design = named[4]
    drawn = None if design is None else lambda image: OVERLAYS[overlay](_fitted(image), design)
    index = ReferenceIndex.build([("reference", reference)], lambda _: reference)
    segments = match(query, index, media_sha256="", look_closer=closer_of(named[2], drawn)).segments
    surest = max(segments, key=lambda segment: (segment.kind is MatchKind.COPY, segment.score), default=None)
    return Checked(
        query=named[2].name,
        reference=named[3],
        overlay=" ".join(str(part) for part in named[4] if part is not None),
        outcome=surest.kind if surest else None,
        score=surest.score if surest else 0.0,
        told=_explained(query, index)
        if explain and surest and surest.kind is not MatchKind.SAME_SCENE
        else "",
    )


def _explained(query: Fingerprint, index: ReferenceIndex) -> str:
    lines = []
    found = sorted(evidence_of_every_tier(query, index), key=log_odds, reverse=True)
    for evidence in found[:2]:
        values = ", ".join(
            f"{name} {value:.2f}" for name, value in zip(FEATURES, features(evidence), strict=True)
        )
        lines.append(
            f"      log-odds {log_odds(evidence):.2f} {evidence.hypothesis.tier}, frames"
            f" {len(evidence.query_frames)}, moving {evidence.moving_frames}, motion {evidence.motion},"
            f" textured {evidence.textured.mean():.1f}, distances {evidence.distances.min()}.."
            f"{evidence.distances.max()}, query moves {query.moving.mean():.2f}; {values}"
        )
    return "\n".join(lines)


def _told(title: str, found: Iterable[Checked]) -> int:
    """Print the counts and the highest scores; the number of copies."""
    checked = []
    for one in found:
        checked.append(one)
        if one.outcome is MatchKind.COPY:
            print(
                f"  called a copy: {one.query} in {one.reference}, {one.overlay}, {one.score:.3f}", flush=True
            )
    counts = Counter(str(one.outcome or "no match") for one in checked)
    print(f"{title}: {len(checked)} pairs; " + ", ".join(f"{n} {name}" for name, n in counts.most_common()))
    for one in sorted(checked, key=lambda one: -one.score)[:WORST]:
        if one.outcome:
            print(f"  {one.score:.3f} {one.outcome}: {one.query} in {one.reference}, {one.overlay}")
            print(one.told, end="\n" if one.told else "")
    sys.stdout.flush()
    return counts[MatchKind.COPY]


def _fitted(picture: GreyImage) -> GreyImage:
    """The middle of the picture, filling WIDE."""
    scale = max(WIDE[0] / picture.shape[1], WIDE[1] / picture.shape[0])
    size = (max(WIDE[0], round(picture.shape[1] * scale)), max(WIDE[1], round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (size[1] - WIDE[1]) // 2, (size[0] - WIDE[0]) // 2
    return large[top : top + WIDE[1], left : left + WIDE[0]].astype(np.uint8, copy=False)


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font


def lower_third(picture: GreyImage, design: int) -> GreyImage:
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    ground, ink = ((235, 15), (25, 240), (120, 255))[design % 3]
    draw.rectangle((0, 224, 511, 270), fill=ground)
    draw.rectangle((0, 224, 110, 270), fill=ink)
    draw.text((10, 238), NAMES[design], font=_font(15), fill=ground)
    draw.text((122, 227), CAPTIONS[design][:34], font=_font(18), fill=ink)
    draw.text((122, 250), "Correspondent on the spot  |  21:45", font=_font(13), fill=ink)
    return np.asarray(canvas)


def caption_bar(picture: GreyImage, design: int) -> GreyImage:
    canvas = Image.new("L", (512, 288 + 84), 255 if design % 2 else 0)
    canvas.paste(Image.fromarray(picture), (0, 84))
    draw = ImageDraw.Draw(canvas)
    ink = 0 if design % 2 else 255
    words = CAPTIONS[design].split()
    half = len(words) // 2
    for line, y in ((words[:half], 8), (words[half:], 44)):
        draw.text((256, y), " ".join(line), font=_font(29), fill=ink, anchor="ma")
    return np.asarray(canvas)


def channel_logo(picture: GreyImage, design: int) -> GreyImage:
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    left, top = ((14, 12), (400, 12), (400, 230))[design % 3]
    draw.rounded_rectangle((left, top, left + 96, top + 44), radius=10, fill=240, outline=30, width=3)
    draw.ellipse((left + 6, top + 8, left + 34, top + 36), fill=60)
    draw.text((left + 40, top + 6), NAMES[design].split()[0][:6], font=_font(15), fill=20)
    draw.text((left + 40, top + 24), "LIVE HD", font=_font(11), fill=20)
    return np.asarray(canvas)


def post_frame(picture: GreyImage, design: int) -> GreyImage:
    """A post as an app shows it: name, text, the footage, counts and buttons."""
    ground, ink = (255, 20) if design % 2 else (22, 235)
    canvas = Image.new("L", (288, 512), ground)
    draw = ImageDraw.Draw(canvas)
    draw.text((10, 4), "21:45", font=_font(12), fill=ink)
    draw.ellipse((10, 28, 52, 70), fill=120)
    draw.text((60, 30), NAMES[design], font=_font(16), fill=ink)
    draw.text((60, 50), f"@{NAMES[design].lower().replace(' ', '_')} 3h", font=_font(13), fill=130)
    words = CAPTIONS[design].split()
    for number in range(0, len(words), 4):
        draw.text((10, 82 + 6 * number), " ".join(words[number : number + 4]), font=_font(17), fill=ink)
    canvas.paste(Image.fromarray(picture).resize((288, 162)), (0, 160))
    draw.line((0, 340, 287, 340), fill=130)
    draw.text((10, 348), "1,204 reposts   98 quotes   5,611 likes", font=_font(13), fill=ink)
    for number in range(5):
        draw.rounded_rectangle((14 + 56 * number, 376, 38 + 56 * number, 396), radius=6, outline=ink, width=2)
    draw.text((10, 420), "Reply to this post", font=_font(16), fill=130)
    draw.text((10, 452), "witness_2: where is this?", font=_font(14), fill=ink)
    draw.text((10, 476), "harbour_guy: I was there", font=_font(14), fill=ink)
    return np.asarray(canvas)


OVERLAYS: dict[str, Draw] = {
    "lower third": lower_third,
    "caption bar": caption_bar,
    "channel logo": channel_logo,
    "post frame": post_frame,
}


if __name__ == "__main__":
    sys.exit(main())
