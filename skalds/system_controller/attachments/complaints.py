"""Says what is wrong with attachments: the field, and what is expected there."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

import jsonschema_rs
import orjson

from skalds.errors import FieldProblem

MOST_COMPLAINTS = 20
_LONGEST_TEXT = 200
_LONGEST_NAME = 80

_TYPES = {
    "object": "a JSON object",
    "array": "an array",
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_LIMITS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must be at least {} characters long",
    "maxLength": "must be at most {} characters long",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} fields",
    "maxProperties": "must have at most {} fields",
    "pattern": "must match {}",
    "const": "must be {}",
}
Error = jsonschema_rs.ValidationError


def complaints(errors: Sequence[Error]) -> list[FieldProblem]:
    """What the validator found, in words; never the values, they may be secret."""
    found = (problem for error in errors for problem in _explain(error))
    return list(dict.fromkeys(islice(found, MOST_COMPLAINTS)))


def _explain(error: Error) -> Iterator[FieldProblem]:
    kind = error.kind.name
    facts = error.kind.as_dict()
    if kind == "required":
        yield _problem(error, "is required", facts["property"])
    elif kind == "additionalProperties":
        for name in facts["unexpected"]:
            yield _problem(error, "there is no field of this name", name)
    elif kind == "anyOf":
        yield from _explain_choice(error, cast("list[list[Error]]", facts["context"]))
    elif kind == "propertyNames":
        yield _problem(error, "has a key that is not allowed")
    elif kind == "falseSchema":
        yield _problem(error, "must be left out")
    else:
        yield _problem(error, f"must be {_expected(error)}" if _is_value(error) else _limit(kind, facts))


def _explain_choice(error: Error, branches: list[list[Error]]) -> Iterator[FieldProblem]:
    """One of several forms would do: the one that was meant is explained if it can be told, else all are listed."""
    if all(len(branch) == 1 and branch[0].kind.name == "required" for branch in branches):
        names = [str(branch[0].kind.as_dict()["property"]) for branch in branches]
        also = f" (or as {', '.join(map(_shown, names[1:]))})" if names[1:] else ""
        yield _problem(error, f"is required{also}", names[0])
        return
    here = list(error.instance_path)
    # A branch that wants another type or another constant is not the one that was meant.
    meant = [b for b in branches if not any(list(e.instance_path) == here and _is_value(e) for e in b)]
    meant = [b for b in meant if not any(e.kind.name == "const" for e in b)] or meant
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _explain(inner)
        return
    expected = [_expected(e) for b in branches for e in b if list(e.instance_path) == here and _is_value(e)]
    if meant or not expected:
        yield _problem(error, f"fits none of the {len(branches)} forms that are allowed here")
    else:
        yield _problem(error, f"must be {' or '.join(dict.fromkeys(expected))}")


def _is_value(error: Error) -> bool:
    return error.kind.name in ("type", "enum")


def _expected(error: Error) -> str:
    facts = error.kind.as_dict()
    if error.kind.name == "type":
        return " or ".join(_TYPES.get(str(name), str(name)) for name in facts["types"])
    return f"one of {', '.join(_json(option) for option in facts['options'])}"[:_LONGEST_TEXT]


def _limit(kind: str, facts: dict[str, Any]) -> str:
    template = _LIMITS.get(kind)
    if template is None or not facts:
        return f"does not fit the schema of the class ({kind})"
    return template.format(_json(next(iter(facts.values()))))[:_LONGEST_TEXT]


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()[:_LONGEST_TEXT]


def _problem(error: Error, message: str, *more: object) -> FieldProblem:
    path = ["attachments", *error.instance_path, *more]
    return FieldProblem(".".join(_shown(str(part)) for part in path), message)


def _shown(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return short if short.isprintable() else ascii(short)
