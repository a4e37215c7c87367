"""What is kept: the ledger of items, the reference set and the files, in SQL and in blobs."""

from __future__ import annotations
