"""`verify reference`: the set of known footage that everything is matched against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from verify.cli.screen import ItemScreen, complain, say, show_table
from verify.fingerprint import ALGORITHM
from verify.model import DateBasisKind, Provenance, Reference
from verify.references.exchange import exported, imported
from verify.reports.inert import clean
from verify.reports.words import clock
from verify.settings import Settings
from verify.store import codec
from verify.store.references import Added
from verify.wiring import opened

EXAMPLES = """
Example:

  verify reference add convoy.mp4 --title "Convoy at Al-Rai" --source-url https://example.org/2016/convoy
  --first-seen 2016-08-24 --first-seen-basis publication --place "Al-Rai, Syria" --lat 36.61 --lon 37.44
  --equipment M60T --note "Published by the maker of the video"

A date of basis publication or archive can decide a finding; one of capture-metadata or testimony is shown
and decides nothing. The same bytes twice are one reference, and the command says so.
"""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Identifier = Annotated[str, typer.Argument(metavar="ID", help="Identifier, or its first 6 digits or more.")]

app = typer.Typer(help="Add, list, show, remove and renew known footage.", no_args_is_help=True)


@app.command("add", epilog=EXAMPLES)
def add(  # noqa: PLR0917 - one option for each fact that is known of a reference
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="Footage, or a post or media address.")],
    title: Annotated[str, typer.Option(help="What to call it.")],
    source_url: Annotated[str, typer.Option(help="Where it was published.")] = "",
    archive_url: Annotated[str, typer.Option(help="An archived copy of that page.")] = "",
    first_seen: Annotated[
        str,
        typer.Option(help="2016, 2016-08, 2016-08-24 or 2016-08-24T09:30:00Z; a post's own date by default."),
    ] = "",
    first_seen_basis: Annotated[DateBasisKind | None, typer.Option(help="What that date rests on.")] = None,
    place: Annotated[str, typer.Option(help='For example "Al-Rai, Syria".')] = "",
    lat: Annotated[float | None, typer.Option(help="Latitude, degrees north.")] = None,
    lon: Annotated[float | None, typer.Option(help="Longitude, degrees east.")] = None,
    radius_km: Annotated[
        float | None, typer.Option(help="How far around that point it may be, km.", min=0)
    ] = None,
    equipment: Annotated[
        list[str] | None, typer.Option(help="What it shows, for example M60T; may be given several times.")
    ] = None,
    claimed: Annotated[str, typer.Option(help="What its publisher said it shows.")] = "",
    note: Annotated[str, typer.Option(help="Your own note.")] = "",
    added_by: Annotated[str, typer.Option(help="Who adds it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add footage to the reference set, with what is known of where it comes from."""
    provenance = Provenance(
        title=title,
        source_url=source_url,
        archive_url=archive_url,
        first_seen=first_seen,
        first_seen_basis=first_seen_basis,
        place=place,
        latitude=lat,
        longitude=lon,
        place_radius_km=radius_km,
        equipment=tuple(equipment or ()),
        claimed=claimed,
        note=note,
        added_by=added_by,
    )
    with opened(Settings()) as tool, ItemScreen(source) as screen:
        added = tool.reference_set.add(source, provenance, lambda share: screen.watch("fingerprint", share))
    if as_json:
        say(_document([{"is_new": one.is_new, "reference": _record(one.reference)} for one in added]))
        return
    for one in added:
        say(_added_words(one))


