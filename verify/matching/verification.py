"""From hypothesis to match segments: lay the two over one another and see which seconds agree.

In go a hypothesis and both fingerprints, out come measured runs with the evidence for each. Long
media are looked at in windows around the anchors, so work and memory do not grow with their product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint, perceptual
from verify.matching.align import BREAK_EVEN, run_on, runs
from verify.matching.geometry import Overlap, overlap
from verify.matching.hypothesis import Hypothesis
from verify.matching.lines import Line, Run, partners_on
from verify.matching.moments import LEAST_FRAMES, Close, Moment, Takes
from verify.matching.patches import BLOCKS, MOTION, Agreement, Floats, Sampler, compare, inside_bars
from verify.matching.stances import Stances, changing
from verify.model import GreyImage

LEAST_BLOCKS = 4  #: fewer blocks in the common part say nothing
#: Mean correlation of the blocks of an anchor. Of 2,684 maps that led to a run of the right reference 99.7 %
#: have more, of the other 841 45 % have less (seed 9, small).
LEAST_AT_ANCHOR = 0.2
MOST_TRIED = 3  #: anchors
WINDOW_FRAMES = 120  #: query frames compared at once: 40 s at 3 a second
REACH = 2.2  #: how far the reference window reaches beyond the anchors, in query windows (speeds up to 2)
ON_A_LINE_US = 1_000_000  #: anchors whose times differ by so much less or more may be of one run
CUT_LEVEL = 2.0  #: times the other side's motion that a run's end has across a cut; a guess
LEAST_WITHOUT_CUTS = 5  #: frames of a run, so that three are left
MOST_STRETCHES = 4  #: of a long reference, looked at for one window of the query


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One aligned run and what speaks for it."""

    hypothesis: Hypothesis
    common: Overlap
    query_frames: NDArray[np.intp]
    reference_frames: NDArray[np.intp]  #: partner of each query frame
    speed: float
    offset_us: float
    gain: float  #: of `align.Run`
    correlation: NDArray[np.float64]  #: per frame pair, 0..1
    share: NDArray[np.float64]  #: of textured blocks that agree, per frame pair
    textured: NDArray[np.float64]  #: textured blocks per frame pair
    motion: float | None  #: mean correlation of motion, -1..1, without cuts at the ends; None: nothing moves
    moving_frames: int  #: frame pairs without such cuts in which both sides move
    footage_moves: bool  #: both media move, whether or not in these frames
    shot_moves: bool  #: the query's shot does, of which the frames are
    moment: Moment | None  #: None for stills
    close: Close | None = None  #: None: nobody looked closer
    distances: NDArray[np.int64]  #: Hamming distances of the aligned common part, bits of 256
    blocks: NDArray[np.float64]  #: (6, 6): mean correlation at each place of the common part; NaN: no picture
    tone: tuple[float, float]  #: contrast ratio and brightness difference, query to reference

    def part(self, first: int, last: int) -> Evidence:
        """Those of its frames, `last` included; of motion, moment, places and tone what the whole says."""
        frames = slice(first, last + 1)
        speaks = np.maximum(self.correlation - BREAK_EVEN, 1e-6)  # what disagrees has no part in the gain
        return replace(
            self,
            query_frames=self.query_frames[frames],
            reference_frames=self.reference_frames[frames],
            gain=self.gain * float(speaks[frames].sum() / speaks.sum()),
            correlation=self.correlation[frames],
            share=self.share[frames],
            textured=self.textured[frames],
            distances=self.distances[frames],
        )


def examine(
    hypothesis: Hypothesis,
    query: Fingerprint,
    reference: Fingerprint,
    *,
    reference_frames: NDArray[np.intp] | None = None,
) -> list[Evidence]:
    """The runs along which the hypothesis holds; none when it does not hold.

    `reference_frames` are the frames to look at instead of all those in reach.
    """
    laid = laid_over(hypothesis, query, reference)
    if laid is None or not _agrees(hypothesis, laid[1], LEAST_AT_ANCHOR):
        return []
    common, sampler = laid
    found: list[Evidence] = []
    for query_frames, in_reach in _windows(hypothesis, query, reference):
        theirs = in_reach if reference_frames is None else reference_frames
        window = _Window(hypothesis, common, sampler, query_frames, theirs)
        found += [window.evidence(run) for run in window.runs()]
    return found


