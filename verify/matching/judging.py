"""What a run is: a copy, a possible match, or the same scene at another time.

In go aligned runs with their evidence, out come judged runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from verify.matching.hash_tier import CANDIDATE_BITS
from verify.matching.index import ReferenceIndex
from verify.matching.moments import LEAST_FRAMES, Close
from verify.matching.scoring import chance_in_set, false_match_probability, log_odds, moment_odds, score
from verify.matching.verification import LEAST_BLOCKS, Evidence
from verify.model import MatchKind

#: Most that chance may explain of a run, at the size of the set that was searched, and the least log-odds
#: (handbook `reports.md` 4.5: two thresholds). Between copy and possible a person has to look. Of unrelated
#: pairs few have more than -2 (`scoring.py`), none had more than -0.3. A floor of 3 would also leave out the
#: one unrelated pair seen above 2.5 (two clips in one post's frame, 2.97) and a photo that a video shows for
#: two seconds (2.94): odds alone do not tell those two apart.
COPY_CHANCE, COPY_ODDS = 0.001, 2.5
POSSIBLE_CHANCE, POSSIBLE_ODDS = 0.05, -2.0
SAME_SCENE_MOTION = 0.3  #: correlation of motion below which two takes only share the scene
#: Correlation of motion that bears out a rectangle's hash where the aligned pictures are farther apart than
#: CANDIDATE_BITS. Of 57 runs of unrelated footage that such hashes led to, 2 had either, of 458 runs of the
#: right reference 330 (seed 24 and two sets of footage of no corpus, 5,000 foreign keyframes). And that
#: bears out a few frames that are less sure than a copy and farther apart than SAME_PICTURE_BITS: no right
#: reference of those sets was told by such a run alone.
BEARING_MOTION = 0.4
#: Median Hamming distance of the aligned common part, bits of 256. Of 309 unrelated pairs with corners in
#: common all but 8 were 92 or more apart, of 339 true pairs 95 % were at 62 or less (handbook
#: `algorithms.md` 6.1); unrelated stills under one overlay had 100 and 112.
SAME_PICTURE_BITS = 88
#: Tiers that guess, and the median Hamming distance, bits, up to which the aligned pictures bear that out.
#: Of 1,239 runs of unrelated footage that slopes led to (`crops.py`) none had less than 94.
GUESSING_TIERS = {"inset": CANDIDATE_BITS, "crop": SAME_PICTURE_BITS}
#: The least log-odds of what slopes led to, a clip across a frame of the other shape, say, if BEARING_MOTION
#: bears it out over so many moving frame pairs, as a large sign leaves little of the picture to agree. Of 721
#: runs of unrelated clips none had a motion above 0.24; of 74 right references 60 had as much (set 22, among
#: 5,000 foreign keyframes).
COVERED_ODDS, COVERED_FRAMES = 0.0, 8
SAME_SCENE_FRAMES = 3  #: moving frame pairs it takes to say so
#: Log-odds of the same moment (`scoring.moment_odds`) that a copy has where the reference shows others, and
#: below which it is another; between them nobody can tell. Of 64 pieces 4 had a run as sure with another
#: take of their scene, of 90 with their own source 71, of 69 copies of seeds 22 and 24 66; one and none were
#: below, of 431 runs of other takes 246.
SAME_MOMENT, OTHER_MOMENT = 1.5, -4.0
#: The least where the reference shows no other moment, and the query's shot moves or something changes on
#: either side: of 64 runs of other takes that move 3 had more, of 400 copies of those seeds 5 had less.
LONE_MOMENT = -2.0
#: Agreement of a closer look (`closer.py`) from which both sides show the same moment, below which nobody can
#: tell where the reference shows others, and below which they show another; what changes does so by
#: CLEAR_LEVEL grey levels at least, PLAIN_LEVEL to tell another. Of 107 runs of the right moment of 13 clips
#: 89 were told so, of 69 of other moments 2: a record that turns, and a head that sweeps by once. Of those
#: with PLAIN_LEVEL 33 of 46 others were told as such, and one of 74 right ones (before other seconds were
#: looked for).
SAME_INSTANTS, ALIKE_INSTANTS, OTHER_INSTANTS = 0.9, 0.85, 0.6
CLEAR_LEVEL, PLAIN_LEVEL = 1.0, 3.0
#: Agreement that one great change may make up alone, and the median of the changes' correlations from which
#: they agree one by one. Of 113 copies in compilations two had less of both, and the one run of another take
#: that agreed.
SURE_INSTANTS, STEADY_INSTANTS = 0.95, 0.78
#: Share of the blocks that a closer look at a run which is less sure than a copy must see change alike,
#: because an overlay that moves does so too; a guess.
WIDE_SPREAD = 0.5
CERTAIN_MOMENT = 4.0  #: log-odds of the moment that need no closer look
MOMENT_IN_DOUBT = "the same view, yet nothing in it tells whether it is the same moment"
#: Mean correlation of the blocks, 0..1, that are left without EDGE_ROWS block rows at any one side: where an
#: overlay is all that two pictures share, the rest differs. Of 336 copies surer than COPY_ODDS (seeds 7, 8
#: and 9, small) none had less than 0.5; of 139 runs surer than 2 of unrelated pictures under one overlay
#: none had more than 0.48, of 1,249 runs of unrelated clips under an overlay one had more, 0.51. Other takes
#: of a room had 0.46 and more; of those 1,249 runs the ones within SAME_PICTURE_BITS had at most 0.37.
EDGE_ROWS, LEAST_BESIDE_EDGE, LEAST_OF_A_SCENE = 2, 0.5, 0.4
#: Correlation of motion by which a weak run is told although only an edge of it agrees, or its moment is
#: another. Of 600 pairs of unrelated clips under one overlay six were told by runs that had less
#: (`bench.overlays`, seeds 3, 5 and 7), up to 0.52; of the right references of five sets (26, 27, 91 to 93)
#: that are told weakly, five clips, one needs it: 0.66.
ALIKE_MOTION = 0.6
OTHER_PICTURE_BITS = 92  #: median distance of a weak still beyond which such an edge is not worth telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run with what it was judged to be."""

    evidence: Evidence
    score: float
    false_match: float  #: probability, at the size of the set that was searched
    kind: MatchKind
    worth_telling: bool  #: False: chance explains it as well
    doubt: str  #: why it is only possible although its picture is as sure as a copy's; else empty


