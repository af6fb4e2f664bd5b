"""The error tree is complete, drawn, and every error can be told to a machine and to a person."""

import inspect
import json
from collections.abc import Iterator

import pytest

from skalds import errors
from skalds.errors import (
    AlreadyRunning,
    ConfigurationError,
    ControllerUnreachable,
    DuplicateTask,
    FieldProblem,
    IdempotencyConflict,
    LeaseLost,
    NotFound,
    SessionReplaced,
    SkaldsError,
    StoreNewer,
    StoreUnavailable,
    TransitionRefused,
    ValidationFailed,
    WorkerLaunchFailed,
)

EXAMPLES: list[SkaldsError] = [
    ConfigurationError("SKALD_SLOTS", "many", "a whole number"),
    ValidationFailed([FieldProblem("priority", "must be 0 to 10", index=3), FieldProblem("id", "is missing")]),
    NotFound("task", "t1"),
    DuplicateTask(["a", "b"], [0, 4]),
    TransitionRefused("The task is Finished", task="t1"),
    IdempotencyConflict("order-7", task="t1"),
    StoreNewer(found=9, supported=3),
    LeaseLost("dispatcher", 4),
    SessionReplaced("node-1", 12),
    AlreadyRunning("A controller", 4711, "127.0.0.1:8000"),
    ControllerUnreachable("http://127.0.0.1:8000", "connection refused"),
    WorkerLaunchFailed("no more processes", cls="Resize"),
]


def every_error() -> Iterator[type[SkaldsError]]:
    members = vars(errors).values()
    return (member for member in members if inspect.isclass(member) and issubclass(member, SkaldsError))


def test_every_exception_of_the_module_derives_from_skalds_error() -> None:
    exceptions = [m for m in vars(errors).values() if inspect.isclass(m) and issubclass(m, BaseException)]

    assert set(exceptions) == set(every_error())


def test_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    depths = {}
    for line in (errors.__doc__ or "").splitlines():
        name, _, _ = line.lstrip(" │├└─").partition(" ")
        if line.startswith("    ") and name:
            depths[name] = (len(line) - len(line.lstrip(" │├└─"))) // 4

    assert depths == {error.__name__: len(error.__mro__) - len(SkaldsError.__mro__) + 1 for error in every_error()}


def test_codes_are_unique_snake_case() -> None:
    codes = [error.code for error in every_error()]

    assert len(set(codes)) == len(codes)
    assert all(code.replace("_", "").isalpha() and code == code.lower() for code in codes)


def test_docstring_is_the_default_message() -> None:
    assert str(StoreUnavailable()) == "The store cannot be reached at the moment"
    assert str(StoreUnavailable("The disk is gone")) == "The disk is gone"


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_fields_are_plain_values_that_go_over_the_wire(error: SkaldsError) -> None:
    assert json.loads(json.dumps(dict(error.fields))) == dict(error.fields)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_fields_cannot_be_changed(error: SkaldsError) -> None:
    with pytest.raises(TypeError):
        error.fields["code"] = "other"  # type: ignore[index]


def test_validation_failed_names_index_field_and_reason() -> None:
    error = EXAMPLES[1]

    assert error.message == "[3] priority: must be 0 to 10; id: is missing"
    assert error.fields["errors"] == [
        {"index": 3, "field": "priority", "message": "must be 0 to 10"},
        {"field": "id", "message": "is missing"},
    ]


def test_configuration_error_names_setting_value_and_remedy() -> None:
    assert str(EXAMPLES[0]) == "SKALD_SLOTS cannot be 'many': expected a whole number"


def test_long_values_do_not_flood_the_message() -> None:
    assert len(str(ConfigurationError("X", "a" * 10_000, "less"))) < 200
    assert len(str(NotFound("task", "a" * 10_000))) < 200
    assert len(str(DuplicateTask([f"task-{n}" for n in range(500)]))) < 300


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AlreadyRunning("A controller"), "A controller is running already"),
        (AlreadyRunning("A controller", pid=7), "A controller is running already (process 7)"),
        (AlreadyRunning("A controller", 7, "::1"), "A controller is running already (process 7, at ::1)"),
    ],
)
def test_already_running_tells_what_is_known(error: AlreadyRunning, message: str) -> None:
    assert str(error) == message
