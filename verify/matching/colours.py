"""What became of a copy's colours, in words.

In go the colour pictures of frame pairs and the map between them, out comes a name or nothing. Fingerprints
are grey, so that colour is seen only in the pictures that a report shows. Pure but for decoding JPEGs that
are the program's own.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.errors import BlobMissing
from verify.matching.geometry import inverse, transform
from verify.model import Geometry

CELLS = 24  #: each way, of the common part
#: Of ten copies whose colours were removed, toned or turned (seeds 7 and 8, small) seven are named
#: so, and one had no colour before or after; of 215 others, toned, captioned or compressed, none.
COLOURLESS = 4.0  #: mean chroma (CIELAB); less looks grey
COLOURFUL = 8.0  #: mean chroma that a picture must have had for its loss to be told
PALE, LEFT_OF_PALE = 4.0, 0.25  #: or so much less, if hardly any of it is left
CHANGED = 9.0  #: distance of a cell's colours in the a*b* plane
LEAST_CELLS = 0.7  #: of the cells that must have changed: a coloured caption covers fewer

Colours = NDArray[np.float64]  #: (cells, 2): a* and b* of CIELAB


def recoloured(pairs: Iterable[tuple[bytes, bytes]], geometry: Geometry) -> str:
    """The name of the change from reference to query, given JPEGs of both; "" where there is none.

    Raises BlobMissing when a picture cannot be read.
    """
    seen = [(_colours(query), _colours(reference)) for query, reference in pairs]
    ours, theirs = _common([one for one, _ in seen], [other for _, other in seen], geometry)
    if not len(ours):
        return ""
    if _lost(_chroma(ours), _chroma(theirs)):
        return "colours removed"
    changed = np.linalg.norm(ours - theirs, axis=1) >= CHANGED
    return "colours changed" if changed.mean() >= LEAST_CELLS else ""


def _lost(left: float, before: float) -> bool:
    if before >= COLOURFUL:
        return left < COLOURLESS
    return before >= PALE and left <= LEFT_OF_PALE * before


def _chroma(colours: Colours) -> float:
    return float(np.linalg.norm(colours, axis=1).mean())


def _colours(jpeg: bytes) -> NDArray[np.float32]:
    """a* and b* of every pixel, softened to about a cell."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise BlobMissing("a stored picture cannot be read")
    small = cv2.resize(picture, (8 * CELLS, 8 * CELLS), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    return cv2.GaussianBlur(lab[:, :, 1:], (0, 0), 3).astype(np.float32, copy=False)


def _common(
    ours: list[NDArray[np.float32]], theirs: list[NDArray[np.float32]], geometry: Geometry
) -> tuple[Colours, Colours]:
    """The colours of the cells that lie in both pictures."""
    left, top, right, bottom = geometry.reference_box
    along = (np.arange(CELLS) + 0.5) / CELLS
    x, y = np.meshgrid(left + along * (right - left), top + along * (bottom - top))
    there = np.column_stack([x.ravel(), y.ravel()])
    here = transform(inverse(np.reshape(geometry.matrix, (3, 3))), there)
    inside = ((here >= 0) & (here < 1) & (there >= 0) & (there < 1)).all(axis=1)
    return _at(ours, here[inside]), _at(theirs, there[inside])


def _at(pictures: list[NDArray[np.float32]], places: NDArray[np.float64]) -> Colours:
    columns, rows = (places * 8 * CELLS).astype(np.intp).T
    seen = [picture[rows, columns].astype(np.float64) for picture in pictures]
    return np.concatenate([np.empty((0, 2)), *seen])
