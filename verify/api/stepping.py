"""A match segment frame by frame: the query's own frames, and the reference's beside them.

In: an item, a medium of it, a segment, a time in the query. Out: both frames with their true times, the
times of their neighbours, and the pictures, decoded from the kept media when asked for. A side whose
footage is not kept or cannot be read is told as a problem; without the query nothing can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel

from verify.api.callers import Reader
from verify.api.conditional import forever, known_forever
from verify.api.problems import Problem, problem_of
from verify.api.schemas import Identifier
from verify.api.security import own_origin
from verify.api.services import Served, Services, parsed
from verify.errors import MediaNotKept, MediaRejected, NoSuchRecord
from verify.model import MediaFile, MediaKind
from verify.pipeline.windows import FrameWindows, Step
from verify.reports import outline
from verify.reports.timemap import reference_time_us
from verify.reports.view import MediaView, ReportView, SegmentView, view
from verify.store.items import FinishedReport

router = APIRouter(tags=["reports"], dependencies=[Depends(own_origin)])

PLACE = "/items/{item_id}/media/{sha256}/segments/{number}/frames"
_MOST_US = 2**53
#: The last frame may start after the length that a header states, but not long after.
_PAST_END_US = 1_000_000

Sha256 = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, PathParameter(ge=1, le=10_000, description="The segment's number in the report")]
At = Annotated[
    int | None, Query(ge=0, le=_MOST_US, description="Time in the query, microseconds; default: its start")
]
Shift = Annotated[
    int,
    Query(ge=-_MOST_US, le=_MOST_US, description="Microseconds by which the reference is moved on"),
]


class Which(StrEnum):
    QUERY = "query"
    REFERENCE = "reference"


class FrameOut(BaseModel):
    """One frame of one side. Times in microseconds from the first picture of that file."""

    media_sha256: str
    time_us: int
    previous_us: int | None
    next_us: int | None
    around_us: list[int]
    picture: str


class FramesOut(BaseModel):
    """The query's frame at a time, and the reference's that the segment lays beside it."""

    item_id: str
    number: int
    is_inside: bool
    shift_us: int
    aligned_us: int
    query: FrameOut
    reference: FrameOut | None
    reference_problem: Problem | None
    orientation: str
    query_outline: list[tuple[float, float]]
    reference_outline: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A segment of a stored report."""

    item_id: str
    shown: ReportView
    media: MediaView
    segment: SegmentView
    query: MediaFile
    reference: MediaFile | None  #: None: its record is not in the report
    reference_duration_us: int

    @property
    def address(self) -> str:
        return stepping_address(self.item_id, self.query.sha256, self.segment.number)

    @property
    def end_us(self) -> int:
        """The segment's end in the query; at the stated end of the file it takes in the last frame."""
        end_us, decode = self.segment.segment.query.end_us, self.media.media.decode
        reaches_end = decode is not None and end_us >= decode.metadata.duration_us
        return end_us + _PAST_END_US if reaches_end else end_us

    def picture(self, which: Which, time_us: int) -> str:
        return f"/api/v1{self.address}/{which.value}/{time_us}.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is shown side by side."""

    query: Step
    reference: Step | None
    problem: Problem | None  #: why there is no reference frame
    shift_us: int
    aligned_us: int  #: the reference's time by the found alignment
    is_inside: bool  #: the query's frame lies in the matched segment


@router.get(PLACE)
def frames(
    *,
    item_id: Identifier,
    sha256: Sha256,
    number: Number,
    _caller: Reader,
    services: Served,
    at: At = None,
    shift: Shift = 0,
) -> FramesOut:
    """The frames of a match segment at a time of the query, with the times of their next neighbours."""
    where = located(services, item_id, sha256, number)
    found = beside(services.tool.windows, where, at, shift)
    segment = outline.at(where.segment.segment, found.query.frame.time_us)
    reference = where.reference
    return FramesOut(
        item_id=item_id,
        number=number,
        is_inside=found.is_inside,
        shift_us=shift,
        aligned_us=found.aligned_us,
        query=_frame(where, Which.QUERY, where.query, found.query),
        reference=_frame(where, Which.REFERENCE, reference, found.reference)
        if reference and found.reference
        else None,
        reference_problem=found.problem,
        orientation=segment.orientation.value,
        query_outline=list(outline.frame_on_query(segment)),
        reference_outline=list(outline.frame_on_reference(segment)),
    )


