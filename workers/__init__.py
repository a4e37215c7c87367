"""The workers: the embedded claim loop, and the same loop behind Celery's doorbell."""

from __future__ import annotations
