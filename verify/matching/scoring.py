"""How sure a run is: a fitted score, and the false-match probability it means.

In goes one aligned run's evidence, out come a score of 0..1 and a probability. Weights and constant are
what `python -m bench.calibrate` fitted on generated queries whose truth is known and printed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from verify.matching.hash_tier import CANDIDATE_BITS
from verify.matching.mapping import LEAST_INLIERS
from verify.matching.verification import Evidence

#: In the order of `features`.
FEATURES = (
    "share of blocks that agree",
    "their mean correlation",
    "agreeing blocks (log)",
    "frame pairs (log)",
    "motion agrees",
    "motion is absent",
    "corners that fit the map (log)",
    "hash nearness",
    "part of the reference shown (log)",
    "part of the query that shows it (log)",
)
WEIGHTS = (3.565, 3.778, 1.301, -0.063, 1.601, 1.401, 1.122, 2.992, 1.602, 1.713)
CONSTANT = -10.403

#: Log-odds of the same moment against another of the same scene, where the reference shows others and where
#: it does not. Fitted on 114 pieces of 2 to 10 s of two talking heads, one man in a studio and eight views,
#: most of them mirrored, cropped, toned or covered, each against its own source and against other takes, and
#: on the copies of seeds 22 and 24; the former once runs were laid where they change alike (stances.py). That
#: footage is in no corpus of the project (`bench/README.md`).
MOMENT_FEATURES = (
    "stance agrees",
    "motion agrees, or stance where nothing moves",
    "Hamming distance (64 bits)",
    "frame pairs (log of tens)",
    "frames nearest to their partner",
)
MOMENT_WEIGHTS, MOMENT_CONSTANT = (9.29, 6.02, -2.16, 1.19, 1.67), -10.0
LONE_WEIGHTS, LONE_CONSTANT = (6.27, 2.73, -2.56, 0.65, 0.0), -3.83
MOVING_FRAMES = 3  #: frame pairs in which something moves, before their motion says anything

#: Of two sets that the weights had not seen (seeds 21 and 23, full, 5,000 foreign keyframes): of 7.3 million
#: pairs of query and keyframe 4 were told with log-odds above -2, exceeding it by 0.98 on average, without
#: other takes of the query's scene. Four are few.
FALSE_RUNS_FROM = -2.0
FALSE_RUNS_A_KEYFRAME = 4 / 7_300_000
FALSE_RUNS_DECAY = 1.0
CONFIDENCE = (
    (0.001, "very high"),
    (0.01, "high"),
    (0.1, "moderate"),
    (1.0, "low"),
)


def features(evidence: Evidence) -> NDArray[np.float64]:
    """What the score is made of, in the order of FEATURES."""
    agreeing = float((evidence.share * evidence.textured).mean())
    inliers, distance = suggestion(evidence)
    return np.array(
        [
            evidence.share.mean(),
            evidence.correlation.mean(),
            math.log1p(agreeing),
            math.log(len(evidence.share)),
            0.0 if evidence.motion is None else evidence.motion,
            float(evidence.motion is None),
            math.log1p(inliers),
            0.0 if distance is None else 1 - distance / 128,
            math.log(max(evidence.common.reference_share, 0.01)),
            math.log(max(_share_of_picture(evidence), 0.01)),
        ]
    )


def _share_of_picture(evidence: Evidence) -> float:
    """How much of the query's picture shows the reference; bars are no part of the picture."""
    left, top, right, bottom = evidence.hypothesis.query_box
    return min(1.0, evidence.common.query_share / ((right - left) * (bottom - top)))


def suggestion(evidence: Evidence) -> tuple[int, int | None]:
    """How well the frames that suggested the map fit it: inliers and hash distance.

    It speaks for a run that holds such a frame; any other run has what the weakest suggestion has.
    """
    hypothesis = evidence.hypothesis
    if np.isin([ours for ours, _ in hypothesis.anchors], evidence.query_frames).any():
        return hypothesis.inliers, hypothesis.distance
    return (
        min(hypothesis.inliers, LEAST_INLIERS),
        None if hypothesis.distance is None else max(hypothesis.distance, CANDIDATE_BITS),
    )


def log_odds(evidence: Evidence) -> float:
    return float(features(evidence) @ np.array(WEIGHTS)) + CONSTANT


def moment_odds(evidence: Evidence) -> float | None:
    """Log-odds that a run is of the same moment, not of another one of the scene; None for stills."""
    moment = evidence.moment
    if moment is None:
        return None
    known = evidence.motion is not None and evidence.moving_frames >= MOVING_FRAMES
    values = (
        moment.stance,
        evidence.motion if known and evidence.motion is not None else moment.stance,
        float(np.median(evidence.distances)) / 64,
        math.log(len(evidence.share) / 10),
        moment.nearest,
    )
    if moment.others:
        return float(np.dot(values, MOMENT_WEIGHTS)) + MOMENT_CONSTANT
    return float(np.dot(values, LONE_WEIGHTS)) + LONE_CONSTANT


def chance_in_set(odds: float, keyframes: int) -> float:
    """How likely unrelated footage gives log-odds this high somewhere in a set of `keyframes`: 0..1.

    The tail of the log-odds of unrelated pairs in the calibration, which falls exponentially, times the
    number of keyframes. It says nothing of footage that really shares a scene or an overlay.
    """
    rate = FALSE_RUNS_A_KEYFRAME * math.exp(-FALSE_RUNS_DECAY * (odds - FALSE_RUNS_FROM))
    return min(1.0, -math.expm1(-rate * keyframes))


def false_match_probability(odds: float, keyframes: int) -> float:
    """0..1: the chance in the set, but no less than the share of such runs that were no copies when fitted.

    In a small set hardly anything is found by chance; what is found weakly there is still weak.
    """
    return max(chance_in_set(odds, keyframes), 1 - score(odds))


def in_words(probability: float) -> str:
    """The confidence that a false-match probability stands for."""
    return next(words for limit, words in CONFIDENCE if probability <= limit)


def score(odds: float) -> float:
    """Log-odds as 0..1, higher is more certain."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
