"""What a file says of itself (container tags, EXIF) against the claim: shown, never decisive (pure).

Capture dates, GPS positions, devices and traces of editing or encoding software. Platforms strip these and
anyone can set them, so an agreement proves nothing and a contradiction is a reason to look, in so many
words. Clocks at their epoch (1904, 1970, 1980) were never set and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from verify.claims.sphere import distance_km
from verify.findings.comparing import ClaimedFrame, finest_places, time_between
from verify.findings.dates import EAST, WEST
from verify.findings.wording import capitalised, days_before, instant_words, medium_words
from verify.model import Claim, Comparison, CredentialsState, MediaReport, Verdict

CAUTION = "platforms strip such metadata and anyone can set it"
GPS_RADIUS_KM = 1.0  # a phone's fix, with room for a bad one
_DATES = ("datetimeoriginal", "com.apple.quicktime.creationdate", "creation_time", "date", "datetime")
_PLACES = ("gpsposition", "com.apple.quicktime.location.iso6709", "location", "location-eng")
_DEVICES = ("make", "model", "com.apple.quicktime.make", "com.apple.quicktime.model", "com.android.version")
_SOFTWARE = ("software", "encoder", "com.apple.quicktime.software", "comment", "handler_name")
_EPOCHS = frozenset({1904, 1970, 1980})
_EXIF_DATE = re.compile(r"(\d{4}):(\d{2}):(\d{2}) (\d{2}):(\d{2}):(\d{2})")
_CREATED = re.compile(r"c2pa\.created at (\S+)")
_ISO_6709 = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)")


def compare_metadata(
    media: Sequence[MediaReport], claim: Claim | None, frame: ClaimedFrame | None
) -> tuple[Comparison, ...]:
    """The capture date and position of every medium that states one, against the claim."""
    found: list[Comparison] = []
    for medium in media:
        tags = _tags(medium)
        name = medium_words(medium, media)
        found += [_date(name, *stated, frame) for stated in (*_capture_dates(tags), *_signed_dates(medium))]
        found += [_place(name, position, claim) for position in _positions(tags)]
    return tuple(found)


def metadata_sentences(media: Sequence[MediaReport]) -> list[str]:
    """Devices and software that the files name, one sentence a medium."""
    sentences: list[str] = []
    for medium in media:
        tags = _tags(medium)
        device = " ".join(dict.fromkeys(tags[key] for key in _DEVICES if key in tags))
        software = ", ".join(dict.fromkeys(tags[key] for key in _SOFTWARE if key in tags))
        parts = [f"device “{device}”" if device else "", f"software “{software}”" if software else ""]
        stated = " and ".join(part for part in parts if part)
        if stated:
            name = capitalised(medium_words(medium, media))
            sentences.append(f"{name} names its {stated} in its metadata; {CAUTION}.")
    return sentences


def credential_sentences(media: Sequence[MediaReport]) -> list[str]:
    """What content credentials say, with what they do not; a file without any is not spoken of."""
    said = {CredentialsState.VALID: "that fit the file", CredentialsState.INVALID: "that do not fit the file"}
    sentences: list[str] = []
    for medium in media:
        found = medium.credentials
        if found is None or found.state not in said:
            continue
        name = capitalised(medium_words(medium, media))
        details = "; ".join(found.actions if found.state is CredentialsState.VALID else found.problems)
        sentences.append(
            f"{name} carries content credentials {said[found.state]}, signed by “{found.signer or 'nobody'}”"
            f"{f': {details}' if details else ''}. They show who signed what, not that a caption is right."
        )
    return sentences


def _signed_dates(medium: MediaReport) -> Iterator[tuple[str, datetime, bool]]:
    """When credentials that fit the file say it was made."""
    found = medium.credentials
    if found is None or found.state is not CredentialsState.VALID:
        return
    for action in found.actions:
        match = _CREATED.match(action)
        moment = _moment(match[1], "") if match else None
        if moment is not None and moment.tzinfo is not None:
            yield f"content credentials: {action}", moment.astimezone(UTC), True
            return


def _tags(medium: MediaReport) -> dict[str, str]:
    tags = medium.decode.metadata.tags if medium.decode else ()
    return {key.casefold(): value.strip() for key, value in tags if value.strip()}


def _capture_dates(tags: Mapping[str, str]) -> Iterator[tuple[str, datetime, bool]]:
    """The first readable capture date: as stated, in UTC, and whether its zone is known."""
    for key in _DATES:
        moment = _moment(
            tags.get(key, ""), tags.get("offsettimeoriginal", "") if key == "datetimeoriginal" else ""
        )
        if moment is not None and moment.year not in _EPOCHS:
            known = moment.tzinfo is not None
            yield f"{key} {tags[key]}", moment.astimezone(UTC) if known else moment.replace(tzinfo=UTC), known
            return


def _moment(text: str, offset: str) -> datetime | None:
    exif = _EXIF_DATE.match(text)
    written = "{}-{}-{}T{}:{}:{}".format(*exif.groups()) + offset.strip() if exif else text
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _date(
    name: str, stated: str, moment: datetime, zone_known: bool, frame: ClaimedFrame | None
) -> Comparison:
    west, east = (timedelta(), timedelta()) if zone_known else (WEST, EAST)
    verdict, arithmetic = Verdict.CANNOT_COMPARE, "neither the post's date nor a claimed time is known"
    if frame is not None and moment + west < frame.earliest:
        verdict = Verdict.CONFLICTS if frame.is_stated else Verdict.CANNOT_COMPARE
        arithmetic = time_between(moment, frame.earliest)
    elif frame is not None and moment - east > frame.latest + timedelta(days=1):
        verdict = Verdict.CONFLICTS
        arithmetic = f"{days_before(frame.latest.date(), moment.date())}: the clock was wrong or set"
    elif frame is not None:
        verdict, arithmetic = Verdict.CONSISTENT, f"{instant_words(moment)} lies within the claimed time"
    return Comparison(
        aspect="media metadata date",
        reference_id="",
        verdict=verdict,
        claimed=frame.text if frame else "unknown",
        known=f"{name} says {stated}; {CAUTION}",
        arithmetic=arithmetic,
    )


def _positions(tags: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    for key in _PLACES:
        match = _ISO_6709.match(tags.get(key, ""))
        if match is not None:
            latitude, longitude = float(match[1]), float(match[2])
            if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):
                yield latitude, longitude
                return


def _place(name: str, position: tuple[float, float], claim: Claim | None) -> Comparison:
    places = finest_places(claim)
    sums = sorted(
        (
            distance_km(*position, place.latitude, place.longitude) - place.radius_km - GPS_RADIUS_KM,
            place.name,
        )
        for place in places
    )
    arithmetic = "the claim names no place"
    if sums:
        nearest = next(place for place in places if place.name == sums[0][1])
        apart = distance_km(*position, nearest.latitude, nearest.longitude)
        arithmetic = f"{apart:.0f} km from {nearest.name}, whose radius is {nearest.radius_km:.0f} km"
    verdict = Verdict.CANNOT_COMPARE
    if sums:
        verdict = Verdict.CONFLICTS if sums[0][0] > 0 else Verdict.CONSISTENT
    return Comparison(
        aspect="media metadata place",
        reference_id="",
        verdict=verdict,
        claimed=", ".join(dict.fromkeys(place.name for place in places)) or "no place read",
        known=f"{name} says {position[0]:.4f}, {position[1]:.4f}; {CAUTION}",
        arithmetic=arithmetic,
    )