@router.get(PLACE + "/{which}/{time_us}.jpg", response_class=Response)
def frame_picture(
    *,
    item_id: Identifier,
    sha256: Sha256,
    number: Number,
    which: Which,
    time_us: Annotated[int, PathParameter(ge=0, le=_MOST_US)],
    request: Request,
    _caller: Reader,
    services: Served,
) -> Response:
    """The frame that starts at exactly that time, as JPEG."""
    where = located(services, item_id, sha256, number)
    file = where.query if which is Which.QUERY else where.reference
    if file is None:
        raise MediaNotKept("the report does not describe the reference")
    tag = f'"{file.sha256}-{time_us}"'
    known = known_forever(request, tag)
    if known is not None:
        return known  # before anything is decoded
    frame = services.tool.windows.step(file, time_us).frame
    if frame.time_us != time_us:
        raise NoSuchRecord(f"no frame starts at {time_us} us")
    return Response(frame.jpeg, media_type="image/jpeg", headers=forever(tag))


def _frame(where: Located, which: Which, file: MediaFile, step: Step) -> FrameOut:
    return FrameOut(
        media_sha256=file.sha256,
        time_us=step.frame.time_us,
        previous_us=step.previous_us,
        next_us=step.next_us,
        around_us=list(step.around_us),
        picture=where.picture(which, step.frame.time_us),
    )


# --- shared with the page ---------------------------------------------------------------------


def stepping_address(item_id: str, sha256: str, number: int) -> str:
    """Where the page is that steps through a segment."""
    return PLACE.format(item_id=item_id, sha256=sha256, number=number)


def located(services: Services, item_id: str, sha256: str, number: int) -> Located:
    """The segment in the item's newest report. Raises NoSuchItem, NoSuchRecord."""
    shown = _view(services.stored_report(item_id))
    for media in shown.media:
        file = media.media.file
        if file is not None and file.sha256 == sha256 and number <= len(media.segments):
            segment = media.segments[number - 1]
            known = {one.reference.id: one.reference for one in shown.references}
            reference = known.get(segment.segment.reference_id)
            return Located(
                item_id=item_id,
                shown=shown,
                media=media,
                segment=segment,
                query=file,
                reference=reference.media if reference else None,
                reference_duration_us=reference.metadata.duration_us if reference else 0,
            )
    raise NoSuchRecord(f"the newest report has no segment {number} of {sha256}")


@lru_cache(maxsize=64)
def _view(stored: FinishedReport) -> ReportView:
    return view(parsed(stored))


def beside(windows: FrameWindows, where: Located, at_us: int | None, shift_us: int) -> Beside:
    """Both frames. Raises MediaNotKept, MediaRejected for the query, FramesBusy for either."""
    segment = where.segment.segment
    query = windows.step(where.query, _within(where, segment.query.start_us if at_us is None else at_us))
    time_us = query.frame.time_us
    aligned_us = reference_time_us(segment, time_us, reference_duration_us=where.reference_duration_us)
    reference, problem = _reference(windows, where, aligned_us + shift_us)
    is_still = segment.query.duration_us == 0
    return Beside(
        query=query,
        reference=reference,
        problem=problem,
        shift_us=shift_us,
        aligned_us=aligned_us,
        is_inside=is_still or segment.query.start_us <= time_us < where.end_us,
    )


def _within(where: Located, time_us: int) -> int:
    """A time past the end stands for the end, so that nothing far away is sought."""
    decode = where.media.media.decode
    if decode is None:
        return time_us
    return min(time_us, max(decode.metadata.duration_us, decode.read_until_us) + _PAST_END_US)


def _reference(windows: FrameWindows, where: Located, time_us: int) -> tuple[Step | None, Problem | None]:
    if where.reference is None:
        return None, problem_of(MediaNotKept("the report does not describe the reference"))
    is_still = where.reference.kind is MediaKind.IMAGE
    time_us = 0 if is_still else min(max(time_us, 0), where.reference_duration_us + _PAST_END_US)
    try:
        return windows.step(where.reference, time_us), None
    except (MediaNotKept, MediaRejected) as error:
        return None, problem_of(error)
