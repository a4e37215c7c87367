"""How much picture a frame must hold before it may match anything."""

from __future__ import annotations

#: PDQ quality, 0..100. Flat and black frames below it match one another at 60 bits and less, so they
#: take no part in the hash tier at all (handbook `algorithms.md` 1.3, 6.5).
USABLE_QUALITY = 15
