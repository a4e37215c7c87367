"""`verify lexicon`: the desk's own names of equipment and places, and what is to mend in their tables."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from verify.cli.screen import say
from verify.desk import FOLDER, Desk
from verify.reports.inert import clean
from verify.settings import Settings

EXAMPLES = """
Tables of your own lie in VERIFY_HOME/lexicon. equipment*.csv has the columns
name,class,parent,flags,en,ar,tr,ru,uk,he,fa,source and places*.csv the columns
name,country,kind,latitude,longitude,radius_km,weight,timezone,aliases,source. Example of a place:

  Kafr Example,SY,village,35.9000,36.7000,3,1000,Asia/Damascus,Kfar Example;كفر مثال,desk
"""

app = typer.Typer(help="The desk's own names of equipment and places.", no_args_is_help=True)


@app.callback()
def lexicon() -> None:
    """The desk's own names of equipment and places."""


@app.command("check", epilog=EXAMPLES)
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Name every fault in the desk's tables; exit code 1 when there is one."""
    desk = Desk(Settings().home.expanduser() / FOLDER)
    faults = [(path.name, fault) for path, found in desk.faults().items() for fault in found]
    if as_json:
        say(
            json.dumps(
                [{"table": name, "line": fault.line, "fault": fault.sentence} for name, fault in faults]
            )
        )
    else:
        say(
            "\n".join(f"{name}:{fault.line}: {clean(fault.sentence)}" for name, fault in faults)
            or _all_well(desk)
        )
    raise typer.Exit(1 if faults else 0)


def _all_well(desk: Desk) -> str:
    reader = desk.reader
    return (
        f"No faults. {len(reader.lexicon.types)} types of equipment and {len(reader.gazetteer.places)} "
        f"places are known, with the tables in {desk.folder}."
    )
