"""One fact of the claim against one fact of a reference: consistent, conflicts or cannot compare (pure).

Each `Comparison` shows its sum so that a reader can repeat it. Only a date of strong basis, or the
upload time a platform wrote into a media id, is decisive; place conflicts weigh less, equipment only
supports (handbook `claims.md` 5). Negated, quoted and questioned mentions are claims of nobody and are
not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from verify.claims.sphere import distance_km
from verify.findings.copies import Copy
from verify.findings.dates import KnownDate
from verify.findings.wording import count, days_before, instant_words
from verify.model import (
    Claim,
    ClaimedTime,
    Comparison,
    MediaRole,
    PlaceMention,
    Polarity,
    Post,
    Provenance,
    Verdict,
)

REFERENCE_RADIUS_KM = 5.0  # a reference placed without a radius names a town, not a spot
CONSISTENT_SLACK = timedelta(days=1)  # footage is rarely published in the very hour
HOSTED_SLACK = timedelta(
    hours=24
)  # drafts and scheduled posts upload ahead; days ahead is another post's medium

Relation = Literal["same", "compatible", "conflicting", "unrelated"]


class RelateEquipment(Protocol):
    """How two equipment names stand to each other; the lexicon answers."""

    def __call__(self, claimed: str, known: str) -> Relation: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFrame:
    """When the footage is said to be from, tolerance included."""

    earliest: datetime
    latest: datetime
    text: str
    is_stated: bool  #: False: the post states no time and is taken at its own date


def claimed_frame(claim: Claim | None, posted_at: datetime | None) -> ClaimedFrame | None:
    """The union of the asserted times of a claim; without one, the date of the post; else None."""
    times = _asserted_times(claim)
    if times:
        return ClaimedFrame(
            earliest=min(moment.earliest for moment in times),
            latest=max(moment.latest for moment in times),
            text="; ".join(f"“{moment.text}”: {_interval(moment)}" for moment in times),
            is_stated=True,
        )
    if posted_at is None:
        return None
    text = f"no time stated, taken at the post's date, {instant_words(posted_at)}"
    return ClaimedFrame(earliest=posted_at, latest=posted_at, text=text, is_stated=False)


def _asserted_times(claim: Claim | None) -> list[ClaimedTime]:
    return [moment for moment in claim.times if moment.polarity is Polarity.ASSERTED] if claim else []


def _interval(moment: ClaimedTime) -> str:
    return f"{instant_words(moment.earliest)} to {instant_words(moment.latest)}"


def compare_time(copy: Copy, frame: ClaimedFrame | None) -> Comparison:
    verdict, arithmetic = _time_verdict(copy, frame)
    basis = copy.known.basis.value if copy.known and copy.known.basis else "no basis recorded"
    return Comparison(
        aspect="time",
        reference_id=copy.reference.id,
        verdict=verdict,
        claimed=frame.text if frame else "unknown",
        known=f"first seen {copy.known.text} (basis: {basis})" if copy.known else "first seen: unknown",
        arithmetic=arithmetic,
        decisive=verdict is Verdict.CONFLICTS and copy.known is not None and copy.known.is_strong,
    )


def _time_verdict(copy: Copy, frame: ClaimedFrame | None) -> tuple[Verdict, str]:
    known = copy.known
    if copy.is_the_post_itself:
        return Verdict.CANNOT_COMPARE, "the reference was taken from this very post"
    if known is None:
        recorded = copy.reference.provenance.first_seen
        return (
            Verdict.CANNOT_COMPARE,
            f"no date can be read from “{recorded}”" if recorded else "no date recorded",
        )
    if frame is None:
        return Verdict.CANNOT_COMPARE, "neither the post's date nor a claimed time is known"
    if known.latest < frame.earliest:
        return Verdict.CONFLICTS, earlier_by(known, frame)
    return _not_earlier(known, frame)


def _not_earlier(known: KnownDate, frame: ClaimedFrame) -> tuple[Verdict, str]:
    if known.earliest > frame.latest + CONSISTENT_SLACK:
        later = days_before(frame.latest.date(), known.first_day)
        return Verdict.CANNOT_COMPARE, f"{later}: a later copy refutes nothing"
    frame_days = (frame.earliest - CONSISTENT_SLACK).date(), (frame.latest + CONSISTENT_SLACK).date()
    if frame_days[0] <= known.first_day and known.last_day <= frame_days[1]:
        if frame.is_stated:
            return Verdict.CONSISTENT, f"{known.text} lies within the claimed time, give or take a day"
        return Verdict.CANNOT_COMPARE, f"{known.text} cannot be told from the date of the post"
    return Verdict.CANNOT_COMPARE, f"{known.text} is too coarse to lie before or within {frame.text}"


def earlier_by(known: KnownDate, frame: ClaimedFrame) -> str:
    """The sum: by days on the calendar, or by hours when both are instants less than two days apart."""
    gap = frame.earliest - known.latest
    if known.is_instant and gap < timedelta(days=2):
        hours = count(int(gap.total_seconds() // 3600), "hour")
        return f"{instant_words(known.latest)} is {hours} before {instant_words(frame.earliest)}"
    least = "" if known.first_day == known.last_day else ", at the latest"
    return f"{days_before(known.last_day, frame.earliest.date())}{least}"


def compare_place(copy: Copy, claim: Claim | None) -> Comparison:
    """Consistent when any claimed place and the reference's overlap, each with its radius."""
    places = finest_places(claim)
    known = copy.reference.provenance
    verdict, arithmetic = _place_verdict(places, known)
    return Comparison(
        aspect="place",
        reference_id=copy.reference.id,
        verdict=verdict,
        claimed=", ".join(dict.fromkeys(place.name for place in places)) or "no place read",
        known=known.place or _coordinates(known) or "unknown",
        arithmetic=arithmetic,
    )