def judge(evidence: Evidence, index: ReferenceIndex) -> Judged:
    """The run with its score and what it is, at the size of the set that was searched."""
    odds = max(log_odds(evidence), _borne_out(evidence))
    chance = chance_in_set(odds, index.keyframe_count)
    kind = _kind(evidence, odds, chance)
    if kind is MatchKind.COPY:  # a closer look bears a weak one out
        odds = max(odds, COPY_ODDS)
        chance = chance_in_set(odds, index.keyframe_count)
    return Judged(
        evidence=evidence,
        score=score(odds),
        false_match=false_match_probability(odds, index.keyframe_count),
        kind=kind,
        worth_telling=odds >= POSSIBLE_ODDS
        and chance <= POSSIBLE_CHANCE
        and not _is_overlay(evidence, odds)
        and not _is_guess(evidence)
        and not _is_glimpse(evidence, odds),
        doubt=MOMENT_IN_DOUBT if kind is MatchKind.POSSIBLE and _is_sure(odds, chance) else "",
    )


def _borne_out(evidence: Evidence) -> float:
    """The least log-odds of a run by what moves in it."""
    moves = evidence.moving_frames >= COVERED_FRAMES and (evidence.motion or 0.0) >= BEARING_MOTION
    return COVERED_ODDS if evidence.hypothesis.tier == "crop" and moves else -math.inf


def _is_overlay(evidence: Evidence, odds: float) -> bool:
    """Nothing but an edge agrees, and that not well. A picture may be cropped; moving footage shows more."""
    if odds >= COPY_ODDS or not _only_an_edge_agrees(evidence):
        return False
    return evidence.footage_moves or float(np.median(evidence.distances)) > OTHER_PICTURE_BITS


