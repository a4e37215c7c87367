"""Runs under a map that changes from frame to frame.

In go a hypothesis, a map for each query frame and about when the reference shows what each does, out come
measured runs with the evidence for each, as `verification` gives them for one map. Every query frame is
compared with the reference under its own map. Motion is what is left of the differences between neighbouring
frames once each is laid where it lies: the movement of the window itself is none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.matching.align import runs
from verify.matching.geometry import overlap
from verify.matching.hypothesis import Hypothesis, Path
from verify.matching.lines import Line, Run
from verify.matching.patches import BLOCKS, SIDE, Agreement, Sampler, compare, inside_bars
from verify.matching.verification import Evidence, evidence_of, laid_over

REACH_US = 8_000_000  #: of the reference, each way from where a frame is expected


def moving_runs(
    hypothesis: Hypothesis, path: Path, line: Line, query: Fingerprint, reference: Fingerprint
) -> list[Evidence]:
    """The runs along which the frames of `path` agree, no farther than REACH_US from `line`."""
    window = _Window(path, line, query, reference)
    for frame in path:
        laid = laid_over(replace(hypothesis, matrix=path[frame]), query, reference)
        if laid:
            window.add(frame, laid[1])
    found = (window.evidence(run, hypothesis) for run in window.runs())
    return [evidence for evidence in found if evidence]


class _Window:
    """Query frames, each under its own map, against the reference about then."""

    def __init__(self, path: Path, line: Line, query: Fingerprint, reference: Fingerprint) -> None:
        self._path, self._query, self._reference = path, query, reference
        self._frames = np.array(list(path))
        self._expected_us = line.speed * query.times_us[self._frames] + line.offset_us
        ends = self._expected_us.min() - REACH_US, self._expected_us.max() + REACH_US
        still = len(reference.times_us) == 1
        first, last = (0, 1) if still else np.searchsorted(reference.times_us, ends).tolist()
        self._theirs = np.arange(first, last)
        shape = (len(self._frames), len(self._theirs))
        self._pictures = np.zeros((len(self._frames), SIDE, SIDE), np.float32)
        self._known = np.zeros((*shape, SIDE, SIDE), np.uint8)
        self._footage_moves = False
        self._agreement = Agreement(
            blocks=np.zeros((BLOCKS * BLOCKS, *shape), np.float32),
            compared=np.zeros((BLOCKS * BLOCKS, *shape), np.bool_),
            correlation=np.zeros(shape, np.float32),
            share=np.zeros(shape, np.float32),
            textured=np.zeros(shape, np.float32),
            motion=np.zeros(shape, np.float32),
            moving=np.zeros(shape, np.bool_),
        )

    def add(self, frame: int, sampler: Sampler) -> None:
        """The row of that query frame, `sampler` being of its map."""
        row = int(np.searchsorted(self._frames, frame))
        near = np.flatnonzero(self._is_near(row))
        if not near.size:
            return
        about = [one for one in (frame - 1, frame, frame + 1) if one in self._path]
        ours = sampler.query_along(np.array(about), [self._path[one] for one in about])
        theirs = sampler.reference(self._theirs[near])
        seen, here = compare(ours, theirs), about.index(frame)
        to, of = self._agreement, np.ix_(np.flatnonzero(sampler.usable), np.array([row]), near)
        to.blocks[of], to.compared[of] = seen.blocks[:, [here]], seen.compared[:, [here]]
        for name in ("correlation", "share", "textured", "motion", "moving"):
            getattr(to, name)[row, near] = getattr(seen, name)[here]
        self._pictures[row] = ours.pictures[here]
        self._known[row, near] = np.clip(theirs.pictures, 0, 255)
        self._footage_moves = sampler.footage_moves

    def _is_near(self, row: int) -> NDArray[np.bool_]:
        if len(self._reference.times_us) == 1:
            return np.ones(1, np.bool_)
        near: NDArray[np.bool_] = (
            np.abs(self._reference.times_us[self._theirs] - self._expected_us[row]) <= REACH_US
        )
        return near

    def runs(self) -> list[Run]:
        times_us = self._query.times_us[self._frames], self._reference.times_us[self._theirs]
        return runs(self._agreement, *times_us) if self._theirs.size else []

    def evidence(self, run: Run, hypothesis: Hypothesis) -> Evidence | None:
        """None where the middle of the run has too little in common with the reference to lay them."""
        rows, partners = np.arange(run.first, run.last + 1), run.partners
        frames = self._frames[rows]
        middle = self._path[int(frames[len(frames) // 2])]
        common = overlap(
            middle,
            inside_bars(self._query, hypothesis.query_box),
            inside_bars(self._reference, self._reference.content_box),
        )
        if common is None:
            return None
        theirs = self._theirs[partners]
        moving = replace(
            hypothesis,
            matrix=middle,
            anchors=tuple(zip(frames.tolist(), theirs.tolist(), strict=True)),
            path={frame: self._path[frame] for frame in frames.tolist()},
        )
        return evidence_of(
            run,
            self._agreement,
            hypothesis=moving,
            common=common,
            frames=(frames, theirs),
            pictures=(self._pictures[rows], self._known[rows, partners].astype(np.float32)),
            usable=np.ones(BLOCKS * BLOCKS, np.bool_),
            within=(rows, partners),
            footage_moves=self._footage_moves,
        )
