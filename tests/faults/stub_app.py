"""The real Celery application over items without media: `celery -A tests.faults.stub_app`."""

from __future__ import annotations

import os

from tests.faults.stub import opened_stub_checks
from workers import process
from workers.app import app

process.opened_checks = opened_stub_checks
app.conf.include = ["workers.tasks", "tests.faults.stub_app"]  # spawned children import this too
if visibility := os.environ.get("STUB_VISIBILITY_SECONDS"):
    options = {"visibility_timeout": float(visibility), "unacked_restore_interval": 1}
    app.conf.broker_transport_options = app.conf.broker_transport_options | options

__all__ = ["app"]
