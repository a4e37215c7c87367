"""How much picture a frame must hold before it may match anything, and what is done for a dim one.

In goes a grey picture, out comes the same with its contrast raised if only then there is enough to compare.
"""

from __future__ import annotations

import cv2
import numpy as np

from verify.fingerprint import perceptual
from verify.model import GreyImage

#: PDQ quality, 0..100. Flat and black frames below it match one another at 60 bits and less, so they
#: take no part in the hash tier at all (handbook `algorithms.md` 1.3, 6.5).
USABLE_QUALITY = 15
#: Of a picture that could be dim, and grey levels from the 1st to the 99th percentile of its 64x64 picture:
#: what there must be, and what they are stretched to. Of 150 photos cropped and left 14 to 40 levels all are
#: told as copies of the photos as they were (111 without), 149 of those made as dim by other numbers (65),
#: and none as another (`bench.dim`). A smooth sky stays as it is: PDQ counts no step below three levels.
DIM_QUALITY = 60
LEAST_RANGE, LIT_RANGE = 12, 96


def lit(image: GreyImage, small: GreyImage | None = None) -> GreyImage:
    """The picture, its contrast raised where it is too dim or too pale to be compared and that helps.

    `small` is its 64x64 picture, where that is known.
    """
    picture = perceptual.small(image) if small is None else small
    quality = int(perceptual.quality(picture))
    if quality >= DIM_QUALITY:
        return image
    low, high = np.percentile(picture, (1, 99)).tolist()
    if not LEAST_RANGE <= high - low < LIT_RANGE:
        return image
    # By degrees, so that a clip at the limit does not change its contrast from one frame to the next.
    dimness = min(1.0, (DIM_QUALITY - quality) / (DIM_QUALITY - USABLE_QUALITY))
    gain = 1 + dimness * (LIT_RANGE / (high - low) - 1)
    levels = np.clip((np.arange(256) - low) * gain, 0, 255).astype(np.uint8)
    raised = cv2.LUT(image, levels).astype(np.uint8, copy=False)
    return raised if perceptual.quality(perceptual.small(raised)) >= USABLE_QUALITY else image
