"""The program: its commands, and how errors become messages and exit codes."""

from __future__ import annotations

import io
import sys

import typer
from pydantic import ValidationError

from verify.cli import check, claim, doctor, export, lexicon, queue, reference, serve, show, store
from verify.cli.screen import complain
from verify.errors import UsageError, VerifyError

EXIT_CODES = """
Exit codes: 0 every item has a report with a finding; 1 something could not be retrieved or read, and the
report or the message says why; 2 wrong use; 130 interrupted (run the same command again to resume).
"""

app = typer.Typer(
    name="verify",
    help="Finds whether the footage of a post has been published before: which seconds, when, where, and "
    "on what basis, by matching it against your own set of dated reference footage.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.add_typer(reference.app, name="reference")
app.command("queue", epilog=queue.EXAMPLES)(queue.queue)
app.command("work")(queue.work)
app.command("list")(show.list_items)
app.command("report")(show.report)
app.command("schema")(show.schema)
app.command("resolve")(show.resolve)
app.command("claim", epilog=claim.EXAMPLES)(claim.claim)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.add_typer(lexicon.app, name="lexicon")
app.command("watch")(queue.watch)
app.command("cancel")(queue.cancel)
app.command("pause")(queue.pause)
app.command("resume")(queue.resume)
app.command("retry")(queue.retry)
app.command("serve")(serve.serve)
app.add_typer(serve.user, name="user")
app.add_typer(serve.key, name="key")
app.command("migrate")(store.migrate)
app.command("backup")(store.backup)
app.command("restore")(store.restore)
app.command("import", hidden=True)(store.import_)
app.command("collect")(store.collect)
app.command("health")(store.health)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Runs the command of `sys.argv` and exits."""
    for stream in (sys.stdout, sys.stderr):  # a terminal of another alphabet must not stop a check
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except UsageError as error:
        complain(error)
        sys.exit(2)
    except ValidationError as error:
        complain_of_settings(error)
        sys.exit(2)
    except VerifyError as error:
        complain(error)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output went away: nothing left to say
        sys.stderr.close()
        sys.exit(1)


def complain_of_settings(error: ValidationError) -> None:
    for wrong in error.errors():
        name = "_".join(str(part) for part in wrong["loc"]).upper()
        complain(
            f"VERIFY_{name}: {wrong['msg']}. `verify doctor` lists every setting, its unit and its default."
        )
