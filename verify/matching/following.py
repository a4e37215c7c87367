"""Following: copies whose picture moves over the footage, as a window that pans or zooms does.

No one map holds for such a clip: tiers find pieces of a second, each under its own. In goes what is judged so
far, out come runs whose map changes from frame to frame: a piece is followed both ways, each frame laid where
the two before lead and moved to where its picture fits (`finer.py`), as long as it does; `moving` then
gathers the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching.finer import correction_of
from verify.matching.geometry import Matrix, Points, corners, transform
from verify.matching.hypothesis import Hypothesis, Path
from verify.matching.index import ReferenceIndex
from verify.matching.judging import MOMENT_IN_DOUBT, Judged, judge
from verify.matching.lines import Line
from verify.matching.moving import moving_runs
from verify.matching.patches import compare
from verify.matching.selection import SAME_OVERLAP
from verify.matching.shots import Frames
from verify.matching.verification import Evidence, laid_over
from verify.model import MatchKind

MOST_FOLLOWED = 4  #: starts of a query
LEAST_INLIERS = 25  #: corners, of a start that nothing else bears out
LEAST_MORE = 3  #: frames that a run must add to what is known: one second
LEAST_FOLLOWED = 6  #: frames, two seconds
PATIENCE = 9  #: frames, three seconds, in which something has to move
#: Frames each way, 20 s: of each 2 kB are kept for every frame that the reference shows about all of them.
FARTHEST = 60
MOST_MISSED = 2  #: frames in a row that do not fit, before a start is followed no further
SAME_LINE_US = 1_000_000  #: by which copies of one reference may differ in where the query's start lies in it
#: Mean correlation of the blocks of a frame under its map; a guess, between where a pair speaks for a run
#: (`align.BREAK_EVEN`) and what copies have.
LEAST_ALIKE = 0.55
LEAST_MOVED = 0.04  #: of a side of the reference, by a corner of the picture over all frames
#: Correlation of motion that bears a copy out, as nobody asks if the other moments of a scene look alike. Of
#: 16 runs of the right seconds 15 have 0.59 or more, of two of others of the same scene none above 0.53.
MOVES_ALIKE = 0.55


def followed(
    judged: Sequence[Judged],
    suggested: Sequence[Hypothesis],
    query: Fingerprint,
    index: ReferenceIndex,
    *,
    left: Frames,
    usable: Frames,
) -> list[Judged]:
    """Moving runs over frames `left` that no copy explains, or that join copies told under other maps.

    Each is followed from one of `judged` or `suggested`; what those tell with more gain stays.
    """
    found: list[Judged] = []
    seen: list[tuple[int, Path]] = []
    covered = left[:0]
    for start in _starts(judged, suggested, left, query, index):
        number, wanted = start.hypothesis.reference, np.setdiff1d(start.wanted, covered)
        if len(seen) == MOST_FOLLOWED:
            break
        if wanted.size < LEAST_MORE or any(number == other and start.frame in path for other, path in seen):
            continue
        path, runs = _along(start, usable, query, index)
        seen.append((number, path or {start.frame: start.hypothesis.matrix}))
        adding = [run for run in runs if np.isin(wanted, run.evidence.query_frames).sum() >= LEAST_MORE]
        found += [one for one in adding if not any(_has_more(piece, one) for piece in judged)]
        copies = [one.evidence.query_frames for one in found if one.kind is MatchKind.COPY]
        covered = np.concatenate([covered, *copies])
    return found


def _along(
    start: _Start, usable: Frames, query: Fingerprint, index: ReferenceIndex
) -> tuple[Path, list[Judged]]:
    """The path from there along the line that leads farthest, and the moving runs on it."""
    reference = index.load(start.hypothesis.reference)
    trails = [_Trail(start.hypothesis, line, query, reference) for line in start.lines]
    paths = [trail.path(start.frame, usable, start.told) for trail in trails]
    path, trail = max(zip(paths, trails, strict=True), key=lambda pair: len(pair[0]))
    if len(path) < LEAST_FOLLOWED or not _moves(path):
        return path, []
    return path, _judged(moving_runs(start.hypothesis, path, trail.line, query, reference), index)


def _has_more(piece: Judged, one: Judged) -> bool:
    """Whether a piece tells the same frames of the same reference with more gain."""
    here, there = piece.evidence, one.evidence
    common = np.intersect1d(here.query_frames, there.query_frames).size
    same = here.hypothesis.reference == there.hypothesis.reference
    return same and bool(common >= SAME_OVERLAP * there.query_frames.size and here.gain >= there.gain)


def _judged(runs: Sequence[Evidence], index: ReferenceIndex) -> list[Judged]:
    judged = (judge(run, index) for run in runs)
    return [_borne_out(told) for told in judged if told.worth_telling]


def _borne_out(told: Judged) -> Judged:
    """Motion has to bear a copy out."""
    run = told.evidence
    moves_alike = run.motion is not None and run.motion >= MOVES_ALIKE
    if told.kind is MatchKind.COPY and run.footage_moves and not moves_alike:
        return replace(told, kind=MatchKind.POSSIBLE, doubt=MOMENT_IN_DOUBT)
    return told


def _moves(path: Path) -> bool:
    lie = np.stack([transform(matrix, corners(WHOLE)) for matrix in path.values()])
    return bool(np.ptp(lie, axis=0).max() >= LEAST_MOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where following starts, and what of the query it might explain."""

    hypothesis: Hypothesis
    frame: int
    lines: tuple[Line, ...]
    told: Frames  #: that are told as it is
    wanted: Frames  #: that no copy explains, or others under other maps


