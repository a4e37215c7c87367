"""Log lines: the item in each, JSON on demand, and no control characters of strangers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from verify.logs import about_item, configure


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(captured: pytest.CaptureFixture[str]) -> list[str]:
    return captured.readouterr().err.splitlines()


def test_json_gives_one_object_a_line_with_the_item_and_what_was_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(form="json", level="INFO")
    log = logging.getLogger("verify.worker")
    with about_item("0123456789abcdef"):
        log.info("ended as %s\nand more", "done", extra={"finding": "earlier_copy_found"})
    log.debug("not asked for")
    log.warning("about nothing")
    first, second = (json.loads(line) for line in lines(capsys))
    moment = datetime.fromisoformat(first.pop("time"))
    assert moment.utcoffset() is not None
    assert first == {
        "level": "INFO",
        "logger": "verify.worker",
        "item": "0123456789abcdef",
        "message": "ended as done\nand more",
        "finding": "earlier_copy_found",
    }
    assert (second["item"], second["message"]) == ("", "about nothing")


def test_json_holds_the_traceback_within_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(form="json")
    try:
        logging.getLogger("verify.worker").info(1 // 0)
    except ZeroDivisionError:
        logging.getLogger("verify.worker").exception("a defect")
    (line,) = lines(capsys)
    assert json.loads(line)["traceback"].endswith("ZeroDivisionError: integer division or modulo by zero")


def test_json_takes_whatever_is_added(capsys: pytest.CaptureFixture[str]) -> None:
    configure(form="json")
    odd: Any = object()
    logging.getLogger("verify").info("odd", extra={"odd": odd})
    (line,) = lines(capsys)
    assert json.loads(line)["odd"] == str(odd)


def test_text_names_the_item_and_shows_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with about_item("0123456789abcdef"):
        logging.getLogger("verify.worker").warning("file \x1b[31m%s", "a\nb")
    (line,) = lines(capsys)
    assert line.endswith(r" WARNING verify.worker [0123456789abcdef] file \x1b[31ma\nb")
