"""What the request handlers work with, made once for each process.

In: an opened `Tool`. Out: the stores behind it, and the few caches that hold only what cannot change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Request

from verify.api.limits import Limiter
from verify.bell import Bell, bell_for, ring_for
from verify.errors import NoSuchRecord
from verify.model import ItemState, Report
from verify.reports import from_json
from verify.store.blobs import Blobs
from verify.store.items import FinishedReport, Item
from verify.store.judgements import Judgements
from verify.store.ledger import Ledger
from verify.store.people import People
from verify.store.references import ReferenceStore
from verify.store.requests import RequestLog
from verify.store.texts import Texts
from verify.store.webhooks import Webhooks
from verify.wiring import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a handler may ask."""

    tool: Tool
    people: People
    judgements: Judgements
    texts: Texts
    request_log: RequestLog
    webhooks: Webhooks
    bell: Bell
    open_on_loopback: bool  #: whether a local request without a key may do everything
    limiter: Limiter = field(default_factory=Limiter)

    @property
    def ledger(self) -> Ledger:
        return self.tool.parts.ledger

    @property
    def blobs(self) -> Blobs:
        return self.tool.parts.blobs

    @property
    def references(self) -> ReferenceStore:
        return self.tool.parts.references

    def called(self, *items: Item) -> None:
        """Tells the workers, after the commit; an unheard bell delays and loses nothing."""
        ring_for(self.bell, [item for item in items if item.state is ItemState.QUEUED])

    def report(self, item_id: str) -> Report:
        """The newest report of the item. Raises NoSuchItem, and NoSuchRecord while there is none."""
        return parsed(self.stored_report(item_id))

    def stored_report(self, item_id: str) -> FinishedReport:
        """The same, as stored."""
        stored = self.ledger.report(item_id)
        if stored is None:
            raise NoSuchRecord(f"item {item_id} has no report yet")
        return stored


def services_of(tool: Tool, *, open_on_loopback: bool) -> Services:
    database = tool.database
    return Services(
        tool=tool,
        people=People(database),
        judgements=Judgements(database),
        texts=Texts(database),
        request_log=RequestLog(database),
        webhooks=Webhooks(database),
        bell=bell_for(tool.settings.broker_url.get_secret_value()),
        open_on_loopback=open_on_loopback,
    )


@lru_cache(maxsize=64)
def parsed(stored: FinishedReport) -> Report:
    """A stored report never changes, so it is read once."""
    return from_json(stored.json)


def picture_address(sha256: str) -> str:
    """Where a picture is served."""
    return f"/api/v1/pictures/{sha256}"


async def current(request: Request) -> Services:
    """The services of the application that was asked; not in a thread of its own, since it only looks."""
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(current)]