def _starts(
    judged: Sequence[Judged],
    suggested: Sequence[Hypothesis],
    left: Frames,
    query: Fingerprint,
    index: ReferenceIndex,
) -> Iterator[_Start]:
    """Copies, what many corners suggest, and what else is told, each the surest first."""
    ranked = sorted(judged, key=lambda one: -one.score)
    for one in ranked:
        if one.kind is MatchKind.COPY:
            others = np.setdiff1d(_of_other_pieces(one, judged), one.evidence.query_frames)
            yield _of_piece(one.evidence, np.union1d(left, others), query)
    if left.size < LEAST_MORE:
        return
    for hypothesis in sorted(suggested, key=lambda one: -one.inliers):
        if hypothesis.inliers >= LEAST_INLIERS:
            yield _of_suggestion(hypothesis, left, query, index.load(hypothesis.reference))
    for one in ranked:
        if one.kind is not MatchKind.COPY:
            yield _of_piece(one.evidence, left, query)


def _of_piece(piece: Evidence, wanted: Frames, query: Fingerprint) -> _Start:
    frame = _frame(piece, np.setdiff1d(wanted, piece.query_frames))
    return _Start(
        hypothesis=piece.hypothesis,
        frame=frame,
        lines=_lines(piece, frame, query),
        told=piece.query_frames,
        wanted=wanted,
    )


def _of_suggestion(
    hypothesis: Hypothesis, left: Frames, query: Fingerprint, reference: Fingerprint
) -> _Start:
    ours, theirs = hypothesis.anchors[0]
    ahead_us = float(reference.times_us[theirs] - query.times_us[ours])
    line = Line(speed=1.0, offset_us=ahead_us)
    return _Start(hypothesis=hypothesis, frame=ours, lines=(line,), told=left[:0], wanted=left)


def _of_other_pieces(one: Judged, judged: Sequence[Judged]) -> Frames:
    """The query frames of copies of the same reference about the same line, under another map."""
    piece = one.evidence
    lies = transform(piece.hypothesis.matrix, corners(WHOLE))
    others = [
        other.evidence.query_frames
        for other in judged
        if other.kind is MatchKind.COPY
        and other.evidence.hypothesis.reference == piece.hypothesis.reference
        and abs(other.evidence.offset_us - piece.offset_us) <= SAME_LINE_US
        and np.abs(transform(other.evidence.hypothesis.matrix, corners(WHOLE)) - lies).max() >= LEAST_MOVED
    ]
    return np.unique(np.concatenate([piece.query_frames[:0], *others]))


