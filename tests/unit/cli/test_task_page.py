"""`skalds task show` puts everything on one screen."""

from typing import Any

import pytest
from rich.cells import cell_len

from skalds.cli.task_page import render_task
from skalds.cli.wait_reasons import WAIT_REASONS, advice_for
from skalds.model.plan import WaitReason
from skalds.model.task import RunError
from tests.unit.cli.answers import HOSTILE, MADE_ID, NOW, answered_task, run_record, text_of


def page(width: int = 80, **changes: Any) -> list[str]:
    return text_of(render_task(answered_task(**changes), NOW, width))


def test_every_wait_reason_has_a_sentence_and_a_command() -> None:
    assert set(WAIT_REASONS) == {reason.value for reason in WaitReason}
    assert all(advice.sentence.endswith(".") for advice in WAIT_REASONS.values())
    assert all(advice.command.startswith("skalds ") for advice in WAIT_REASONS.values())


@pytest.mark.parametrize("reason", [*WaitReason, "from_the_future"])
def test_why_it_waits_and_what_to_do_is_said_in_words(reason: str) -> None:
    lines = page(width=200, waiting=str(reason), pinned_to="node-9", eligible_at=NOW + 5000, class_name="Resize")

    (why,) = [line for line in lines if line.startswith("why ")]
    (step,) = [line for line in lines if line.startswith("next step")]
    assert "{" not in why + step
    assert "skalds " in step


def test_a_reason_that_lies_in_the_fleet_leads_to_the_explanation() -> None:
    steps = {reason: advice.command for reason, advice in WAIT_REASONS.items()}

    own = {"not_before", "still_stopping", "paused", "dispatch_paused"}
    assert {reason for reason, step in steps.items() if step != "skalds task explain {id}"} == own


def test_what_the_task_asks_for_is_told_and_what_it_leaves_at_the_default_is_not() -> None:
    asked = page(
        requires={"zone": "north", "disk": "ssd"},
        resources={"cpu": 2, "memory": 3 << 29},
        dependencies=["a", "b", "c", "d"],
        deadline_date_time=NOW,
        timeout_ms=90_000,
        concurrency_key="db",
        preemptible=True,
    )

    facts = {line[:14].strip(): line[14:].strip() for line in asked}
    assert facts["requires"] == "zone=north, disk=ssd"
    assert facts["resources"] == "cpu=2, memory=1.5GiB"
    assert facts["depends on"] == "a, b, c and 1 more"
    assert facts["timeout"] == "90 s"
    assert facts["one of a key"] == "db"
    assert not any(line.startswith(("requires", "deadline", "depends on", "tenant")) for line in page())


def test_a_command_to_copy_quotes_an_id_that_a_shell_would_obey() -> None:
    advice = advice_for(answered_task(id="a;reboot", waiting="paused"), NOW)

    assert advice is not None
    assert advice.command == "skalds task resume 'a;reboot'"


def test_runs_show_the_time_of_each_stage() -> None:
    runs = (run_record(1), run_record(2, assigned=NOW - 40_000, accepted=None, running=None, outcome="refused"))

    lines = page(lifecycle_status="Failed", attempt=2, failures=1, refusals=1, runs=runs)

    start = lines.index("RUN  NODE    WAITED  ACCEPT  START    RAN  OUTCOME  ENDED   ".rstrip())
    assert lines[start + 1].startswith("  1  node-1   10 ms   20 ms  30 ms  4.0 s  failed")
    assert lines[start + 2].startswith("  2  node-1    16 s       –      –      –  refused")
    assert "attempt    2, 1 of at most 3 failed, 1 refused" in lines


def test_runs_show_the_devices_they_were_given() -> None:
    runs = (run_record(1, devices=("0", "GPU-8a56")), run_record(2))

    lines = page(lifecycle_status="Failed", attempt=2, runs=runs)

    title, first, second = lines[lines.index(next(line for line in lines if line.startswith("RUN"))) :][:3]
    assert title.endswith("DEVICES")
    assert first.endswith("0, GPU-8a56")
    assert not second.endswith("6")


def test_a_run_that_goes_on_counts_up() -> None:
    lines = page(lifecycle_status="Running", attempt=1, runs=(run_record(1, finished=None, outcome=None),))

    assert any("60 s …  running" in line for line in lines)


def test_error_with_the_end_of_its_traceback_and_result() -> None:
    error = RunError(type="RuntimeError", message="camera lost", traceback="".join(f"line {n}\n" for n in range(50)))

    lines = page(lifecycle_status="Failed", final=True, error=error, result={"frames": 3}, attachments={"a": "x" * 90})

    assert "error  RuntimeError: camera lost" in lines
    assert "  line 49" in lines
    assert "  line 40" not in lines
    assert 'result  {"frames": 3}' in lines
    assert lines[-4:-2] == ["attachments", "  {"]


def test_a_long_result_leaves_its_end_to_json() -> None:
    lines = page(result=list(range(500)), lifecycle_status="Finished", final=True)

    assert "  … 491 more lines; all of it with: --json" in lines


def test_a_page_fits_one_screen_and_its_width_whatever_the_task_holds() -> None:
    long = "x" * 5000
    runs = tuple(run_record(n) for n in range(1, 21))
    error = RunError(type="E", message="word " * 100, traceback=f"{long}\n" * 100)
    values: dict[str, Any] = {"result": [long] * 99, "attachments": {"k": [long] * 99}}
    labels = {f"{n}{'x' * 120}": "v" * 128 for n in range(16)}
    values |= {"requires": labels, "prefers": labels, "dependencies": [f"{n}{long[:120]}" for n in range(500)]}

    lines = page(name=long[:200], runs=runs, error=error, lifecycle_status="Failed", final=True, **values)

    assert max(cell_len(line) for line in lines) <= 80
    assert len(lines) <= 66


def test_nothing_of_a_task_can_steer_the_terminal() -> None:
    error = RunError(type=HOSTILE, message=HOSTILE, traceback=f"{HOSTILE}\n{HOSTILE}")
    fields: dict[str, Any] = {
        "name": HOSTILE,
        "description": HOSTILE,
        "class_name": HOSTILE,
        "executor": HOSTILE,
        "waiting": HOSTILE,
        "tenant": HOSTILE,
        "dependencies": [HOSTILE],
        "requires": {HOSTILE: HOSTILE},
        "concurrency_key": HOSTILE,
    }
    values: dict[str, Any] = {"result": {HOSTILE: HOSTILE}, "attachments": {HOSTILE: HOSTILE}, "checkpoint": HOSTILE}

    lines = page(
        error=error,
        progress={"fraction": 0.5, "message": HOSTILE},
        runs=(run_record(1, node=HOSTILE, outcome=HOSTILE),),
        **fields,
        **values,
    )

    assert all(line.isprintable() for line in lines)


def test_an_id_made_by_a_controller_is_shown_whole() -> None:
    assert page(id=MADE_ID)[0] == f"task       {MADE_ID}"
