"""`verify claim`: what is read out of a text, without checking any footage."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from verify.claims import claim_json, read_claim
from verify.cli.finished import instant
from verify.cli.screen import say
from verify.desk import FOLDER, Desk
from verify.model import Claim, Polarity
from verify.reports.inert import clean
from verify.settings import Settings

EXAMPLES = """
Examples:

  verify claim "M113 and M60T at Al-#Nayrab, 1 hour ago" --posted-at 2020-02-20T08:10:00Z

  pbpaste | verify claim - --json
"""


def claim(
    text: Annotated[
        str, typer.Argument(metavar="TEXT|-", help="The words; - reads them from standard input.")
    ],
    posted_at: Annotated[
        str, typer.Option(help='When it was posted, ISO 8601: what "1 hour ago" is measured from.')
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which equipment, places and times are read out of a text, and by which rule."""
    words = sys.stdin.read() if text == "-" else text
    found = read_claim(
        words,
        posted_at=instant(posted_at) if posted_at else None,
        source="user",
        reader=Desk(Settings().home.expanduser() / FOLDER).reader,
    )
    if as_json:
        say(json.dumps(claim_json(found), indent=2, ensure_ascii=False))
    else:
        say("\n".join(claim_lines(found)) or "Nothing was read: no equipment, place or time.")


def claim_lines(found: Claim) -> list[str]:
    lines = [_line("equipment", item.name, item.text, item.rule, item.polarity) for item in found.equipment]
    lines += [
        _line(
            "place",
            f"{item.name} ({item.latitude:.4f}, {item.longitude:.4f}, within {item.radius_km:g} km)",
            item.text,
            item.rule,
            item.polarity,
        )
        for item in found.places
    ]
    lines += [
        _line(
            "time",
            f"{item.earliest:%Y-%m-%d %H:%M} to {item.latest:%Y-%m-%d %H:%M} UTC",
            item.text,
            item.rule,
            item.polarity,
        )
        for item in found.times
    ]
    return lines + [f"note       {clean(note)}" for note in found.notes]


def _line(kind: str, value: str, words: str, rule: str, polarity: Polarity) -> str:
    marked = "" if polarity is Polarity.ASSERTED else f", {polarity.value}"
    return f'{kind:10} {clean(value)}: "{clean(words)}" (rule: {rule}{marked})'