def examine_on(
    line: Line,
    run: Evidence,
    query: Fingerprint,
    reference: Fingerprint,
    *,
    same_frames: bool,
    reference_frames: NDArray[np.intp] | None = None,
) -> Evidence | None:
    """The run laid on another line within reach, its frames kept or found anew; None where none agree.

    `reference_frames` as for `examine`.
    """
    laid = laid_over(run.hypothesis, query, reference)
    middle = int(run.query_frames[len(run.query_frames) // 2])
    there_us = line.speed * int(query.times_us[middle]) + line.offset_us
    for query_frames, in_reach in _windows(run.hypothesis, query, reference):
        theirs = in_reach if reference_frames is None else reference_frames
        within = reference.times_us[theirs[[0, -1]]]
        is_there = len(theirs) == 1 or within[0] <= there_us <= within[1]  # a still has no time
        if laid and query_frames[0] <= middle <= query_frames[-1] and is_there:
            window = _Window(run.hypothesis, *laid, query_frames, theirs)
            rows = np.searchsorted(query_frames, run.query_frames)
            found = window.run_of(line, rows, run.gain) if same_frames else window.run_on(line)
            return window.evidence(found) if found else None
    return None


def agrees_where_proposed(
    hypothesis: Hypothesis, query: Fingerprint, reference: Fingerprint, least: float
) -> bool:
    """Whether the frames that suggested the map correlate by `least` under it: 0..1, mean of the blocks."""
    laid = laid_over(hypothesis, query, reference)
    return laid is not None and _agrees(hypothesis, laid[1], least)


def laid_over(
    hypothesis: Hypothesis, query: Fingerprint, reference: Fingerprint
) -> tuple[Overlap, Sampler] | None:
    """The common part and what cuts it out; None where it is too small to say anything."""
    common = overlap(
        hypothesis.matrix,
        inside_bars(query, hypothesis.query_box),
        inside_bars(reference, reference.content_box),
    )
    if common is None:
        return None
    sampler = Sampler(query, reference, hypothesis, common)
    return (common, sampler) if int(sampler.usable.sum()) >= LEAST_BLOCKS else None


def _agrees(hypothesis: Hypothesis, sampler: Sampler, least: float) -> bool:
    """Two pictures tell most chance apart."""
    for query_frame, reference_frame in hypothesis.anchors[:MOST_TRIED]:
        seen = compare(sampler.query(np.array([query_frame])), sampler.reference(np.array([reference_frame])))
        if float(seen.correlation[0, 0]) >= least:
            return True
    return False


class _Window:
    """Some query frames against some reference frames, under one map."""

    def __init__(
        self,
        hypothesis: Hypothesis,
        common: Overlap,
        sampler: Sampler,
        query_frames: NDArray[np.intp],
        reference_frames: NDArray[np.intp],
    ) -> None:
        self._hypothesis, self._common = hypothesis, common
        self._query_frames, self._reference_frames = query_frames, reference_frames
        self._times_us = sampler.times_us(query_frames, reference_frames)
        self._usable = sampler.usable
        self._footage_moves = sampler.footage_moves
        self._cuts = sampler.query_cuts(query_frames)
        self._query = sampler.query(query_frames)
        self._reference = sampler.reference(reference_frames)
        self.agreement = compare(self._query, self._reference)
        self._takes = Takes(
            agreement=self.agreement,
            query=self._query,
            reference=self._reference,
            usable=sampler.usable,
        )

    def runs(self) -> list[Run]:
        """Along which the frames agree, each laid at the second where it changes alike."""
        return runs(self.agreement, *self._times_us, self._better_line, self._may_divide)

    def run_on(self, line: Line) -> Run | None:
        return run_on(line, self.agreement, *self._times_us)

    def run_of(self, line: Line, rows: NDArray[np.intp], gain: float) -> Run:
        """Those rows, whatever they gain."""
        query_us, reference_us = self._times_us
        partners, _ = partners_on(query_us[rows], reference_us, line.speed, np.array([line.offset_us]))
        return Run(
            first=int(rows[0]),
            last=int(rows[-1]),
            partners=partners[0],
            speed=line.speed,
            offset_us=line.offset_us,
            gain=gain,
        )

    def _better_line(self, run: Run) -> Line | None:
        rows = np.arange(run.first, run.last + 1)
        if run.speed < 0 or rows.size < LEAST_FRAMES or not self._takes.has_others(rows, run.partners):
            return None
        return self._stances.better_line(run)

    def _may_divide(self, run: Run) -> bool:
        """Not where the reference shows other moments as like: pieces of another take would find some."""
        return not self._takes.has_others(np.arange(run.first, run.last + 1), run.partners)

    @cached_property
    def _stances(self) -> Stances:
        inside = self._takes.inside
        query_us, reference_us = self._times_us
        return Stances(
            ours=changing(self._query.pictures[:, inside]),
            theirs=changing(self._reference.pictures[:, inside]),
            query_us=query_us,
            reference_us=reference_us,
        )

    def evidence(self, run: Run) -> Evidence:
        rows, partners = np.arange(run.first, run.last + 1), run.partners
        gathered = evidence_of(
            run,
            self.agreement,
            hypothesis=self._hypothesis,
            common=self._common,
            frames=(self._query_frames[rows], self._reference_frames[partners]),
            pictures=(self._query.pictures[rows], self._reference.pictures[partners]),
            usable=self._usable,
            within=self._without_cuts(rows, partners),
            footage_moves=self._footage_moves,
        )
        moment = self._takes.moment(rows, partners)
        return replace(gathered, shot_moves=self._shot_moves(run), moment=moment)

    def _without_cuts(
        self, rows: NDArray[np.intp], partners: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """All but an end where one side changes far more: to a frame that is not of the run, across a cut.

        A short run is hardly more than its ends: what differs there is all that tells takes of a scene apart.
        """
        if len(rows) < LEAST_WITHOUT_CUTS:
            return rows, partners
        ours, theirs = self._query.motion_level[rows], self._reference.motion_level[partners]
        kept = np.maximum(ours, theirs) <= CUT_LEVEL * np.minimum(ours, theirs)
        kept[1:-1] = True
        return rows[kept], partners[kept]

    def _shot_moves(self, run: Run) -> bool:
        """Whether the query moves in the shots that the run is of. Pieces of a compilation differ in that."""
        shot = np.append(0, np.cumsum(self._cuts))
        inside = (shot >= shot[run.first]) & (shot <= shot[run.last])
        inside[1:] &= ~self._cuts
        inside[:-1] &= ~self._cuts
        restless = not inside.any()  # every frame looks like a cut
        return restless or bool((self._query.motion_level[inside] > MOTION).any())


def evidence_of(
    run: Run,
    seen: Agreement,
    *,
    hypothesis: Hypothesis,
    common: Overlap,
    frames: tuple[NDArray[np.intp], NDArray[np.intp]],
    pictures: tuple[Floats, Floats],
    usable: NDArray[np.bool_],
    within: tuple[NDArray[np.intp], NDArray[np.intp]],
    footage_moves: bool,
) -> Evidence:
    """What `seen` says of a run, nothing being known of the moment.

    `frames` and `pictures` are the run's, query and reference; `usable` are the places of the blocks of
    `seen`, and motion is that of the pairs `within`.
    """
    rows, partners = np.arange(run.first, run.last + 1), run.partners
    moving, motion = seen.moving[within], seen.motion[within] * np.sign(run.speed)
    return Evidence(
        hypothesis=hypothesis,
        common=common,
        query_frames=frames[0],
        reference_frames=frames[1],
        speed=run.speed,
        offset_us=run.offset_us,
        gain=run.gain,
        correlation=seen.correlation[rows, partners].astype(np.float64),
        share=seen.share[rows, partners].astype(np.float64),
        textured=seen.textured[rows, partners].astype(np.float64),
        motion=float(motion[moving].mean()) if moving.any() else None,
        moving_frames=int(moving.sum()),
        footage_moves=footage_moves,
        shot_moves=True,
        moment=None,
        distances=_distances(*pictures),
        blocks=_by_place(seen, rows, partners, usable),
        tone=_tone(*pictures),
    )


def _by_place(
    seen: Agreement, rows: NDArray[np.intp], partners: NDArray[np.intp], usable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    compared = seen.compared[:, rows, partners]
    total = np.where(compared, seen.blocks[:, rows, partners], 0).sum(axis=1)
    count = compared.sum(axis=1)
    placed = np.full(len(usable), np.nan)
    placed[usable] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return placed.reshape(BLOCKS, BLOCKS)


def _distances(query: Floats, reference: Floats) -> NDArray[np.int64]:
    """Hamming distances of the perceptual hashes of the aligned common part."""
    ours, theirs = (
        perceptual.codes(
            perceptual.coefficients(np.stack([perceptual.small(_grey(picture)) for picture in side]))
        )
        for side in (query, reference)
    )
    return perceptual.hamming(ours, theirs)


def _tone(query: Floats, reference: Floats) -> tuple[float, float]:
    ours, theirs = query.ravel().astype(np.float64), reference.ravel().astype(np.float64)
    gain = float(ours.std() / max(theirs.std(), 1e-6))
    return gain, float(ours.mean() - theirs.mean())


def _grey(picture: Floats) -> GreyImage:
    return np.clip(picture, 0, 255).astype(np.uint8)


def _windows(
    hypothesis: Hypothesis, query: Fingerprint, reference: Fingerprint
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Query windows that hold an anchor, each with reference frames in reach of its anchors."""
    windows = []
    for start in range(0, len(query.times_us), WINDOW_FRAMES):
        frames = np.arange(start, min(start + WINDOW_FRAMES, len(query.times_us)))
        anchors = [anchor for anchor in hypothesis.anchors if frames[0] <= anchor[0] <= frames[-1]]
        if anchors or len(reference.times_us) == 1:  # a photo may be shown for as long as a clip lasts
            reached = _in_reach(np.array(anchors), frames, query, reference)
            windows += [(frames, theirs) for theirs in reached]
    return windows


def _in_reach(
    anchors: NDArray[np.intp], frames: NDArray[np.intp], query: Fingerprint, reference: Fingerprint
) -> list[NDArray[np.intp]]:
    """All frames of a short reference; of a long one those around where most anchors lie on one line.

    Where the camera stands still, a frame is as like the next minute as its own second: then several
    stretches have many anchors, and each is looked at.
    """
    if len(reference.times_us) <= 2 * WINDOW_FRAMES:
        return [np.arange(len(reference.times_us))]
    start, end = (int(query.times_us[frame]) for frame in (frames[0], frames[-1]))
    reach = int(REACH * (end - start + 1_000_000))
    ahead = reference.times_us[anchors[:, 1]] - query.times_us[anchors[:, 0]]
    together = (np.abs(ahead[:, None] - ahead) <= max(ON_A_LINE_US, (end - start) // 4)).sum(axis=1)
    left = together.copy()
    reached: list[NDArray[np.intp]] = []
    while len(reached) < MOST_STRETCHES and 2 * left.max() >= together.max():
        line = int(ahead[left.argmax()])
        middle = line + (start + end) // 2
        first, last = np.searchsorted(reference.times_us, [middle - reach, middle + reach])
        reached.append(np.arange(first, last))
        left[np.abs(ahead - line) <= reach] = 0
    return reached
