"""The schema a node registers says what its workers take."""

from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from skalds.errors import ValidationFailed
from skalds.worker.attachments import parse_attachments
from skalds.worker.attachments_schema import attachments_schema


@dataclass
class Part:
    """A dataclass inside."""

    size: int


class Entry(TypedDict):
    """A typed dict inside."""

    key: str


class Model(BaseModel):
    """Names of every kind."""

    model_config = ConfigDict(extra="forbid")

    plain: int = 0
    one: int = Field(alias="oneAlias")
    several: int = Field(1, validation_alias=AliasChoices("first", "second", AliasPath("path", 0)))  # type: ignore[pydantic-alias]
    inner: int = Field(1, validation_alias=AliasPath("list", 0))  # type: ignore[pydantic-alias]
    part: Part | None = None
    entry: Entry | None = None
    nested: "Nested | None" = None


class Nested(BaseModel):
    """An alias further down."""

    frame_rate: int = Field(alias="frameRate")


ACCEPTED: list[dict[str, Any]] = [
    {"one": 1},
    {"oneAlias": 1, "plain": 2},
    {"one": 1, "several": 2},
    {"one": 1, "first": 2},
    {"one": 1, "second": 2},
    {"one": 1, "path": [2]},
    {"one": 1, "list": [2]},
    {"one": 1, "inner": 2},
    {"one": 1, "part": {"size": 3}, "entry": {"key": "k"}},
    {"oneAlias": 1, "nested": {"frame_rate": 3}},
    {"one": 1, "nested": {"frameRate": 3}},
]
REFUSED: list[dict[str, Any]] = [
    {},
    {"plain": 1},
    {"oneAlias": []},
    {"one": "x"},
    {"one": 1, "second": "x"},
    {"one": 1, "third": 1},
    {"one": 1, "nested": {}},
    {"one": 1, "part": {}},
    {"one": 1, "entry": {}},
]


@pytest.mark.parametrize("attachments", ACCEPTED, ids=str)
def test_what_a_worker_takes_the_schema_takes(attachments: dict[str, Any]) -> None:
    parse_attachments(Model, attachments)

    jsonschema_rs.validate(attachments_schema(Model), attachments)


@pytest.mark.parametrize("attachments", REFUSED, ids=str)
def test_what_the_schema_refuses_no_worker_takes(attachments: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(attachments_schema(Model), attachments)

    with pytest.raises(ValidationFailed):
        parse_attachments(Model, attachments)


class Foreign:
    """A type that JSON cannot describe."""


class Indescribable(BaseModel):
    """Has a field of such a type."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    thing: Foreign | None = None


class OddDefault(BaseModel):
    """Has a default that is no JSON."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    number: int = Field(default_factory=int)
    text: str = Foreign()  # type: ignore[assignment]


def test_a_model_that_cannot_be_described_takes_anything() -> None:
    assert attachments_schema(Indescribable) == {}


def test_a_default_that_is_no_json_is_left_out_without_a_warning() -> None:
    assert attachments_schema(OddDefault)["properties"]["text"] == {"title": "Text", "type": "string"}
