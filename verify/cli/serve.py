"""`verify serve`: the API, the pages and the workers in one command; `verify user`, `verify key`: for whom.

In: where to listen. Out: a running server, beyond loopback open to nobody without a key or a password.
"""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from verify import logs
from verify.cli.screen import complain, say, show_table
from verify.errors import UsageError
from verify.settings import Settings
from verify.store.people import People, Scope
from verify.wiring import opened
from workers.supervisor import WORKER, Supervisor

DEFAULT_PORT = 8400
CLOSE_SECONDS = 5  # for requests in hand when asked to stop
KEEP_SECONDS = 75  # an idle connection stays open: longer than a reader thinks

user = typer.Typer(no_args_is_help=True, help="People who sign in to the pages.")
key = typer.Typer(no_args_is_help=True, help="Keys for programs that call the API.")

Scopes = Annotated[
    list[Scope] | None,
    typer.Option(
        "--scope", help="What they may do: read, queue, curate (the reference set), admin. Repeatable."
    ),
]
_ALL_BUT_ADMIN = (Scope.READ, Scope.QUEUE, Scope.CURATE)


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback needs keys or users.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = DEFAULT_PORT,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Worker processes beside the server; 0: others do the work.")
    ] = 1,
) -> None:
    """Serve the API and the pages, and work off the queue beside them.

    Bound to loopback, requests from this machine itself need no key.
    """
    # The web framework is only loaded here: the other commands start faster without it.
    import uvicorn  # noqa: PLC0415

    from verify.api import create_app  # noqa: PLC0415
    from verify.api.callers import is_loopback_name  # noqa: PLC0415

    settings = Settings()
    logs.configure(form=settings.log_format, level=settings.log_level)
    is_loopback = is_loopback_name(host)
    with opened(settings) as tool:
        if not is_loopback and not People(tool.database).is_anyone():
            complain("nobody can use this server yet: `verify user add` or `verify key add` lets people in")
        app = create_app(tool, open_on_loopback=is_loopback)
        complain_where(host, port)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
            timeout_keep_alive=KEEP_SECONDS,
        )
        # Uvicorn sends itself the signal once more when it has closed; the workers still have to stop.
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        with _workers(workers):
            uvicorn.Server(config).run()


@contextmanager
def _workers(count: int) -> Iterator[None]:
    """That many worker processes while the block lasts; they also end when this process dies."""
    supervisor = Supervisor(count, command=_yielding(WORKER))
    thread = threading.Thread(target=supervisor.run, name="workers")
    thread.start()
    try:
        yield
    finally:
        supervisor.stop()
        thread.join()


def _yielding(command: Sequence[str]) -> tuple[str, ...]:
    """The command at a lower priority: analysing may take every core, and pages must still come at once."""
    return ("nice", "-n", "10", *command) if shutil.which("nice") else tuple(command)


def complain_where(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    complain(f"serving on http://{shown}:{port}/ - stop with Ctrl-C")


@user.command("add")
def add_user(
    name: str,
    scope: Scopes = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a person; asks for the password."""
    password = _password(from_stdin=password_stdin)
    with opened(Settings()) as tool:
        added = People(tool.database).add_user(name, password, scope or _ALL_BUT_ADMIN)
    say(f"Added {added.name}: {', '.join(sorted(added.scopes))}")


@user.command("password")
def set_password(
    name: str,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Set a new password and end the person's sessions."""
    password = _password(from_stdin=password_stdin)
    with opened(Settings()) as tool:
        People(tool.database).set_password(name, password)
    say(f"Changed the password of {name}")


@user.command("disable")
def disable_user(name: str) -> None:
    """End what a person may do. What they judged stays."""
    with opened(Settings()) as tool:
        People(tool.database).disable_user(name)
    say(f"Disabled {name}")


@user.command("list")
def list_users() -> None:
    """List the people."""
    with opened(Settings()) as tool:
        found = People(tool.database).list_users()
    rows = [
        (one.name, ", ".join(sorted(one.scopes)), "disabled" if one.disabled_at else "active")
        for one in found
    ]
    show_table(("name", "scopes", "state"), rows)


@key.command("add")
def add_key(
    name: str,
    scope: Scopes = None,
    per_minute: Annotated[int, typer.Option(min=1, max=100_000, help="Requests a minute.")] = 600,
) -> None:
    """Make a key and print its secret, this once."""
    with opened(Settings()) as tool:
        made = People(tool.database).add_key(name, scope or _ALL_BUT_ADMIN, per_minute=per_minute)
    complain(f"key {made.key.id} may {', '.join(sorted(made.key.scopes))}; its secret is shown this once")
    say(made.secret)


@key.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    with opened(Settings()) as tool:
        found = People(tool.database).list_keys()
    rows = [
        (one.id, one.name, ", ".join(sorted(one.scopes)), "revoked" if one.revoked_at else "in use")
        for one in found
    ]
    show_table(("identifier", "name", "scopes", "state"), rows)


@key.command("revoke")
def revoke_key(identifier: str) -> None:
    """End a key at once."""
    with opened(Settings()) as tool:
        People(tool.database).revoke_key(identifier)
    say(f"Revoked {identifier}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise UsageError("no terminal to ask for the password on; use --password-stdin")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
