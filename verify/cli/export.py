"""`verify export`: a report as a folder to hand over, with a manifest that anyone can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.cli.finished import report_of
from verify.cli.screen import say
from verify.pipeline.handover import TOKEN_NAME, Handover, hand_over
from verify.settings import Settings
from verify.store.judgements import Judgements
from verify.wiring import opened

EXAMPLES = """
Writes report.html, report.json, report.csv, report.jsonld (schema.org drafts: a rating stands there only when
a named person set one), the pictures, and SHA256SUMS. docs/verify-a-manifest.md says how to check it by hand.

The whole installation, database and files: `verify backup` and `verify restore`. The reference set:
`verify reference export` and `verify reference import`.
"""


def export(
    item_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the item.")],
    out: Annotated[Path, typer.Option(help="Folder to write into.", file_okay=False)],
    with_media: Annotated[bool, typer.Option("--with-media", help="Copy the footage too.")] = False,
) -> None:
    """Write a report as a folder to hand over, with a manifest of its files."""
    settings = Settings()
    with opened(settings) as tool:
        found = report_of(tool, item_id)
        judgements = Judgements(tool.database).of_item(found.item_id)
        done = hand_over(found, judgements, tool.parts.blobs, out, settings, with_media=with_media)
    say(_words(done))


def _words(done: Handover) -> str:
    if done.timestamp is None:
        return f"{done.manifest}\nNo timestamp: VERIFY_TIMESTAMP_AUTHORITIES is empty."
    at = f"{done.timestamp.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{done.manifest}\n{done.folder / TOKEN_NAME}: {at} by {done.timestamp.authority}"
