"""Log lines that name the item they are about: text for people, JSON on demand.

In: a format and a level. Out: the root logger set up once per process, on standard error. Control
characters in messages are made visible, since names and addresses in them come from strangers.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_item: ContextVar[str] = ContextVar("item", default="")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "item", "taskName"}


@contextmanager
def about_item(item_id: str) -> Iterator[None]:
    """Every line logged in this block, by this thread, names the item."""
    token = _item.set(item_id)
    try:
        yield
    finally:
        _item.reset(token)


def configure(*, form: str = "text", level: str = "INFO") -> None:
    """Sends the log to standard error; `form` is "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    handler.addFilter(_name_item)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx2", "httpcore2", "alembic", "botocore", "boto3", "urllib3", "faiss"):
        logging.getLogger(chatty).setLevel("WARNING")


def _name_item(record: logging.LogRecord) -> bool:
    record.item = _item.get()
    return True


class TextLines(logging.Formatter):
    """Lines such as `2026-01-31T12:00:00.000Z INFO verify.worker [item] message`."""

    def format(self, record: logging.LogRecord) -> str:
        item = f"[{record.__dict__.get('item')}] " if record.__dict__.get("item") else ""
        line = f"{_instant(record)} {record.levelname} {record.name} {item}{_visible(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, item, message, and whatever `extra` held."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "item": record.__dict__.get("item", ""),
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _instant(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
