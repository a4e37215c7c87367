"""Stepping through a match segment on a page: the frames side by side, and buttons that move them.

Everything is one form that is sent by GET, so it works without scripts: each button says what to do
with the place and the shift that the page shows, and the view and the blur go along.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from verify.api.callers import Reader
from verify.api.pages.frame import page
from verify.api.problems import Problem, problem_of
from verify.api.schemas import Identifier
from verify.api.services import Served
from verify.api.stepping import PLACE, At, Beside, Located, Number, Sha256, Shift, Which, beside, located
from verify.errors import MediaNotKept, MediaRejected
from verify.pipeline.windows import FrameWindows

router = APIRouter()

SECOND_US = 1_000_000


class Move(StrEnum):
    """What a button does."""

    STAY = ""
    FIRST = "first"
    BACK = "second-back"
    PREVIOUS = "previous"
    NEXT = "next"
    ON = "second-on"
    LAST = "last"
    REFERENCE_PREVIOUS = "reference-previous"
    REFERENCE_NEXT = "reference-next"
    ALIGNED = "aligned"


class Look(StrEnum):
    """How the two frames are shown; the names of the report's views."""

    SIDE = "side"
    TURNED = "turned"
    OVERLAY = "overlay"
    DIFFERENCE = "difference"
    FLICKER = "flicker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    move: Move
    words: str
    is_possible: bool


@router.get(PLACE)
def show(
    *,
    item_id: Identifier,
    sha256: Sha256,
    number: Number,
    request: Request,
    caller: Reader,
    services: Served,
    at: At = None,
    shift: Shift = 0,
    step: Move = Move.STAY,
    look: Look = Look.SIDE,
    clear: Annotated[bool, Query(description="Whether the pictures are shown without the blur")] = False,
) -> Response:
    """Both frames at a time of the query, after the step was made."""
    where = located(services, item_id, sha256, number)
    found: Beside | None = None
    problem: Problem | None = None
    try:
        found = stepped(services.tool.windows, where, at, shift, step)
    except (MediaNotKept, MediaRejected) as error:
        problem = problem_of(error)
    item = where.segment.at(found.query.frame.time_us) if found else where.segment
    return page(
        request,
        "stepping.html",
        caller,
        status=problem.status if problem else 200,
        rules=where.shown.placing[where.segment.anchor],
        where=where,
        item=item,
        found=found,
        problem=problem,
        look=look,
        clear=clear,
        here=_here(where, found, look, clear=clear) if found else "",
        query_buttons=_query_buttons(found) if found else (),
        reference_buttons=_reference_buttons(found) if found else (),
        Which=Which,
    )


def stepped(windows: FrameWindows, where: Located, at_us: int | None, shift_us: int, move: Move) -> Beside:
    """What is shown after the move. Raises what `beside` raises."""
    found = beside(windows, where, at_us, shift_us)
    to_us, shifted_us = _moved(where, found, move)
    if (to_us, shifted_us) == (found.query.frame.time_us, shift_us):
        return found
    return beside(windows, where, to_us, shifted_us)


def _moved(where: Located, found: Beside, move: Move) -> tuple[int, int]:
    """Query time and shift after the move; a step past an end stays there."""
    span = where.segment.segment.query
    query, reference = found.query, found.reference
    here_us = query.frame.time_us
    times = {
        Move.FIRST: span.start_us,
        Move.LAST: max(span.start_us, where.end_us - 1),
        Move.BACK: max(0, here_us - SECOND_US),
        Move.ON: here_us + SECOND_US,
        Move.PREVIOUS: query.previous_us,
        Move.NEXT: query.next_us,
    }
    shifts = {Move.ALIGNED: 0}
    if reference is not None:
        for one, to_us in (
            (Move.REFERENCE_PREVIOUS, reference.previous_us),
            (Move.REFERENCE_NEXT, reference.next_us),
        ):
            shifts[one] = found.shift_us if to_us is None else to_us - found.aligned_us
    to_us = times.get(move)
    return here_us if to_us is None else to_us, shifts.get(move, found.shift_us)


def _query_buttons(found: Beside) -> tuple[Button, ...]:
    query = found.query
    has_previous, has_next = query.previous_us is not None, query.next_us is not None
    if not (has_previous or has_next):
        return ()
    return (
        Button(move=Move.FIRST, words="First of the segment", is_possible=True),
        Button(move=Move.BACK, words="One second back", is_possible=has_previous),
        Button(move=Move.PREVIOUS, words="\u2039 Previous frame", is_possible=has_previous),
        Button(move=Move.NEXT, words="Next frame \u203a", is_possible=has_next),
        Button(move=Move.ON, words="One second on", is_possible=has_next),
        Button(move=Move.LAST, words="Last of the segment", is_possible=True),
    )


def _reference_buttons(found: Beside) -> tuple[Button, ...]:
    step = found.reference
    if step is None or (step.previous_us is None and step.next_us is None):
        return ()
    return (
        Button(
            move=Move.REFERENCE_PREVIOUS,
            words="\u2039 Reference one frame back",
            is_possible=step.previous_us is not None,
        ),
        Button(
            move=Move.REFERENCE_NEXT,
            words="Reference one frame on \u203a",
            is_possible=step.next_us is not None,
        ),
        Button(move=Move.ALIGNED, words="Back to the found alignment", is_possible=found.shift_us != 0),
    )


def _here(where: Located, found: Beside, look: Look, *, clear: bool) -> str:
    """The lasting address of what is shown."""
    place: dict[str, str | int] = {"at": found.query.frame.time_us}
    if found.shift_us:
        place["shift"] = found.shift_us
    if look is not Look.SIDE:
        place["look"] = look.value
    if clear:
        place["clear"] = 1
    return f"{where.address}?{urlencode(place)}"
