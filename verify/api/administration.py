"""Webhooks and keys over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from verify.api.callers import Admin
from verify.api.schemas import (
    DeliveriesOut,
    DeliveryOut,
    Identifier,
    KeyIn,
    KeyOut,
    KeysOut,
    NewKeyOut,
    NewWebhookOut,
    WebhookIn,
    WebhookOut,
    WebhooksOut,
)
from verify.api.security import own_origin
from verify.api.services import Served
from verify.fetch.guard import Guard

webhooks = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=[Depends(own_origin)])
keys = APIRouter(prefix="/keys", tags=["keys"], dependencies=[Depends(own_origin)])


@webhooks.get("")
def list_webhooks(_caller: Admin, services: Served) -> WebhooksOut:
    """The addresses that are called when an item ends."""
    return WebhooksOut(webhooks=[WebhookOut.of(webhook) for webhook in services.webhooks.list()])


@webhooks.post("", status_code=201)
def add_webhook(wanted: WebhookIn, caller: Admin, services: Served) -> NewWebhookOut:
    """Call this address, signed with the secret that is shown this once, whenever an item ends."""
    Guard(services.tool.settings.allow_private_hosts).target(wanted.url)
    webhook = services.webhooks.add(wanted.url, added_by=caller.name)
    return NewWebhookOut(webhook=WebhookOut.of(webhook), secret=webhook.secret)


@webhooks.delete("/{webhook_id}", status_code=204)
def remove_webhook(webhook_id: Identifier, _caller: Admin, services: Served) -> None:
    """Stop calling it."""
    services.webhooks.remove(webhook_id)


@webhooks.get("/{webhook_id}/deliveries")
def list_deliveries(webhook_id: Identifier, _caller: Admin, services: Served) -> DeliveriesOut:
    """What was sent or is to be sent, newest first, with what came of it."""
    services.webhooks.get(webhook_id)
    found = services.webhooks.deliveries(webhook_id)
    return DeliveriesOut(deliveries=[DeliveryOut.of(delivery) for delivery in found])


@keys.get("")
def list_keys(_caller: Admin, services: Served) -> KeysOut:
    """The keys, without their secrets."""
    return KeysOut(keys=[KeyOut.of(key) for key in services.people.list_keys()])


@keys.post("", status_code=201)
def add_key(wanted: KeyIn, _caller: Admin, services: Served) -> NewKeyOut:
    """Make a key. Its secret is shown this once."""
    made = services.people.add_key(wanted.name, wanted.scopes, per_minute=wanted.per_minute)
    return NewKeyOut(key=KeyOut.of(made.key), secret=made.secret)


@keys.delete("/{key_id}", status_code=204)
def revoke_key(key_id: Identifier, _caller: Admin, services: Served) -> None:
    """End what the key may do, at once."""
    services.people.revoke_key(key_id)
