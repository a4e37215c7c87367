"""The reference set: known footage with what is known of it, and the index over it as of now."""

from __future__ import annotations

from verify.references.adding import ReferenceSet
from verify.references.current import CurrentSet
from verify.references.provenance import checked

__all__ = ["CurrentSet", "ReferenceSet", "checked"]
