"""Values of user code as JSON that every engine can store, or a clear word why not."""

from typing import Any

import orjson
from pydantic import BaseModel

LARGEST_VALUE = 256 * 1024
"""Bytes of JSON that a result or a checkpoint may take."""

_LARGEST_INTEGER = 2**63 - 1


class NotStorable(ValueError):
    """A value of user code cannot be kept by Skalds."""


def plain_json(what: str, value: Any) -> Any:
    """`value` as plain JSON values; pydantic models, dataclasses, dates, UUIDs and enums are converted."""
    if value is None:
        return None
    try:
        text = orjson.dumps(value, default=_dump_model, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotStorable(f"The {what} is not JSON: {error}") from error
    if len(text) > LARGEST_VALUE:
        raise NotStorable(
            f"The {what} takes {len(text)} bytes as JSON, at most {LARGEST_VALUE} are kept. "
            "Put it into a file or an object store and return where it is"
        )
    plain = orjson.loads(text)
    _check(what, plain)
    return plain


def _dump_model(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _check(what: str, value: Any) -> None:
    match value:
        case bool():
            return
        case int() if not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER:
            raise NotStorable(f"The {what} contains an integer of more than 64 bits")
        case list():
            for item in value:
                _check(what, item)
        case dict():
            for name, item in value.items():
                if "\0" in name:
                    raise NotStorable(f"The {what} contains a name with a NUL character")
                _check(what, item)
