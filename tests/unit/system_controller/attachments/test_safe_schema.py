"""Schemas of nodes lose what could harm, and only get more lenient by it."""

import time
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from skalds.system_controller.attachments.safe_schema import (
    DEEPEST,
    LARGEST_SCHEMA,
    MOST_PARTS,
    PATTERNS,
    UnusableSchema,
    safe_schema,
)


def accepts(schema: Any, value: Any) -> bool:
    return jsonschema_rs.validator_for(safe_schema(schema)[0], pattern_options=PATTERNS).is_valid(value)


class Tree(BaseModel):
    """Refers to itself."""

    name: str
    children: list["Tree"] = []


class Cat(BaseModel):
    """One animal."""

    legs: int


class Dog(BaseModel):
    """Another, with the same field."""

    legs: int
    tail: bool = True


class Owner(BaseModel):
    """Has one of them."""

    pet: Cat | Dog = Field(default=Cat(legs=4))


def test_what_a_model_asks_for_is_asked_for() -> None:
    schema = Owner.model_json_schema()

    assert accepts(schema, {"pet": {"legs": 4}})
    assert not accepts(schema, {"pet": {"legs": "4"}})


def test_a_schema_that_refers_to_itself_is_followed_once() -> None:
    schema = Tree.model_json_schema()

    assert accepts(schema, {"name": "a", "children": [{"name": "b"}]})
    assert not accepts(schema, {"name": 1})
    assert not accepts(schema, {"name": "a", "children": {}})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"oneOf": [True, {"$ref": "#"}]},
        {"oneOf": [{"type": "object"}, {"properties": {"x": {}}}]},
        {"not": {}},
        {"if": {}, "then": False},
        {"format": "ipv4"},
        {"additionalProperties": False, "patternProperties": {"^x": {}}},
        {"pattern": "(?!x)"},
        {"unevaluatedProperties": False},
    ],
    ids=str,
)
def test_what_cannot_be_asked_safely_is_not_asked_at_all(schema: Any) -> None:
    assert accepts(schema, {"x": 1})


def test_a_moment_may_be_a_number_as_pydantic_takes_it() -> None:
    assert accepts({"type": "string", "format": "date-time"}, 1_750_000_000)
    assert not accepts({"type": "string"}, 1_750_000_000)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$"])
def test_a_pattern_that_others_never_finish_takes_no_time(pattern: str) -> None:
    started = time.perf_counter()

    assert not accepts({"pattern": pattern}, "a" * 200_000 + "!")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("pattern", ["(?=x)y", r"(a)\1", "(a{1000}){1000}", "["])
def test_a_pattern_that_is_not_regular_or_too_large_is_left_out(pattern: str) -> None:
    assert safe_schema({"type": "string", "pattern": pattern})[0] == {"type": "string"}


def doubling(levels: int) -> dict[str, Any]:
    """References that stand for two to the power of `levels` parts."""
    definitions: dict[str, Any] = {
        f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}, {"$ref": f"#/$defs/a{level + 1}"}]}
        for level in range(levels)
    }
    return {"$defs": {**definitions, f"a{levels}": {}}, "$ref": "#/$defs/a0"}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "http://127.0.0.1:9/schema"}, "outside"),
        ({"$ref": "file:///etc/passwd"}, "outside"),
        ({"$ref": "#anchor"}, "outside"),
        ({"$ref": "#/$defs/gone"}, "does not have"),
        ({"$ref": 7}, "not a JSON Schema"),
        ({"properties": []}, "not a JSON Schema"),
        ({"anyOf": {}}, "not a JSON Schema"),
        ({"items": [{}]}, "not a JSON Schema"),
        ("object", "not a JSON Schema"),
        ({"description": "x" * LARGEST_SCHEMA}, "larger than"),
        ({"anyOf": [{}] * MOST_PARTS}, "parts"),
        (nested(DEEPEST + 1), "deep"),
        (doubling(20), "parts"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_schemas_are_unusable(schema: Any, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason):
        safe_schema(schema)


def test_the_limits_are_exact() -> None:
    assert safe_schema({"anyOf": [{}] * (MOST_PARTS - 1)})[1] == MOST_PARTS
    assert safe_schema(nested(DEEPEST))[1] == DEEPEST + 1
    assert safe_schema({"description": "x" * (LARGEST_SCHEMA - len('{"description":""}'))})[1] == 1