@app.command("list")
def list_references(
    title: Annotated[str, typer.Option(help="Only those whose title holds this.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """List the reference set, newest first."""
    with opened(Settings()) as tool:
        references = tool.parts.references.list(title=title, limit=limit)
        count = tool.parts.references.count()
    if as_json:
        say(_document([_record(reference) for reference in references]))
        return
    show_table(["Id", "Title", "First seen", "Basis", "Place", "Length"], [_row(one) for one in references])
    say(f"{len(references)} of {count} references")


@app.command("show")
def show(reference_id: Identifier, as_json: AsJson = False) -> None:
    """Show everything that is known of one reference."""
    with opened(Settings()) as tool:
        reference = tool.parts.references.get(reference_id)
    if as_json:
        say(_document(_record(reference)))
        return
    for name, value in _facts(reference):
        if value:
            say(f"{name:14} {clean(value)}")


@app.command("remove")
def remove(reference_id: Identifier) -> None:
    """Take one reference out of the set; reports that name it stay as they are."""
    with opened(Settings()) as tool:
        reference = tool.parts.references.remove(reference_id)
    say(f"Removed {reference.id}: {clean(reference.provenance.title)}")


@app.command("renew")
def renew() -> None:
    """Fingerprint anew what an earlier version of this program fingerprinted, after an upgrade."""
    renewed = 0
    with opened(Settings()) as tool, ItemScreen("the reference set") as screen:
        for one in tool.reference_set.renew(lambda share: screen.watch("fingerprint", share)):
            if one.trouble:
                complain(f"{one.reference.id}: {clean(one.trouble)}")
            renewed += not one.trouble
        left = len(tool.parts.references.unfingerprinted(ALGORITHM))
    say(f"{renewed} references fingerprinted anew, {left} left")
    if left:
        raise typer.Exit(1)


@app.command("export")
def export_set(
    file: Annotated[Path, typer.Argument(help="The file to write, JSON Lines.", dir_okay=False)],
) -> None:
    """Write the set for another desk: provenance, fingerprints and pictures, without the footage itself."""
    with opened(Settings()) as tool, file.open("x", encoding="utf-8") as out:
        out.writelines(exported(tool.parts.references, tool.parts.blobs))
    say(f"Wrote {file}")


@app.command("import")
def import_set(
    file: Annotated[Path, typer.Argument(help="What another desk exported.", exists=True, dir_okay=False)],
) -> None:
    """Take in another desk's export. Bad lines are named and the others taken."""
    with opened(Settings()) as tool, file.open(encoding="utf-8", errors="replace") as lines:
        found = imported(tool.parts.references, tool.parts.blobs, lines, added_by="import")
    say(f"{found.added} added, {found.known} already in the set")
    for line in found.bad:
        complain(f"line {line.number}: {line.sentence}")
    if found.bad:
        raise typer.Exit(1)


def _added_words(added: Added) -> str:
    reference = added.reference
    title = clean(reference.provenance.title)
    if added.is_new:
        return f"Added {reference.id}: {title}"
    return f"Already in the set as {reference.id}: {title}. The same bytes; nothing was changed."


def _row(reference: Reference) -> tuple[str, ...]:
    known = reference.provenance
    basis = known.first_seen_basis.value if known.first_seen_basis else ""
    length = clock(reference.metadata.duration_us) if reference.metadata.duration_us else "still"
    return reference.id, known.title, known.first_seen, basis, known.place, length


def _facts(reference: Reference) -> list[tuple[str, str]]:
    known, media, metadata = reference.provenance, reference.media, reference.metadata
    position = "" if known.latitude is None else f"{known.latitude}, {known.longitude}"
    return [
        ("id", reference.id),
        ("title", known.title),
        ("first seen", known.first_seen),
        ("basis", known.first_seen_basis.value if known.first_seen_basis else ""),
        ("source", known.source_url),
        ("archive", known.archive_url),
        ("place", known.place),
        ("position", position),
        ("radius km", "" if known.place_radius_km is None else f"{known.place_radius_km:g}"),
        ("equipment", ", ".join(known.equipment)),
        ("claimed", known.claimed),
        ("note", known.note),
        ("added", f"{reference.added_at:%Y-%m-%d %H:%M} UTC {known.added_by}".rstrip()),
        ("file", f"{media.original_name} {media.mime}, {media.size_bytes} bytes".strip()),
        ("sha256", media.sha256),
        ("picture", f"{metadata.width} x {metadata.height}, {metadata.codec}, {clock(metadata.duration_us)}"),
    ]


def _record(reference: Reference) -> object:
    return json.loads(codec.dump(reference))


def _document(value: object) -> str:
    return json.dumps(value, indent=2)
