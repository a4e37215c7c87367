"""A `Report` in, its JSON document out, and back.

One versioned schema; every field of the record, in the record's order; instants in ISO 8601, media
times in microseconds. ASCII only, so no direction mark or escape sequence of a post reaches a
terminal. The same report always gives the same bytes.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from verify.errors import UnreadableInput
from verify.model import Report

SCHEMA = "verify.report/1"
"""Changes when a field goes away or changes its meaning; new fields keep it."""


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def to_json(report: Report) -> str:
    """The report as JSON text with a final newline."""
    document = {"schema": SCHEMA} | _adapter().dump_python(report, mode="json")
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def from_json(text: str | bytes) -> Report:
    """The report a document holds. Raises UnreadableInput for anything that is not one of this schema."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise UnreadableInput(f"not a {SCHEMA} document")
        return _adapter().validate_json(json.dumps(document))
    except (ValueError, ValidationError) as error:
        raise UnreadableInput(str(error)) from error


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every document of `to_json` satisfies."""
    schema = _adapter().json_schema(mode="serialization")
    properties = {"schema": {"const": SCHEMA}} | schema["properties"]
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "properties": properties,
        "required": ["schema", *schema["required"]],
    }
