"""A finished `Report` in, documents out: JSON, a self-contained HTML page, CSV rows, a few terminal lines.

Everything a post, a file or a reference says is untrusted text, and this room is where it is made
inert: escaped for HTML, guarded against spreadsheet formulas, stripped of control and
direction-changing characters for the terminal. No network, no disk but the package's templates.
"""

from __future__ import annotations

from verify.reports.jsonld import to_jsonld
from verify.reports.page import to_html
from verify.reports.schema import SCHEMA, from_json, json_schema, to_json
from verify.reports.table import to_csv
from verify.reports.terminal import short_finding

__all__ = ["SCHEMA", "from_json", "json_schema", "short_finding", "to_csv", "to_html", "to_json", "to_jsonld"]
