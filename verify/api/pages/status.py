"""Settings and health: how the queue stands, which limits hold, who may use this server."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from verify.api.callers import Admin
from verify.api.health import problems
from verify.api.pages.frame import page
from verify.api.services import Served
from verify.settings import Settings

router = APIRouter()


@router.get("/status")
def show(request: Request, caller: Admin, services: Served) -> Response:
    """The state of this installation. Secrets are not shown."""
    settings = services.tool.settings
    rows = [
        (f"VERIFY_{name.upper()}", _shown(getattr(settings, name)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return page(
        request,
        "status.html",
        caller,
        depths=services.ledger.depths(),
        settings=rows,
        reference_count=services.references.count(),
        problems=tuple(problems(services)),
        idle_seconds=services.ledger.seconds_since_work() if services.ledger.due(most=1) else 0.0,
        database=services.tool.database.kind,
        users=services.people.list_users(),
        keys=services.people.list_keys(),
        webhooks=services.webhooks.list(),
        is_open=services.open_on_loopback,
    )


def _shown(value: object) -> str:
    """A setting as a person would write it; nothing for none."""
    if value is None or value == ():
        return ""
    return _without_password(", ".join(map(str, value)) if isinstance(value, tuple) else str(value))


def _without_password(value: str) -> str:
    """An address without its user name and password."""
    return re.sub(r"//[^/@\s]*@", "//…@", value)