def _is_guess(evidence: Evidence) -> bool:
    """What a rectangle's hash or a crop's look proposed, and neither the whole hash nor motion bears out.

    Smooth pictures, a sky or a plain wall, agree block by block with many others.
    """
    most = GUESSING_TIERS.get(evidence.hypothesis.tier)
    if most is None or float(np.median(evidence.distances)) <= most:
        return False
    return not motion_is_known(evidence) or evidence.motion is None or evidence.motion < BEARING_MOTION


def _is_glimpse(evidence: Evidence, odds: float) -> bool:
    """A few frames, weak, of footage that moves otherwise, or not in them, and looks different as a whole.

    Under an overlay corners and some blocks of a frame or two agree with many others. Longer runs have to
    agree all along.
    """
    if odds >= COPY_ODDS or not evidence.footage_moves or len(evidence.share) >= LEAST_FRAMES:
        return False
    borne_out = evidence.motion is not None and evidence.motion >= BEARING_MOTION
    return not borne_out and float(np.median(evidence.distances)) > SAME_PICTURE_BITS


def _kind(evidence: Evidence, odds: float, chance: float) -> MatchKind:
    if _only_an_edge_agrees(evidence):
        return MatchKind.SHARED_OVERLAY
    settled = _by_instants(evidence, sure=_is_sure(odds, chance))
    if settled is not None:
        return settled
    if not _is_sure(odds, chance):
        return MatchKind.SAME_SCENE if _is_scene(evidence) else MatchKind.POSSIBLE
    if _whole_picture_differs(evidence):
        return MatchKind.SHARED_OVERLAY
    if motion_disagrees(evidence):
        return MatchKind.SAME_SCENE
    return _by_moment(evidence)


def _is_sure(odds: float, chance: float) -> bool:
    """Sure of the picture, whatever the moment."""
    return odds >= COPY_ODDS and chance <= COPY_CHANCE


def in_doubt(judged: Judged) -> bool:
    """Whether a closer look may tell more: not of stills, the shortest runs, nor those played backwards."""
    evidence = judged.evidence
    if evidence.moment is None or evidence.speed < 0 or len(evidence.query_frames) < LEAST_FRAMES:
        return False
    if judged.kind is MatchKind.COPY:
        odds = moment_odds(evidence)
        likely = evidence.moment.others or evidence.speed != 1.0
        return odds is not None and odds < (CERTAIN_MOMENT if likely else SAME_MOMENT)
    return judged.kind is not MatchKind.SHARED_OVERLAY


def by_instants(evidence: Evidence, index: ReferenceIndex) -> MatchKind | None:
    """What a closer look settles; None where it settles nothing, or nobody took one."""
    odds = log_odds(evidence)
    return _by_instants(evidence, sure=_is_sure(odds, chance_in_set(odds, index.keyframe_count)))


def _by_instants(evidence: Evidence, *, sure: bool) -> MatchKind | None:
    close = evidence.close
    if close is None or close.level < CLEAR_LEVEL:
        return None
    plain = close.level >= PLAIN_LEVEL
    wide = plain and close.spread >= WIDE_SPREAD
    enough = sure or (wide and log_odds(evidence) >= POSSIBLE_ODDS)
    if close.agreement >= (ALIKE_INSTANTS if wide else SAME_INSTANTS) and enough:
        return MatchKind.POSSIBLE if _is_one_event(evidence, close) else MatchKind.COPY
    if not (sure and close.everywhere and evidence.moment and evidence.moment.others):
        return None
    if close.agreement < OTHER_INSTANTS and plain:
        return MatchKind.SAME_SCENE
    return MatchKind.POSSIBLE if close.agreement < ALIKE_INSTANTS else None


def _is_one_event(evidence: Evidence, close: Close) -> bool:
    """Whether one great change, as a head that sweeps by, is all that agrees, where others are shown."""
    others = evidence.moment is not None and evidence.moment.others
    return others and close.agreement < SURE_INSTANTS and close.steady < STEADY_INSTANTS


