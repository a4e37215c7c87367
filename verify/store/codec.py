"""Records to JSON and back, exactly.

In: a frozen dataclass of `verify.model` (or a tuple of them) without arrays. Out: UTF-8 JSON whose
bytes depend on the record alone: keys in declaration order, instants in UTC, bytes as base64.
Refuses JSON that does not have the record's shape.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from verify.errors import BlobMissing

T = TypeVar("T")

_CONFIG = ConfigDict(
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
    extra="ignore",  # a checkpoint written by a newer minor version still reads
)


def dump(record: object) -> bytes:
    """The record as JSON."""
    return _adapter(type(record)).dump_json((record,))[1:-1]


def load(kind: type[T], data: bytes) -> T:
    """The record of class `kind` that `dump` wrote. Raises BlobMissing when `data` is not one."""
    try:
        (record,) = _adapter(kind).validate_json(b"[" + data + b"]")
    except ValidationError as error:
        raise BlobMissing(f"a stored {kind.__name__} cannot be read: {error.error_count()} errors") from error
    return record  # type: ignore[no-any-return] # the adapter of `kind` makes nothing else


@cache
def _cached(kind: Any) -> TypeAdapter[Any]:
    # Inside a tuple, since pydantic takes no configuration beside a bare dataclass.
    return TypeAdapter(tuple[kind], config=_CONFIG)


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _cached(kind)
