"""Every example does what its first lines say."""

import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import Json, RunningSystem

pytestmark = pytest.mark.acceptance

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 40


def example(name: str) -> str:
    return str(EXAMPLES / name)


def run_example(name: str, *arguments: str) -> str:
    """Runs an example that is no node, and returns what it printed."""
    command = [sys.executable, example(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
def recording(system: RunningSystem) -> Path:
    """A sound that becomes louder with every second."""
    path = system.folder / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(100)
        sound.writeframes(b"".join(bytes([128, 128 + second] * 50) for second in range(SECONDS)))
    return path


def submit_loudness(system: RunningSystem, recording: Path, pace: float) -> str:
    attachments = {"recording": str(recording), "curve": str(recording.with_suffix(".csv")), "seconds_per_step": pace}
    (task_id,) = system.submit("Loudness", attachments=attachments)
    return task_id


def wait_checkpoint(system: RunningSystem, task_id: str) -> int:
    """Waits until the run has got somewhere."""
    return int(wait_for(lambda: system.task(task_id)["checkpoint"]))


def expected_curve() -> str:
    return "".join(f"{second},{second}\n" for second in range(SECONDS))


def test_a_hundred_tasks_are_sent_and_awaited(system: RunningSystem) -> None:
    system.start_nodes("a", "b", app=example("log_survey.py"))

    output = run_example("submit_many.py", system.address)

    assert output.startswith("100 tasks: {'Finished': 100}\n")
    assert "'def '" in output


def test_a_pipeline_runs_in_the_order_of_its_stages(system: RunningSystem) -> None:
    system.start_nodes("a", "b", app=example("pipeline.py"))
    text = system.folder / "song.txt"
    text.write_text("row row row\nyour boat\nrow your boat\ngently\nrow\n")

    output = run_example("pipeline.py", str(text), system.address)

    *stages, total = output.splitlines()
    assert stages == ["Split Finished", *["CountWords Finished"] * 4, "AddUp Finished"]
    assert total.startswith("most frequent: {'row': 5, ")
    assert "'boat': 2" in total
    by_class = {task["className"]: task for task in system.call("GET", "/api/tasks").json()["items"]}
    (split,), (added,) = (by_class[name]["runs"] for name in ("Split", "AddUp"))
    assert added["assigned"] >= split["finished"]


def test_long_work_leaves_for_urgent_work_and_goes_on(system: RunningSystem) -> None:
    system.start_nodes("a", slots=1, app=example("urgent_work.py"), SKALD_RESERVED_SLOTS="0:8")

    output = run_example("urgent_work.py", "send", system.address)

    urgent, long = output.splitlines()
    assert urgent == "priority 9: ['finished'] {'steps': 3, 'takenByLastRun': 3}"
    assert long.startswith("priority 0: ['preempted', 'finished'] {'steps': 50, ")
    assert "'takenByLastRun': 50" not in long


def test_a_worker_sees_the_gpu_devices_that_it_asked_for(system: RunningSystem) -> None:
    system.start_nodes("a", app=example("on_gpu.py"), SKALD_RESOURCES="gpu=0;1")
    (asking,) = system.submit("Inference", resources={"gpu": 2}, attachments={"model": "detector"})
    (modest,) = system.submit("Inference", attachments={"model": "detector"})

    tasks = system.wait_final([asking, modest])

    assert [task["result"]["devices"] for task in tasks] == ["0,1", ""]


def test_a_report_is_retried_until_its_input_is_there_or_it_failed_too_often(system: RunningSystem) -> None:
    system.start_nodes("a", app=example("monthly_report.py"))
    source, target = system.folder / "sales.csv", system.folder / "total.txt"
    attachments = {"source": str(source), "target": str(target)}
    (patient,) = system.submit("MonthlyReport", maxAttempts=0, retryDelayMs=20, retryBackoff=1, attachments=attachments)
    (hasty,) = system.submit("MonthlyReport", maxAttempts=2, retryDelayMs=20, attachments=attachments)

    (failed,) = system.wait_final([hasty])
    source.with_suffix(".tmp").write_text("item,amount\npencil,3\nlamp,40\n")
    source.with_suffix(".tmp").rename(source)
    (finished,) = system.wait_final([patient])

    assert (failed["lifecycleStatus"], failed["failures"]) == ("Failed", 2)
    assert "sales.csv" in failed["exception"]
    assert (finished["lifecycleStatus"], finished["result"]) == ("Finished", "43")
    assert finished["attempt"] == finished["failures"] + 1
    assert target.read_text() == "43\n"


def test_a_long_job_goes_on_from_its_checkpoint_on_another_node(system: RunningSystem, recording: Path) -> None:
    system.start_nodes("a", app=example("loudness.py"))
    task_id = submit_loudness(system, recording, pace=0.03)
    reached = wait_checkpoint(system, task_id)

    system.processes.kill("a", signal.SIGINT)
    system.start_nodes("b", app=example("loudness.py"))

    (task,) = system.wait_final([task_id])
    result: Json = task["result"]
    assert (task["lifecycleStatus"], task["executor"], task["failures"]) == ("Finished", "b", 0)
    assert result["seconds"] == SECONDS
    assert reached <= result["startedAt"] < SECONDS
    assert recording.with_suffix(".csv").read_text() == expected_curve()


def test_a_long_job_tells_how_far_it_is_and_can_be_cancelled(system: RunningSystem, recording: Path) -> None:
    system.start_nodes("a", app=example("loudness.py"))
    task_id = submit_loudness(system, recording, pace=0.2)
    told = wait_for(lambda: system.task(task_id)["progress"])

    system.call("POST", f"/api/tasks/{task_id}/cancel")

    (task,) = system.wait_final([task_id])
    assert 0 < told["fraction"] < 1
    assert told["message"].endswith(f" of {SECONDS}")
    assert task["lifecycleStatus"] == "Cancelled"
    assert task["result"] is None
