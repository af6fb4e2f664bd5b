"""What a submitter may write, and what becomes of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from skalds.errors import ValidationFailed
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.system_controller.operations.field_limits import (
    LARGEST_ATTACHMENTS,
    LATEST_MOMENT,
    LONGEST_TIMEOUT_MS,
    MOST_MEMORY,
)
from skalds.system_controller.operations.task_draft import (
    NOT_BUILT_YET,
    SUBMITTABLE,
    THE_SERVERS,
    DraftDefaults,
    read_draft,
)
from skalds.testing import CountingIds

NOW = 1_750_000_000_000


def read(**fields: Any) -> Task:
    return read_draft({"className": "Demo", **fields}, DraftDefaults(NOW, CountingIds().new, 5))


def complaint(**fields: Any) -> str:
    with pytest.raises(ValidationFailed) as caught:
        read(**fields)
    (problem,) = caught.value.problems
    return f"{problem.field}: {problem.message}"


def test_every_field_of_a_task_is_in_exactly_one_group() -> None:
    groups = [set(SUBMITTABLE), set(NOT_BUILT_YET), set(THE_SERVERS), {"create_date_time", "update_date_time"}]

    assert set().union(*groups) == set(Task.model_fields)
    assert sum(map(len, groups)) == len(Task.model_fields)


def test_what_is_left_out_is_filled_in() -> None:
    task = read()

    assert (task.id, task.source, task.max_attempts, task.tenant) == ("t-000001", "API", 5, "default")
    assert task.create_date_time == task.update_date_time == task.eligible_at == NOW


def test_a_whole_task_of_the_library_can_be_submitted() -> None:
    made = Task(id="mine", class_name="Demo", source="script", priority=4, attachments={"a": 1})

    task = read(**made.model_dump(by_alias=True, mode="json"))

    assert (task.id, task.source, task.priority, task.attachments) == ("mine", "script", 4, {"a": 1})
    assert task.create_date_time == NOW


@pytest.mark.parametrize("spelling", [str, to_camel], ids=["python", "wire"])
@pytest.mark.parametrize("name", NOT_BUILT_YET)
def test_a_field_without_effect_may_have_its_default_and_nothing_else(name: str, spelling: Any) -> None:
    for default in NOT_BUILT_YET[name]:
        read(**{spelling(name): default})

    assert complaint(**{spelling(name): "wanted"}) == f"{to_camel(name)}: {to_camel(name)} is not supported yet"


@pytest.mark.parametrize("name", THE_SERVERS)
def test_a_field_of_the_server_may_have_its_default_and_nothing_else(name: str) -> None:
    for default in THE_SERVERS[name]:
        read(**{to_camel(name): default})

    assert "is set by the server" in complaint(**{to_camel(name): "wanted"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("priority", "7"),
        ("priority", 7.0),
        ("priority", True),
        ("priority", 11),
        ("priority", -1),
        ("priority", None),
        ("attempt", False),
        ("final", 0),
        ("createDateTime", "now"),
        ("isPersistent", 1),
        ("slots", -1),
        ("slots", 100_001),
        ("maxAttempts", -1),
        ("retryDelayMs", -1),
        ("retryBackoff", 0.5),
        ("retryBackoff", 1001),
        ("notBefore", -1),
        ("notBefore", LATEST_MOMENT + 1),
        ("attachments", [1]),
        ("attachments", "x"),
        ("name", 5),
        ("name", "x" * 257),
        ("idempotencyKey", ""),
        ("source", None),
        ("className", "a\nb"),
        ("className", "x" * 129),
        ("tenant", "a/b"),
        ("executor", "no de"),
        ("dependencies", "a"),
        ("dependencies", {"a": 1}),
        ("dependencies", [1]),
        ("dependencies", [None]),
        ("dependencies", ["a b"]),
        ("dependencies", [""]),
        ("dependencies", ["a", "a"]),
        ("dependencies", [str(n) for n in range(501)]),
        ("requires", ["zone"]),
        ("requires", {"zone": 1}),
        ("requires", {"zone": ""}),
        ("requires", {"": "x"}),
        ("requires", {"zone": "a b"}),
        ("requires", {"-zone": "a"}),
        ("requires", {"x" * 129: "a"}),
        ("requires", {"zone": "x" * 129}),
        ("requires", {"zone": "ä"}),
        ("prefers", {"zone": "a\n"}),
        ("prefers", {f"l{n}": "x" for n in range(17)}),
        ("resources", [1]),
        ("resources", {"disk": 1}),
        ("resources", {"CPU": 1}),
        ("resources", {"cpu": 0}),
        ("resources", {"cpu": -1}),
        ("resources", {"cpu": "2"}),
        ("resources", {"cpu": True}),
        ("resources", {"cpu": 0.0005}),
        ("resources", {"cpu": 1.2345}),
        ("resources", {"cpu": 100_001}),
        ("resources", {"cpu": None}),
        ("resources", {"memory": 0}),
        ("resources", {"memory": 1.5}),
        ("resources", {"memory": True}),
        ("resources", {"memory": "8 gigs"}),
        ("resources", {"memory": "-1GiB"}),
        ("resources", {"memory": MOST_MEMORY + 1}),
        ("resources", {"memory": "999999999999999999TiB"}),
        ("resources", {"gpu": 0}),
        ("resources", {"gpu": 65}),
        ("resources", {"gpu": 1.0}),
        ("resources", {"gpu": True}),
        ("resources", {"gpu": ["0"]}),
        ("concurrencyKey", ""),
        ("concurrencyKey", "x" * 129),
        ("concurrencyKey", "a\nb"),
        ("affinityKey", 7),
        ("affinityKey", "\u202e"),
        ("preemptible", 1),
        ("preemptible", "true"),
        ("timeoutMs", -1),
        ("timeoutMs", LONGEST_TIMEOUT_MS + 1),
        ("timeoutMs", None),
        ("timeoutMs", "90s"),
        ("deadlineDateTime", -1),
        ("deadlineDateTime", LATEST_MOMENT + 1),
        ("deadlineDateTime", NOW),
        ("deadlineDateTime", 1),
        ("deadlineDateTime", "tomorrow"),
    ],
)
def test_a_value_of_the_wrong_kind_or_size_is_refused_by_name(name: str, value: object) -> None:
    assert complaint(**{name: value}).startswith((f"{name}: ", f"{name}."))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"requires": {"a zone": "x"}}, "requires.a zone: its name must be 1 to 128 of a-z"),
        ({"requires": {"zone": "a b"}}, "requires.zone: its value must be 1 to 128 of a-z"),
        ({"prefers": {f"l{n}": "x" for n in range(17)}}, "prefers: must be at most 16 labels, these are 17"),
        ({"resources": {"disk": 1}}, "resources.disk: there is no such resource; known are cpu, memory, gpu"),
        ({"resources": {"cpu": 0}}, "resources.cpu: must be a number of CPUs above 0 and at most 100000, such as 0.5"),
        ({"resources": {"cpu": 0.0001}}, "resources.cpu: must have at most 3 decimals"),
        ({"resources": {"memory": "8 gigs"}}, 'or text such as "8GiB"'),
        ({"resources": {"gpu": 65}}, "resources.gpu: must be a whole number from 1 to 64"),
        ({"dependencies": ["a", "b", "a"]}, "dependencies.2: 'a' is named twice"),
        ({"dependencies": ["x"] * 501}, "dependencies: must be at most 500 ids, these are 501"),
        ({"id": "mine", "dependencies": ["mine"]}, "dependencies: a task cannot depend on itself"),
        ({"deadlineDateTime": NOW - 1}, "deadlineDateTime: has passed, it is 1750000000000 now; leave it out for none"),
        (
            {"notBefore": NOW + 2, "deadlineDateTime": NOW + 1},
            "notBefore: is after deadlineDateTime, so the task could never start",
        ),
        ({"exclusive": True}, "exclusive: exclusive is not supported yet"),
        ({"mode": "Active"}, "mode: mode is not supported yet"),
    ],
)
def test_a_refusal_names_the_part_and_the_fix(fields: dict[str, Any], words: str) -> None:
    assert words in complaint(**fields)


def test_everything_that_can_be_asked_for_is_taken_over_in_both_spellings() -> None:
    asked: dict[str, Any] = {
        "dependencies": ["a", "b:c"],
        "requires": {"zone": "north", "example.com/disk": "ssd"},
        "prefers": {"rack": "7"},
        "resources": {"cpu": 0.125, "memory": 1, "gpu": 64},
        "concurrency_key": "db 1",
        "affinity_key": "model/3",
        "preemptible": True,
        "timeout_ms": LONGEST_TIMEOUT_MS,
        "deadline_date_time": LATEST_MOMENT,
        "not_before": LATEST_MOMENT,
    }

    for task in (read(**asked), read(**{to_camel(name): value for name, value in asked.items()})):
        assert {name: getattr(task, name) for name in asked} == asked


@pytest.mark.parametrize("none", [0, None])
def test_no_deadline_can_be_written_in_two_ways(none: int | None) -> None:
    assert read(deadlineDateTime=none).deadline_date_time is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"memory": "8GiB"}, {"memory": 8 << 30}),
        ({"memory": "1.5 KiB"}, {"memory": 1536}),
        ({"memory": "500"}, {"memory": 500}),
        ({"memory": "1048576TiB"}, {"memory": MOST_MEMORY}),
        ({"cpu": 2.0}, {"cpu": 2}),
        ({"cpu": 100_000}, {"cpu": 100_000}),
        ({"cpu": 1.234}, {"cpu": 1.234}),
        ({}, {}),
    ],
)
def test_resources_are_kept_in_one_form(written: dict[str, Any], kept: dict[str, Any]) -> None:
    stored = read(resources=written).resources

    assert stored == kept
    assert [type(amount) for amount in stored.values()] == [type(amount) for amount in kept.values()]


def test_one_form_makes_submits_with_the_same_key_the_same() -> None:
    assert submission_digest(read(resources={"cpu": 1, "memory": "1KiB"})) == submission_digest(
        read(resources={"memory": 1024, "cpu": 1.0})
    )


@pytest.mark.parametrize("name", ["dependencies", "concurrencyKey", "affinityKey", "deadlineDateTime"])
def test_null_asks_for_nothing(name: str) -> None:
    assert read(**{name: None}) == read()


@pytest.mark.parametrize("id_", ["x" * 128, "a:b", "ä", "a.b", "{x}", "%2F", "CLASSNAMES"])
def test_ids_may_be_nearly_anything(id_: str) -> None:
    assert read(id=id_).id == id_


@pytest.mark.parametrize(
    "id_", ["", "x" * 129, "a b", "a/b", "a*", "..", "a..b", ".", "a\n", "a\x7f", "\u202e", "\u2028", "classnames"]
)
def test_ids_that_would_be_misread_somewhere_are_refused(id_: str) -> None:
    assert complaint(id=id_).startswith("id: ")


def test_attachments_may_be_as_large_as_the_limit_and_no_larger() -> None:
    frame = len('{"a":""}')

    read(attachments={"a": "x" * (LARGEST_ATTACHMENTS - frame)})

    assert "bytes" in complaint(attachments={"a": "x" * (LARGEST_ATTACHMENTS - frame + 1)})


@pytest.mark.parametrize("name", ["name", "description", "idempotencyKey", "executor", "notBefore", "attachments"])
def test_null_is_the_same_as_leaving_an_optional_field_out(name: str) -> None:
    assert read(**{name: None}) == read()


def test_both_spellings_of_one_field_are_refused() -> None:
    assert complaint(maxAttempts=1, max_attempts=1) == "maxAttempts: is given twice, in both spellings"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as caught:
        read_draft({"priority": "x", "mode": "Active", "rev": 4, "colour": 1}, DraftDefaults(NOW, str, 1), index=2)

    assert {problem.field for problem in caught.value.problems} == {"priority", "mode", "rev", "colour", "className"}
    assert {problem.index for problem in caught.value.problems} == {2}


def test_a_later_moment_makes_the_task_eligible_then_and_an_earlier_one_now() -> None:
    assert read(notBefore=NOW + 5).eligible_at == NOW + 5
    assert read(notBefore=NOW - 5).eligible_at == NOW


KNOWN_NAMES = {*Task.model_fields, *(field.alias for field in Task.model_fields.values())}


@given(st.text(max_size=200).filter(lambda name: name not in KNOWN_NAMES))
def test_any_unknown_name_is_told_on_one_printable_line(name: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read(**{name: 1})

    assert caught.value.message.isprintable()
