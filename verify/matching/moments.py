"""Whether a run shows the same moment, or only the same scene.

In go a run and the agreement it was found in, out comes what tells moments apart. Before a camera that stands
still every minute looks like every other, and what never changes says nothing of when. So blocks count by how
much they vary while the reference shows that view, and the run is compared with the view's other moments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.matching.patches import BLOCK, BLOCKS, TEXTURE, Agreement, Floats, Patches

SAME_VIEW = 0.6  #: of the run's correlation, that a reference frame of the same camera's view has with it
FAR = 6  #: frames away, 2 s: another moment
LEAST_OTHERS = 8  #: frames of the view, about 2.5 s, at other moments
LEAST_FRAMES = 4  #: of either side; a still and the shortest clips have no moment
#: Grey levels by which the CHANGING_BLOCKS most restless blocks differ from their mean over a run, and how
#: many times the median block's, where something changes. Of 36 runs of other takes that are not called
#: moving, most of them with a still of two seconds, 28 change so; of 18 of the right moment 15, and of these
#: 14 alike. The footage is that of `scoring.MOMENT_WEIGHTS`.
CHANGE, LOCAL_CHANGE, CHANGING_BLOCKS = 0.75, 2.5, 3

Frames = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What tells the moment of a run from the scene's other moments."""

    stance: float  #: -1..1: correlation of both sides' differences to their own mean over the run
    nearest: float  #: 0..1: share of frames whose best partner in the whole view is theirs in the run
    others: bool  #: the reference shows the view at other moments; not where the camera moves
    changes: bool  #: either side changes in some places, be it too little to be called motion


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """How a run changes from each of the reference's frames to the next, both sides at the same instants."""

    stance: float  #: -1..1, as of a `Moment`, but at the same instants
    motion: float  #: -1..1: correlation of the changes, all of them together
    level: float  #: root mean square of the changes of the side that changes less, grey levels
    spread: float  #: 0..1: share of the compared blocks that change, and alike
    steady: float  #: -1..1: median over the frames of the correlation of each one's change
    everywhere: bool = False  #: other seconds of the reference were tried as well

    @property
    def agreement(self) -> float:
        """-1..1."""
        return (self.stance + self.motion) / 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Takes:
    """Query frames against reference frames, as far as moments need them."""

    agreement: Agreement
    query: Patches
    reference: Patches
    usable: NDArray[np.bool_]  #: (BLOCKS²,): the blocks that were compared

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(SIDE, SIDE): the pixels of the blocks that are compared."""
        grid = self.usable.reshape(BLOCKS, BLOCKS)
        result: NDArray[np.bool_] = np.repeat(np.repeat(grid, BLOCK, axis=0), BLOCK, axis=1)
        return result

    def moment(self, rows: Frames, partners: Frames) -> Moment | None:
        """Of the run of query frames `rows` with reference frames `partners`.

        None for stills.
        """
        if min(len(self.query.pictures), len(self.reference.pictures)) < LEAST_FRAMES:
            return None
        view = self._view(rows, partners)
        agreement = self._weighted(rows, np.flatnonzero(view))
        nearest = np.abs(np.where(view, agreement, -1).argmax(axis=1) - partners) <= 1
        ours, theirs = (
            differences(side.pictures[frames][:, self.inside])
            for side, frames in ((self.query, rows), (self.reference, partners))
        )
        return Moment(
            stance=stance(ours, theirs),
            nearest=float(nearest.mean()),
            others=_others(view, partners) >= LEAST_OTHERS,
            changes=self._changes(ours) or self._changes(theirs),
        )

    def has_others(self, rows: Frames, partners: Frames) -> bool:
        """Whether the reference shows the run's view at other moments, too."""
        return _others(self._view(rows, partners), partners) >= LEAST_OTHERS

    def _view(self, rows: Frames, partners: Frames) -> NDArray[np.bool_]:
        """(r,): whether a reference frame shows what the camera sees in the run."""
        correlation = self.agreement.correlation[rows]
        own = correlation[np.arange(rows.size), partners].mean()
        result: NDArray[np.bool_] = correlation.mean(axis=0) >= SAME_VIEW * own
        return result

    def _weighted(self, rows: Frames, view: Frames) -> Floats:
        """(k, r), 0..1: mean correlation of the textured blocks, counted by how they vary in the view."""
        weights = self.agreement.compared[:, rows] * _variation(self.reference, view)[:, None, None]
        total = (weights * np.maximum(self.agreement.blocks[:, rows], 0)).sum(axis=0)
        result: Floats = total / np.maximum(weights.sum(axis=0), 1e-9)
        return result

    def _changes(self, differences: Floats) -> bool:
        """Whether a few blocks change more than noise does, which is about the same everywhere."""
        squares = np.zeros(self.inside.shape, np.float32)
        squares[self.inside] = (differences**2).mean(axis=0)
        by_block = squares.reshape(BLOCKS, BLOCK, BLOCKS, BLOCK).mean(axis=(1, 3)).ravel()[self.usable]
        levels = np.sort(np.sqrt(by_block))
        most = float(levels[-CHANGING_BLOCKS:].mean())
        return most >= max(CHANGE, LOCAL_CHANGE * float(np.median(levels)))


def stance(ours: Floats, theirs: Floats) -> float:
    """How alike the differences of both sides to their mean are, -1..1; 0 where nothing changes."""
    length = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float((ours * theirs).sum()) / length if length else 0.0


def differences(pictures: Floats) -> Floats:
    """Of (k, p) pictures to their mean, without the brightness of each."""
    apart = pictures - pictures.mean(axis=0)
    result: Floats = apart - apart.mean(axis=1, keepdims=True)
    return result


def _variation(reference: Patches, view: Frames) -> Floats:
    """(b,): how far each usable block's pictures are from their mean, 0..1; 0 where it has no texture."""
    textured = reference.texture[:, view] > TEXTURE
    count = np.maximum(textured.sum(axis=1), 1)
    blocks = reference.blocks[:, view] * textured[:, :, None]
    mean = blocks.sum(axis=1) / count[:, None]
    apart = ((blocks - mean[:, None]) ** 2).sum(axis=2) * textured
    result: Floats = (apart.sum(axis=1) / count).astype(np.float32)
    return result


def _others(view: NDArray[np.bool_], partners: Frames) -> int:
    """How many frames of the view are 2 s or more from the run."""
    return int(view[: max(0, int(partners.min()) - FAR)].sum() + view[int(partners.max()) + FAR + 1 :].sum())