def finest_places(claim: Claim | None) -> list[PlaceMention]:
    """The asserted places but for those that only say where a finer one lies: Idlib, of "Nayrab in Idlib"."""
    places = [item for item in claim.places if item.polarity is Polarity.ASSERTED] if claim else []
    return [place for place in places if not any(_holds(place, other) for other in places)]


def _holds(wide: PlaceMention, fine: PlaceMention) -> bool:
    apart = distance_km(wide.latitude, wide.longitude, fine.latitude, fine.longitude)
    return fine.radius_km < wide.radius_km and apart <= wide.radius_km


def _coordinates(known: Provenance) -> str:
    if known.latitude is None or known.longitude is None:
        return ""
    return f"{known.latitude:.4f}, {known.longitude:.4f}"


def _place_verdict(places: Sequence[PlaceMention], known: Provenance) -> tuple[Verdict, str]:
    if not places:
        return Verdict.CANNOT_COMPARE, "the claim names no place"
    if known.latitude is None or known.longitude is None:
        return Verdict.CANNOT_COMPARE, "the reference has no coordinates"
    radius = REFERENCE_RADIUS_KM if known.place_radius_km is None else known.place_radius_km
    sums: list[tuple[float, str]] = []
    for place in places:
        apart = distance_km(place.latitude, place.longitude, known.latitude, known.longitude)
        reach = place.radius_km + radius
        words = (
            f"{place.name} is {apart:.0f} km from the reference's place; "
            f"the radii, {place.radius_km:.0f} km and {radius:.0f} km, reach {reach:.0f} km"
        )
        sums.append((apart - reach, words))
    excess, words = min(sums)
    return (Verdict.CONFLICTS if excess > 0 else Verdict.CONSISTENT), words


def compare_equipment(copy: Copy, claim: Claim | None, relate: RelateEquipment) -> Comparison:
    """Each claimed name against the known ones; supports, never decides."""
    claimed = _asserted_equipment(claim)
    known = copy.reference.provenance.equipment
    verdict, arithmetic = _equipment_verdict(claimed, known, relate)
    return Comparison(
        aspect="equipment",
        reference_id=copy.reference.id,
        verdict=verdict,
        claimed=", ".join(claimed) or "none read",
        known=", ".join(known) or "none recorded",
        arithmetic=arithmetic,
    )


def _asserted_equipment(claim: Claim | None) -> tuple[str, ...]:
    mentions = claim.equipment if claim else ()
    return tuple(dict.fromkeys(item.name for item in mentions if item.polarity is Polarity.ASSERTED))


def _equipment_verdict(
    claimed: Sequence[str], known: Sequence[str], relate: RelateEquipment
) -> tuple[Verdict, str]:
    pairs = [(name, other, relate(name, other)) for name in claimed for other in known]
    words = "; ".join(
        f"{name} and {other}: {relation}" for name, other, relation in pairs if relation != "unrelated"
    )
    relations = {relation for _, _, relation in pairs}
    if relations & {"same", "compatible"}:
        return Verdict.CONSISTENT, words
    if "conflicting" in relations:
        return Verdict.CONFLICTS, f"{words} (weak: a scene holds more than its caption names)"
    return Verdict.CANNOT_COMPARE, "nothing of one kind is named on both sides"


def compare_hosted_media(post: Post, frame: ClaimedFrame | None) -> tuple[Comparison, ...]:
    """The upload times platforms write into media ids, against the claimed time and the post.

    Only the post's own media: what it quotes is older by nature.
    """
    posted = post.posted_at
    if posted is None:
        return ()
    own = (ref.uploaded_at for ref in post.media if ref.role is MediaRole.OWN)
    return tuple(_hosted(uploaded.astimezone(UTC), posted, frame) for uploaded in own if uploaded is not None)


def _hosted(uploaded: datetime, posted: datetime, frame: ClaimedFrame | None) -> Comparison:
    before_post = posted - uploaded > HOSTED_SLACK
    before_claim = frame is not None and frame.is_stated and uploaded < frame.earliest
    later = frame.earliest if before_claim and frame is not None else posted
    conflicts = before_claim or before_post
    return Comparison(
        aspect="hosted media date",
        reference_id="",
        verdict=Verdict.CONFLICTS if conflicts else Verdict.CONSISTENT,
        claimed=frame.text if frame else f"posted {instant_words(posted)}",
        known=f"uploaded {instant_words(uploaded)} (read off the media id)",
        arithmetic=time_between(uploaded, later)
        if conflicts
        else "the upload and the post are less than a day apart",
        decisive=before_claim,
    )


def time_between(earlier: datetime, later: datetime) -> str:
    """The sum: in hours when less than two days apart, else in days of the calendar."""
    if later - earlier < timedelta(days=2):
        hours = count(int((later - earlier).total_seconds() // 3600), "hour")
        return f"{instant_words(earlier)} is {hours} before {instant_words(later)}"
    return days_before(earlier.date(), later.date())
