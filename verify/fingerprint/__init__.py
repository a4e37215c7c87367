"""Keyframes to fingerprint: what the matching compares instead of pictures.

In go the decoded frames of one medium, out comes one `Fingerprint`: perceptual hashes of every
sampled frame, small pictures of the same frames, and larger pictures with local features of the
distinct ones. Pure: no network, disk, clock or queue.
"""

from __future__ import annotations

from verify.fingerprint.build import THUMBNAIL_SIDE, fingerprint
from verify.fingerprint.closeup import Closeup, closeup
from verify.fingerprint.exchange import exchange_hashes
from verify.fingerprint.record import ALGORITHM, Fingerprint

__all__ = [
    "ALGORITHM",
    "THUMBNAIL_SIDE",
    "Closeup",
    "Fingerprint",
    "closeup",
    "exchange_hashes",
    "fingerprint",
]
