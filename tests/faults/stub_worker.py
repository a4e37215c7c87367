"""One embedded worker over items without media: the real loop, limits and signals of `python -m workers`."""

from __future__ import annotations

from tests.faults.stub import opened_stub_checks
from workers import __main__ as worker
from workers import process

process.opened_checks = opened_stub_checks

if __name__ == "__main__":
    worker.main()
