"""The inset tier: hashes of the rectangles in what no frame's hash explains, borne out by corners.

In go some keyframes of every open shot, out come hypotheses. What is in a rectangle (insets.py) is a small
picture, perhaps cut a little wrong, so its hash is compared less strictly than a frame's; the few references
it leads to are laid over it, and its corners, enlarged and without the outnumbering rest of the frame, say
where exactly the picture lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from verify.fingerprint import Fingerprint, perceptual
from verify.fingerprint.bars import cut
from verify.fingerprint.local import VERIFYING_FEATURES, extract
from verify.fingerprint.quality import USABLE_QUALITY
from verify.fingerprint.record import WHOLE
from verify.matching.geometry import box_to_unit, corners, overlap, transform, undo
from verify.matching.hash_tier import Look, in_all_orientations, nearest
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.insets import insets
from verify.matching.mapping import verified_map
from verify.matching.shots import Boxes, box_of
from verify.matching.verification import agrees_where_proposed
from verify.model import Orientation

#: Bits of 256, for the few pictures that are hashed in rectangles; a frame's hash has to be nearer.
WIDE_BITS = 96
#: Correlation of the pictures that such a hash lays over one another. Of 279 hypotheses that led to a run of
#: the right reference none had less, of 6,368 others 316 had as much (seed 24 and one set of footage of no
#: corpus, 5,000 foreign keyframes).
LEAST_IN_INSET = 0.4
MOST_IN_INSETS = 6  #: of 94 queries whose reference was found so, 92 had it among them
#: Of the reference's side, by which the corners' map may move the rectangle's. Of 22 hypotheses of the right
#: reference 13 moved by less than 0.01 and one by 0.025; the other 8, most of them of moments when a moving
#: camera looked elsewhere, by 0.037 to 0.2, and a map that makes up for that finds the wrong seconds.
MOST_SHIFT = 0.03


def propose(
    query: Fingerprint, index: ReferenceIndex, shots: Iterable[Sequence[int]], boxes: Boxes
) -> list[Hypothesis]:
    """Hypotheses from keyframes of some shots (positions in `query.keyframes`), hashed in rectangles."""
    looks: list[Look] = []
    codes: list[perceptual.Codes] = []
    for keyframes in shots:
        frames = query.keyframes[list(keyframes)].astype(np.intp)
        pictures = [query.picture(keyframe) for keyframe in keyframes]
        for box in dict.fromkeys((WHOLE, box_of(boxes, int(frames[0])), *insets(pictures))):
            small = np.stack([perceptual.small(cut(picture, box)) for picture in pictures])
            usable = perceptual.quality(small) >= USABLE_QUALITY
            if usable.any():
                looks.append((box, frames[usable]))
                codes.append(in_all_orientations(small[usable]).reshape(-1, 32))
    found = nearest(index, looks, codes, WIDE_BITS, boxes) if codes else []
    return [
        _with_corners(replace(hypothesis, tier="inset"), query, index)
        for hypothesis in found[:MOST_IN_INSETS]
        if agrees_where_proposed(hypothesis, query, index.load(hypothesis.reference), LEAST_IN_INSET)
    ]


def _with_corners(hypothesis: Hypothesis, query: Fingerprint, index: ReferenceIndex) -> Hypothesis:
    """The same with the map that the corners inside the rectangle agree on, if they bear out the hash's."""
    reference = index.load(hypothesis.reference)
    common = overlap(hypothesis.matrix, hypothesis.query_box, reference.content_box)
    if common is None:
        return hypothesis
    ours, theirs = hypothesis.anchors[0]
    picture = cut(query.picture(int(np.searchsorted(query.keyframes, ours))), common.query_box)
    mirrored = bool(np.linalg.det(hypothesis.matrix[:2, :2]) < 0)
    features = extract(picture[:, ::-1].copy() if mirrored else picture, count=VERIFYING_FEATURES)
    keyframe = max(0, int(np.searchsorted(reference.keyframes, theirs, side="right")) - 1)
    size = (float(picture.shape[1]), float(picture.shape[0]))
    stored = index.features(hypothesis.reference, keyframe)
    verified = verified_map(features, size, stored, (reference.width, reference.height))
    if verified is None:
        return hypothesis
    turned = undo(Orientation.MIRRORED) if mirrored else np.eye(3)
    matrix = verified[0] @ turned @ box_to_unit(common.query_box)
    frame = corners(common.query_box)
    borne_out = np.abs(transform(matrix, frame) - transform(hypothesis.matrix, frame)).max() <= MOST_SHIFT
    return replace(hypothesis, matrix=matrix, inliers=verified[1]) if borne_out else hypothesis
