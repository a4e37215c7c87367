"""The screen: settle a video from its self-contained pictures (I-frames), a tenth of the decoding.

In goes the fingerprint of a video's I-frames only and the index, out comes a `MatchResult` when they
settle the case, else None and the video is decoded properly. Settled means: every I-frame is the same
picture as the reference's at one and the same offset, what moves between them moves alike, and they lie
close together. Encoders put an I-frame at a cut, so a spliced-in piece breaks the rule; the result
says that what lies between was not looked at. Most videos are not settled so: a `Prospect` ends the
reading of I-frames at the first that rules it out. References are never indexed by I-frames (handbook
`algorithms.md` 2.3).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.fingerprint import Fingerprint, perceptual
from verify.fingerprint.bars import BarProfile, cut
from verify.fingerprint.build import shrunk
from verify.fingerprint.quality import USABLE_QUALITY, lit
from verify.fingerprint.record import WHOLE
from verify.matching import hash_tier
from verify.matching.cascade import result
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.judging import Judged, judge
from verify.matching.truer import under_truer_maps
from verify.matching.verification import Evidence, examine
from verify.model import Frame, GreyImage, MatchKind, MatchResult

LEAST_PICTURES = 3
FARTHEST_US = 5_000_000  #: between I-frames, and from the last one to the end
SAME_BITS = 31  #: of 256, each aligned pair: PDQ's strict threshold; unrelated pairs start above 70
#: As the picture is found, not yet laid over the reference's: of the I-frames of 35 clips that were
#: settled the farthest was at 38.
PROMISING_BITS = 48
SAME_MOTION = 0.5  #: correlation of what changed between I-frames; the highest other take of a scene had 0.48
SAME_MOMENT = 0.5  #: share of the I-frames whose best partner in their view is their own; a guess
MOST_HYPOTHESES = 3


def screen(query: Fingerprint, index: ReferenceIndex, *, media_sha256: str) -> MatchResult | None:
    """What the I-frames settle, or None."""
    if not _dense_enough(query):
        return None
    every = np.arange(len(query.times_us))
    boxes = np.tile(np.array(query.content_box), (every.size, 1))
    for hypothesis in hash_tier.propose(query, index, every, boxes)[:MOST_HYPOTHESES]:
        settled = _settled(replace(hypothesis, tier="screen"), query, index)
        if settled is not None:
            told = under_truer_maps([settled], query, index)
            found = result(told, query, index, media_sha256=media_sha256)
            return replace(found, notes=(*found.notes, _note(query)))
    return None


class Prospect:
    """Whether to go on with the I-frames of a video, given one after the other, as they may still settle it.

    Not after one without enough picture, one that no reference is near to, or too long a gap. Bars are each
    picture's own here: a scene that is dark along an edge may end it too early, which costs time alone.
    """

    def __init__(self, index: ReferenceIndex) -> None:
        self._index = index
        self._last_us = 0

    def __call__(self, frame: Frame) -> bool:
        gap_us, self._last_us = frame.time_us - self._last_us, frame.time_us
        if gap_us > FARTHEST_US:
            return False
        pictures = _with_and_without_bars(frame)
        if perceptual.quality(pictures).max() < USABLE_QUALITY:
            return False
        codes = hash_tier.in_all_orientations(pictures).reshape(-1, 32)
        return bool(self._index.near_codes(codes, PROMISING_BITS).distance.size)


def _with_and_without_bars(frame: Frame) -> GreyImage:
    picture = shrunk(lit(frame.image))
    bars = BarProfile()
    bars.add(picture)
    boxes = {WHOLE, bars.content_box()}
    return np.stack([perceptual.small(cut(picture, box)) for box in sorted(boxes)])


def _dense_enough(query: Fingerprint) -> bool:
    gaps = np.diff(np.concatenate([[0], query.times_us, [query.duration_us]]))
    return bool(
        len(query.times_us) >= LEAST_PICTURES
        and gaps.max() <= FARTHEST_US
        and (query.quality >= USABLE_QUALITY).all()
    )


def _settled(hypothesis: Hypothesis, query: Fingerprint, index: ReferenceIndex) -> Judged | None:
    reference = index.load(hypothesis.reference)
    every = len(query.times_us)
    for wide in examine(hypothesis, query, reference):
        if len(wide.query_frames) < every or (np.diff(wide.reference_frames) <= 0).any():
            continue
        if wide.moment and wide.moment.others and wide.moment.nearest < SAME_MOMENT:
            continue
        # Once more with the partners alone, so that neighbours in time are partners too.
        for narrow in examine(hypothesis, query, reference, reference_frames=wide.reference_frames):
            judged = judge(replace(narrow, speed=wide.speed, offset_us=wide.offset_us), index)
            if len(narrow.query_frames) == every and judged.kind is MatchKind.COPY and _is_same(narrow):
                return judged
    return None


def _is_same(evidence: Evidence) -> bool:
    moves_alike = evidence.motion is not None and evidence.motion >= SAME_MOTION
    return moves_alike and bool((evidence.distances <= SAME_BITS).all())


def _note(query: Fingerprint) -> str:
    gap = np.diff(np.append(query.times_us, query.duration_us)).max() / 1_000_000
    return (
        f"Settled from {len(query.times_us)} self-contained pictures of the video, at most {gap:.1f} s apart;"
        " what lies between them was not looked at."
    )
