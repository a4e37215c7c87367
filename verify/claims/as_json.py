"""A claim in; the JSON object of `verify claim --json` out (issue 6, point 1)."""

from __future__ import annotations

from datetime import UTC, datetime

from verify.model import Claim, ClaimedTime, EquipmentMention, PlaceMention, Polarity

Json = dict[str, object]


def claim_json(claim: Claim) -> Json:
    """`equipment`, `places`, `time` (the asserted one, or null), every time in `times`, and the notes."""
    return {
        "source": claim.source,
        "equipment": [_equipment(item) for item in claim.equipment],
        "places": [_place(item) for item in claim.places],
        "time": _main_time(claim.times),
        "times": [_time(item) for item in claim.times],
        "notes": list(claim.notes),
    }


def _equipment(item: EquipmentMention) -> Json:
    return {
        "name": item.name,
        "family": item.family,
        "text": item.text,
        "start": item.start,
        "end": item.end,
        "polarity": item.polarity.value,
        "rule": item.rule,
        "confidence": item.confidence,
    }


def _place(item: PlaceMention) -> Json:
    return {
        "name": item.name,
        "lat": item.latitude,
        "lon": item.longitude,
        "radius_km": item.radius_km,
        "text": item.text,
        "start": item.start,
        "end": item.end,
        "polarity": item.polarity.value,
        "rule": item.rule,
        "confidence": item.confidence,
        "alternatives": list(item.alternatives),
    }


def _main_time(times: tuple[ClaimedTime, ...]) -> Json | None:
    """The asserted time of most confidence, the earlier in the text when equal; else the first."""
    asserted = [item for item in times if item.polarity is Polarity.ASSERTED] or list(times)
    if not asserted:
        return None
    best = max(asserted, key=lambda item: item.confidence)
    return {"start": _instant(best.earliest), "end": _instant(best.latest), "text": best.text}


def _time(item: ClaimedTime) -> Json:
    return {
        "start": _instant(item.earliest),
        "end": _instant(item.latest),
        "text": item.text,
        "text_start": item.start,
        "text_end": item.end,
        "polarity": item.polarity.value,
        "rule": item.rule,
        "confidence": item.confidence,
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
