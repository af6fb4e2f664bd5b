"""Makes of a schema that a node registered one that cannot harm the controller.

What is left is a tree of keywords that only ask for something: no references, so nothing is fetched and nothing
recurses; no keyword that turns "more lenient" into "stricter" (`not`, `oneOf`, `if`), so each part that is left out
only lets more through. What got through wrongly is for the worker to refuse, which parses its attachments in any case.

    $ref                       replaced by what it names; one that leads back into itself asks for nothing
    oneOf                      read as anyOf
    pattern                    kept if it is a regular expression in the strict sense, which takes linear time to match
    format                     not checked, pydantic takes more than the formats allow; moments may be numbers
    uniqueItems, default, …    left out
"""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs
import orjson

Schema = dict[str, Any] | bool

LARGEST_SCHEMA = 64 * 1024
MOST_PARTS = 2000
"""Subschemas of a schema whose references have been replaced; bounds what checking one value can cost."""
DEEPEST = 64

_PATTERN_BYTES = 256 * 1024
PATTERNS = jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)

_PLAIN = frozenset(
    "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems "
    "maxItems minProperties maxProperties required dependentRequired".split()
)
_ONE = frozenset({"items", "additionalProperties", "propertyNames"})
_LIST = {"prefixItems": "prefixItems", "allOf": "allOf", "anyOf": "anyOf", "oneOf": "anyOf"}
_MOMENTS = frozenset({"date", "date-time", "time", "duration"})


class UnusableSchema(Exception):
    """The schema cannot be used for checking; the text says why."""


def safe_schema(schema: object) -> tuple[Schema, int]:
    """The harmless form of a schema and the number of its parts; raises `UnusableSchema`."""
    size = len(orjson.dumps(schema))
    if size > LARGEST_SCHEMA:
        raise UnusableSchema(f"it is larger than {LARGEST_SCHEMA} bytes")
    unfolding = _Unfolding(schema)
    return unfolding.read(schema, (), 0), unfolding.parts


class _Unfolding:
    """One walk over a schema; `parts` counts what it has met."""

    def __init__(self, root: object) -> None:
        self._root = root
        self.parts = 0

    def read(self, schema: object, followed: tuple[str, ...], depth: int) -> Schema:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise UnusableSchema(f"it has more than {MOST_PARTS} parts")
        if depth > DEEPEST:
            raise UnusableSchema(f"it is nested more than {DEEPEST} deep")
        if isinstance(schema, bool):
            return schema
        fields = _expect(schema, dict)

        def read(part: object) -> Schema:
            return self.read(part, followed, depth + 1)

        kept = {name: value for name, value in fields.items() if name in _PLAIN}
        kept |= {name: read(fields[name]) for name in _ONE if name in fields}
        kept |= _properties(fields, read)
        kept |= _pattern(fields)
        everything = _lists(fields, read)
        if "$ref" in fields:
            everything.append({"allOf": [self._follow(_expect(fields["$ref"], str), followed, depth)]})
        if fields.get("type") == "string" and fields.get("format") in _MOMENTS:
            kept["type"] = ["string", "number"]
        return _joined(kept, everything)

    def _follow(self, reference: str, followed: tuple[str, ...], depth: int) -> Schema:
        if reference in followed:
            return True
        return self.read(self._find(reference), (*followed, reference), depth + 1)

    def _find(self, reference: str) -> object:
        place: Any = self._root
        if not reference.startswith("#/"):
            if reference == "#":
                return place
            raise UnusableSchema("it refers to something outside of itself")
        for step in reference.removeprefix("#/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(place, dict) or key not in place:
                raise UnusableSchema("it refers to a part that it does not have")
            place = place[key]
        return place


def _properties(fields: Mapping[str, Any], read: Callable[[object], Schema]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if "properties" in fields:
        kept["properties"] = {name: read(part) for name, part in _expect(fields["properties"], dict).items()}
    if "patternProperties" in fields:
        # Without the patterns nobody can say which properties are additional.
        kept["additionalProperties"] = True
    return kept


def _pattern(fields: Mapping[str, Any]) -> dict[str, Any]:
    pattern = fields.get("pattern")
    if not isinstance(pattern, str):
        return {}
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=PATTERNS)
    except ValueError:
        return {}  # look-around, a back reference, or too large
    return {"pattern": pattern}


def _lists(fields: Mapping[str, Any], read: Callable[[object], Schema]) -> list[dict[str, Any]]:
    return [
        {kept: [read(part) for part in _expect(fields[name], list)]} for name, kept in _LIST.items() if name in fields
    ]


def _joined(kept: dict[str, Any], lists: list[dict[str, Any]]) -> dict[str, Any]:
    """All of it as one schema; what has the same keyword twice goes into an `allOf`."""
    rest = []
    for one in lists:
        (name,) = one
        if name in kept:
            rest.append(one)
        else:
            kept |= one
    if rest:
        kept["allOf"] = [*kept.get("allOf", []), *rest]
    return kept


def _expect(value: object, kind: type) -> Any:
    if not isinstance(value, kind):
        raise UnusableSchema("it is not a JSON Schema")
    return value
