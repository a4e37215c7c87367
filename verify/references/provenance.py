"""What a person says of a reference, checked before it is kept (pure).

In: a `Provenance`. Out: the same. Refuses what could not be compared later: a date that cannot be
read or has no basis, half a position or one off the globe, and a title that is empty.
"""

from __future__ import annotations

from verify.errors import InvalidProvenance
from verify.findings.dates import known_date
from verify.model import Provenance


def checked(provenance: Provenance) -> Provenance:
    """The provenance as given. Raises InvalidProvenance."""
    if not provenance.title.strip():
        raise InvalidProvenance("a title is needed")
    _check_date(provenance)
    _check_position(provenance)
    return provenance


def _check_date(provenance: Provenance) -> None:
    if not provenance.first_seen:
        return
    if known_date(provenance) is None:
        raise InvalidProvenance(
            f"first seen {provenance.first_seen!r}: write 2016, 2016-08, 2016-08-24 or 2016-08-24T09:30:00Z"
        )
    if provenance.first_seen_basis is None:
        raise InvalidProvenance("a date needs its basis: publication, capture-metadata, archive or testimony")


def _check_position(provenance: Provenance) -> None:
    latitude, longitude = provenance.latitude, provenance.longitude
    if (latitude is None) != (longitude is None):
        raise InvalidProvenance("a position needs both its latitude and its longitude")
    if latitude is not None and not -90 <= latitude <= 90:
        raise InvalidProvenance(f"a latitude lies between -90 and 90, not {latitude}")
    if longitude is not None and not -180 <= longitude <= 180:
        raise InvalidProvenance(f"a longitude lies between -180 and 180, not {longitude}")
