"""Strict JSON agrees with the standard library on everything it accepts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.errors import ValidationFailed
from skalds.system_controller.api.strict_json import parse_strict

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_whatever_it_accepts_it_reads_as_others_do(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert parse_strict(text.encode()) == value


@given(st.binary(max_size=40) | st.text('{}[]",:\\u0123456789eE.-+ntfalsru ', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = parse_strict(body)
    except ValidationFailed:
        return
    assert json.loads(body) == value


@given(TEXT, TEXT, VALUES)
def test_the_same_key_twice_is_found_however_it_is_written(key: str, other: str, value: object) -> None:
    plain, escaped = json.dumps(key, ensure_ascii=False), '"' + "".join(f"\\u{ord(c):04x}" for c in key) + '"'
    if any(ord(character) > 0xFFFF for character in key):
        escaped = plain
    body = f"[{{{plain}:{json.dumps(value)}, {json.dumps(other + 'x')}:1, {escaped}:2}}]"

    with pytest.raises(ValidationFailed, match="twice"):
        parse_strict(body.encode())
