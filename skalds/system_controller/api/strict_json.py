"""Reads JSON that means the same to everyone who reads it after us.

Parsers disagree about what a lenient one lets through: numbers that only some languages can hold, text that cannot be
stored, an object with the same key twice. All of it is refused here, once, before anything looks at the value.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import orjson

from skalds.errors import ValidationFailed

DEEPEST = 32
"""Levels of arrays and objects inside each other."""

_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_LONG_NUMBERS = re.compile(rb"-?[0-9]{19,}(?:[.eE][0-9+.eE-]*)?")
_ESCAPED_NUL = rb"\u0000"


def parse_strict(body: bytes) -> Any:
    """The value of a JSON text; raises `ValidationFailed` with the reason."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _refuse(f"this is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})")
    # What is left without the texts shows keys by their colons and numbers by their digits.
    skeleton = _TEXTS.sub(b'""', body)
    _check_numbers(skeleton)
    keys = _count_keys(value)
    if skeleton.count(b":") != keys:
        _refuse_duplicate_key(body)
    if _ESCAPED_NUL in body and _has_nul(value):
        _refuse("a text contains a NUL character")
    return value


def _check_numbers(skeleton: bytes) -> None:
    for match in _LONG_NUMBERS.finditer(skeleton):
        number = match[0]
        if number.lstrip(b"-").isdigit() and not -(2**63) <= _as_int(number) < 2**63:
            _refuse("an integer does not fit into 64 bits")


def _as_int(digits: bytes) -> int:
    # Thousands of digits would make `int` refuse or take long; any of more than 20 is too large anyway.
    return int(digits) if len(digits) <= 20 else 2**64


def _count_keys(value: Any) -> int:
    """Keys of all objects together; refuses what is nested too deeply."""
    keys, level, depth = 0, [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            _refuse(f"arrays and objects are nested more than {DEEPEST} deep")
        keys += sum(len(item) for item in level if isinstance(item, dict))
        level = [child for item in level for child in _children(item)]
    return keys


def _children(item: Any) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def _has_nul(value: Any) -> bool:
    # Written without escapes for anything but control characters, so a NUL can only come from one.
    return "\x00" in "".join(_texts(value))


def _texts(value: Any) -> Iterable[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _refuse_duplicate_key(body: bytes) -> NoReturn:
    def find(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse(f"an object has the key {key[:80]!r} twice")
            seen.add(key)

    json.loads(body, object_pairs_hook=find, parse_float=lambda _: math.nan, parse_int=lambda _: 0)
    _refuse("an object has a key twice")


def _refuse(reason: str) -> NoReturn:
    raise ValidationFailed.of("body", reason)