def _by_moment(evidence: Evidence) -> MatchKind:
    """Sure of the picture, one has to ask for the moment. What stands still shows none, so never another."""
    odds = moment_odds(evidence)
    if odds is not None and evidence.moment is not None and evidence.moment.others:
        if odds < OTHER_MOMENT and evidence.shot_moves:
            return MatchKind.SAME_SCENE
        if odds < SAME_MOMENT:
            return MatchKind.POSSIBLE
    elif odds is not None and odds < LONE_MOMENT and _shows_a_moment(evidence):
        return MatchKind.POSSIBLE
    return MatchKind.POSSIBLE if _motion_is_missing(evidence) else MatchKind.COPY


def _shows_a_moment(evidence: Evidence) -> bool:
    """Whether to ask for it: something moves or changes, or the run is too short to say that nothing does."""
    too_short = len(evidence.share) < LEAST_FRAMES
    return evidence.shot_moves or too_short or (evidence.moment is not None and evidence.moment.changes)


def _is_scene(evidence: Evidence) -> bool:
    return motion_disagrees(evidence) and not _whole_picture_differs(evidence)


def _whole_picture_differs(evidence: Evidence) -> bool:
    """The hash of the aligned common part differs: only some blocks agree, as under a shared overlay.

    Where the camera moves fast, frames a sixth of a second apart differ as well, but not all of them.
    """
    moves_alike = motion_is_known(evidence) and not motion_disagrees(evidence)
    return float(np.percentile(evidence.distances, 25 if moves_alike else 50)) > SAME_PICTURE_BITS


def _only_an_edge_agrees(evidence: Evidence) -> bool:
    """One side's band of blocks agrees; the rest of the picture does not, nor what moves in it."""
    if motion_is_known(evidence) and not motion_disagrees(evidence):
        return False
    return _beside_edge(evidence) < (LEAST_OF_A_SCENE if _is_scene(evidence) else LEAST_BESIDE_EDGE)


def _beside_edge(evidence: Evidence) -> float:
    """The least that is left of the blocks' mean correlation without any one side; 1 where little is left."""
    blocks = np.clip(evidence.blocks, 0, 1)
    rests = (blocks[:-EDGE_ROWS], blocks[EDGE_ROWS:], blocks[:, :-EDGE_ROWS], blocks[:, EDGE_ROWS:])
    told = [rest[np.isfinite(rest)] for rest in rests]
    return min((float(rest.mean()) for rest in told if rest.size >= LEAST_BLOCKS), default=1.0)


def motion_is_known(evidence: Evidence) -> bool:
    return evidence.motion is not None and evidence.moving_frames >= SAME_SCENE_FRAMES


def motion_disagrees(evidence: Evidence) -> bool:
    return motion_is_known(evidence) and evidence.motion is not None and evidence.motion < SAME_SCENE_MOTION


def _motion_is_missing(evidence: Evidence) -> bool:
    """Both move, yet never in the frames that agree: an empty room looks like itself at any time."""
    moves = evidence.footage_moves and evidence.shot_moves
    return moves and not evidence.moving_frames and len(evidence.share) >= SAME_SCENE_FRAMES


def is_contradicted(one: Judged) -> bool:
    """Whether moving footage agrees at another moment, or at an edge alone, and no better elsewhere."""
    run = one.evidence
    if not run.footage_moves:
        return False
    if one.kind is MatchKind.SHARED_OVERLAY:
        return _is_of_another_moment(run)
    moves_alike = motion_is_known(run) and (run.motion or 0.0) >= ALIKE_MOTION
    if one.kind is not MatchKind.POSSIBLE or log_odds(run) >= COPY_ODDS or moves_alike:
        return False
    only_edge = _beside_edge(run) < LEAST_BESIDE_EDGE and _whole_picture_differs(run)
    return only_edge or _is_of_another_moment(run)


def _is_of_another_moment(run: Evidence) -> bool:
    odds = moment_odds(run)
    return bool(run.moment and run.moment.others and odds is not None and odds < OTHER_MOMENT)
