"""Which attachments pass, and what is said about those that do not."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from skalds.errors import ValidationFailed
from skalds.model.node import Liveness, Registration
from skalds.system_controller.attachments import attachments_check
from skalds.system_controller.attachments.attachments_check import AttachmentsCheck
from skalds.system_controller.attachments.complaints import MOST_COMPLAINTS
from skalds.system_controller.attachments.safe_schema import Schema, safe_schema
from skalds.system_controller.fleet import Fleet, KnownNode
from skalds.testing import a_node
from skalds.worker.attachments_schema import attachments_schema


class Box(BaseModel):
    """A part."""

    width: int = Field(ge=1)


class Circle(BaseModel):
    """One form of a shape."""

    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    """Another."""

    kind: Literal["square"]
    side: float


class Camera(BaseModel):
    """Attachments of the class Demo."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(alias="rtspUrl", max_length=10)
    box: Box | None = None
    level: int | str = 1
    shape: Circle | Square | None = None
    tags: dict[str, int] = {}


CAMERA = attachments_schema(Camera)
NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
TEXT = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}


class Nodes:
    """A fleet that grows."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.check = AttachmentsCheck(self.fleet)

    def add(self, schema: Any = None, *, liveness: Liveness = Liveness.ONLINE, closed: bool = False) -> None:
        number = len(self.fleet.all()) + 1
        node = a_node(id=f"node-{number}", schemas={} if schema is None else {"Demo": schema})
        known = KnownNode(Registration(node, number, registered_at=number, closed=closed), liveness)
        self.fleet.replace({one.registration.node.id: one for one in [*self.fleet.all(), known]})

    def told(self, attachments: Any) -> list[str]:
        return [str(problem) for problem in self.check.problems("Demo", attachments)]


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


@pytest.mark.parametrize(
    ("attachments", "told"),
    [
        ({}, ["attachments.rtspUrl: is required (or as url)"]),
        (None, ["attachments.rtspUrl: is required (or as url)"]),
        ({"url": 7}, ["attachments.url: must be a text"]),
        ({"rtspUrl": "x" * 11}, ["attachments.rtspUrl: must be at most 10 characters long"]),
        ({"url": "x", "boxx": 1}, ["attachments.boxx: there is no field of this name"]),
        ({"url": "x", "box": {}}, ["attachments.box.width: is required"]),
        ({"url": "x", "box": {"width": 0}}, ["attachments.box.width: must be at least 1"]),
        ({"url": "x", "box": 3}, ["attachments.box: must be a JSON object or null"]),
        ({"url": "x", "level": []}, ["attachments.level: must be an integer or a text"]),
        ({"url": "x", "shape": {"kind": "circle"}}, ["attachments.shape.radius: is required"]),
        (
            {"url": "x", "shape": {"kind": "line"}},
            ["attachments.shape: fits none of the 3 forms that are allowed here"],
        ),
        ({"url": "x", "tags": {"a.b\n": "1"}}, [r"attachments.tags.'a.b\n': must be an integer"]),
        ({"url": 1, "box": 1}, ["attachments.box: must be a JSON object or null", "attachments.url: must be a text"]),
    ],
    ids=str,
)
def test_the_field_and_what_is_expected_are_named(nodes: Nodes, attachments: Any, told: list[str]) -> None:
    nodes.add(CAMERA)

    assert sorted(nodes.told(attachments)) == told


@pytest.mark.parametrize(
    "attachments",
    [
        {"rtspUrl": "x"},
        {"url": "x"},
        {"url": "x", "box": {"width": 1}, "shape": {"kind": "square", "side": 1}, "level": "a"},
    ],
)
def test_both_spellings_and_every_form_pass(nodes: Nodes, attachments: Any) -> None:
    nodes.add(CAMERA)

    assert nodes.told(attachments) == []


def test_values_are_never_repeated(nodes: Nodes) -> None:
    nodes.add(CAMERA)

    told = nodes.told({"url": ["s3cret"], "level": {"a": "s3cret"}, "shape": "s3cret", "tags": {"t": "s3cret"}})

    assert len(told) == 4
    assert "s3cret" not in str(told)


def test_without_a_node_of_the_class_everything_passes(nodes: Nodes) -> None:
    assert nodes.told({"number": "x"}) == []
    nodes.add(NUMBER, liveness=Liveness.LOST)
    nodes.add(NUMBER, closed=True)
    assert nodes.told({"number": "x"}) == []
    assert nodes.check.problems("Other", {"number": "x"}) == ()


def test_one_node_that_takes_them_is_enough_and_the_newest_is_explained(nodes: Nodes) -> None:
    nodes.add(NUMBER)
    nodes.add(TEXT, liveness=Liveness.SUSPECT)

    assert nodes.told({"number": 1}) == []
    assert nodes.told({"number": "1"}) == []
    assert nodes.told({"number": None}) == ["attachments.number: must be a text"]


def test_a_node_without_a_schema_takes_everything(nodes: Nodes) -> None:
    nodes.add(NUMBER)
    nodes.add()

    assert nodes.told({"number": "x"}) == []


def test_nothing_stays_acceptable_where_nothing_is_required(nodes: Nodes) -> None:
    nodes.add({"type": "object", "properties": {"number": {"type": "integer"}}})

    assert nodes.told(None) == []


@pytest.mark.parametrize("schema", [{"type": "foo"}, {"$ref": "http://127.0.0.1:9/x"}, [], {"minimum": "x"}], ids=str)
def test_a_schema_that_cannot_be_used_is_ignored_and_said_once(nodes: Nodes, events: list[str], schema: Any) -> None:
    nodes.add(schema)
    nodes.told({})
    nodes.add(schema)

    assert nodes.told({"number": "x"}) == []
    assert events == ["schema.ignored"]


def test_a_schema_is_compiled_once(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def counted(schema: object) -> tuple[Schema, int]:
        compiled.append(schema)
        return safe_schema(schema)

    monkeypatch.setattr(attachments_check, "safe_schema", counted)
    for _ in range(5):
        nodes.add(NUMBER)
        nodes.told({"number": 1})

    assert len(compiled) == 1


def test_a_value_too_large_for_its_schema_is_left_to_the_worker(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes.add(NUMBER)
    monkeypatch.setattr(attachments_check, "MOST_WORK", 40)

    assert nodes.told({"number": "x"}) != []
    assert nodes.told({"number": "x" * 40}) == []


def test_of_a_large_value_the_first_fault_is_told(nodes: Nodes) -> None:
    nodes.add({"properties": {"numbers": {"items": {"type": "integer"}}}})

    assert nodes.told({"numbers": ["x"] * 3}) == [f"attachments.numbers.{n}: must be an integer" for n in range(3)]
    assert len(nodes.told({"numbers": ["x"] * 1000})) == MOST_COMPLAINTS
    assert nodes.told({"numbers": ["x"] * 120_000}) == ["attachments.numbers.0: must be an integer"]


def test_require_raises_what_is_wrong(nodes: Nodes) -> None:
    nodes.add(NUMBER)
    nodes.check.require("Demo", {"number": 1})

    with pytest.raises(ValidationFailed, match=r"attachments\.number: must be an integer"):
        nodes.check.require("Demo", {"number": "1"})