def _frame(piece: Evidence, wanted: Frames) -> int:
    """Of a long piece the end that is nearer to what is wanted, of another one where its map is from."""
    frames = piece.query_frames
    if len(frames) > PATIENCE and wanted.size:
        return int(min(frames[[0, -1]], key=lambda end: np.abs(wanted - end).min()))
    anchors = (ours for ours, _ in piece.hypothesis.anchors if ours in frames)
    return next(anchors, int(frames[len(frames) // 2]))


def _lines(piece: Evidence, frame: int, query: Fingerprint) -> tuple[Line, ...]:
    """The piece's, and one of the untouched speed: a movement that is not followed yet feigns another."""
    own = Line(speed=piece.speed, offset_us=piece.offset_us)
    if own.speed == 1.0:
        return (own,)
    at_us = int(query.times_us[frame])
    return (Line(speed=1.0, offset_us=own.offset_us + (own.speed - 1.0) * at_us), own)


@dataclass(frozen=True, slots=True)
class _Trail:
    """A piece, followed along one line."""

    piece: Hypothesis
    line: Line
    query: Fingerprint
    reference: Fingerprint

    def path(self, start: int, usable: Frames, told: Frames) -> Path:
        """The map of each frame about `start`, in order, as far as it can be followed.

        Where nothing moves within `told`, not through all of it.
        """
        first = self._fitting(start, self.piece.matrix)
        if first is None:
            return {}
        earlier, later = usable[usable < start][::-1][:FARTHEST], usable[usable > start][:FARTHEST]
        path = self._continued({start: first}, earlier, told) | self._continued({start: first}, later, told)
        return dict(sorted(path.items()))

    def _continued(self, path: Path, way: Frames, told: Frames) -> Path:
        """With the maps of the frames that way, until too many in a row do not fit."""
        missed = 0
        for frame in way.tolist():
            if len(path) > PATIENCE and frame in told and not _moves(path):
                break
            fitting = (self._fitting(frame, expected) for expected in _expected(path, frame))
            found = next((matrix for matrix in fitting if matrix is not None), None)
            if found is not None:
                path[frame], missed = found, 0
            elif missed == MOST_MISSED:
                break
            else:
                missed += 1
        return path

    def _fitting(self, frame: int, expected: Matrix) -> Matrix | None:
        """The map nearby under which a frame looks like its partner; None if it does under none."""
        at_us = self.line.speed * int(self.query.times_us[frame]) + self.line.offset_us
        ours, theirs = np.array([frame]), np.array([int(np.abs(self.reference.times_us - at_us).argmin())])
        laid = laid_over(replace(self.piece, matrix=expected), self.query, self.reference)
        correction = correction_of(laid[1], ours, theirs) if laid else None
        if laid is None or correction is None:
            return None
        matrix = laid[1].moved_map(correction)
        there = laid_over(replace(self.piece, matrix=matrix), self.query, self.reference)
        if there is None:
            return None
        seen = compare(there[1].query(ours), there[1].reference(theirs))
        return matrix if float(seen.correlation[0, 0]) >= LEAST_ALIKE else None


def _expected(path: Path, frame: int) -> Iterator[Matrix]:
    """Where a frame lies if the movement goes on, then if it has stopped."""
    *before, latest = list(path)[-2:]
    for earlier in before:
        here, there = (transform(path[one], corners(WHOLE)) for one in (latest, earlier))
        yield _from_corners(here + (here - there) * (frame - latest) / (latest - earlier))
    yield path[latest]


def _from_corners(points: Points) -> Matrix:
    frame = corners(WHOLE).astype(np.float32)
    return cv2.getPerspectiveTransform(frame, points.astype(np.float32)).astype(np.float64, copy=False)
