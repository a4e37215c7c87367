"""Hashes in other tools' formats, stored beside ours so that lists can be exchanged.

In goes one grey picture, out come (name, hex) pairs. Hasher-Matcher-Actioner and the like compare
PDQ codes; imagehash and its ports compare 64-bit and 256-bit pHash. Nothing here takes part in our
own matching: pdqhash orders its bits the other way round (handbook `algorithms.md` 1.6).
"""

from __future__ import annotations

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from verify.model import GreyImage


def exchange_hashes(image: GreyImage) -> tuple[tuple[str, str], ...]:
    """("pdq" | "phash64" | "phash256", hex digits) of a grey picture of about 512 pixels."""
    bits, _ = pdqhash.compute(np.repeat(image[..., None], 3, axis=2))
    picture = Image.fromarray(image)
    return (
        ("pdq", np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes().hex()),
        ("phash64", str(imagehash.phash(picture, hash_size=8))),
        ("phash256", str(imagehash.phash(picture, hash_size=16))),
    )
