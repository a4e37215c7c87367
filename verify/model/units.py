"""The measures of the records: positions in a clip, and decoded pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type_us = int  #: integer microseconds from the presentation time of a clip's first picture
GreyImage = NDArray[np.uint8]  #: 8-bit grey, shape (height, width)
