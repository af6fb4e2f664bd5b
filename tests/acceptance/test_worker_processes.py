"""Workers as real processes: how they start, speak, end and are stopped."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.node_driver import PROGRAM, ROOT, NodeDriver, is_alive, state_of, wait_until
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance

StartNode = Callable[..., NodeDriver]


@pytest.fixture
def start_node() -> Iterator[StartNode]:
    nodes: list[NodeDriver] = []

    def start(*arguments: str, directory: Path = ROOT, program: str = str(PROGRAM)) -> NodeDriver:
        nodes.append(NodeDriver(*arguments, directory=directory, program=program))
        return nodes[-1]

    yield start
    for node in nodes:
        node.destroy()


@pytest.fixture
def node(start_node: StartNode) -> NodeDriver:
    return start_node()


def test_a_run_starts_reports_and_is_gone(node: NodeDriver) -> None:
    node.launch("Echo", theKind="by alias", count=7)
    started, reported, gone = node.events_until_gone()
    assert (started["event"], reported["event"], gone["exit_status"]) == ("MainStarted", "Reported", 0)
    assert reported["outcome"] == "finished"
    assert (reported["result"]["kind"], reported["result"]["count"]) == ("by alias", 7)


def test_attachments_may_use_field_names(node: NodeDriver) -> None:
    node.launch("Echo", kind="by name")
    assert node.wait_for("Reported")["result"]["kind"] == "by name"


def test_a_worker_is_a_session_of_its_own_below_the_zygote_and_reaches_no_other_line(node: NodeDriver) -> None:
    node.launch("Waits", "other")
    node.wait_for("Working")
    node.launch("Echo", *(f"t{n}" for n in range(5)))
    for _ in range(5):
        result = node.wait_for("Reported")["result"]
        assert result["pid"] == result["group"]
        assert result["parent"] == node.zygote
        assert result["sockets"] == 1
        assert result["module"] == "__main__"


def test_invalid_attachments_fail_the_run_with_the_field_named(node: NodeDriver) -> None:
    node.launch("Echo", count="many")
    error = node.wait_for("Reported")["error"]
    assert error["type"] == "ValidationFailed"
    assert "attachments.count" in error["message"]


def test_a_class_nobody_registered_fails_the_run(node: NodeDriver) -> None:
    node.launch("Nobody")
    assert "Nobody" in node.wait_for("Reported")["error"]["message"]
    assert node.wait_for("Gone")["exit_status"] == 0


def test_an_end_without_a_word_is_gone_without_report(node: NodeDriver) -> None:
    node.launch("Ends", kind="silent", count=0)
    started, gone = node.events_until_gone()
    assert (started["event"], gone["exit_status"]) == ("MainStarted", 0)


@pytest.mark.parametrize(("code", "outcome"), [(0, "finished"), (3, "failed")])
def test_sys_exit_counts_by_its_code(node: NodeDriver, code: int, outcome: str) -> None:
    node.launch("Ends", kind="sys.exit", count=code)
    reported = node.wait_for("Reported")
    assert reported["outcome"] == outcome
    assert reported["error"] is None or reported["error"]["message"] == f"SystemExit: {code}"


def test_an_exception_is_reported_and_cut_to_size(node: NodeDriver) -> None:
    node.launch("Ends", kind="raise", count=1_000_000)
    error = node.wait_for("Reported")["error"]
    assert error["type"] == "RuntimeError"
    assert error["message"].startswith("no luck")
    assert len(str(error)) <= 16 * 1024
    assert node.wait_for("Gone")["exit_status"] == 0


def test_a_segmentation_fault_is_told_by_the_exit_status(node: NodeDriver) -> None:
    node.launch("Ends", kind="segfault")
    assert node.wait_for("Gone")["exit_status"] == -signal.SIGSEGV


@pytest.mark.parametrize(("kind", "count", "words"), [("large", 100_000_000, "262144"), ("set", 0, "not JSON")])
def test_a_result_that_cannot_be_kept_fails_the_run(node: NodeDriver, kind: str, count: int, words: str) -> None:
    node.launch("Ends", kind=kind, count=count)
    reported = node.wait_for("Reported")
    assert reported["outcome"] == "failed"
    assert words in reported["error"]["message"]


def test_the_largest_result_arrives(node: NodeDriver) -> None:
    node.launch("Ends", kind="large", count=256 * 1024 - 2)
    assert len(node.wait_for("Reported")["result"]) == 256 * 1024 - 2


def test_a_child_forked_by_user_code_does_not_speak_for_the_run(node: NodeDriver) -> None:
    node.launch("Ends", kind="fork")
    events = node.events_until_gone()
    assert [event["event"] for event in events] == ["MainStarted", "Reported", "Gone"]
    assert events[1]["result"] == "parent"


def test_a_flood_on_standard_error_harms_nobody(node: NodeDriver) -> None:
    node.launch("Ends", kind="stderr", count=500)
    assert node.wait_for("Reported")["outcome"] == "finished"


def test_hooks_run_in_order_and_progress_is_thinned_out(node: NodeDriver) -> None:
    node.launch("Steps", count=50_000, checkpoint={"from": "last run"})
    events = node.events_until_gone()
    steps = [(event["step"], event.get("checkpoint")) for event in events if event["event"] == "Step"]
    assert steps == [("before", {"from": "last run"}), ("after", None), ("release", None)]
    progress = [event for event in events if event["event"] == "Progressed"]
    assert (progress[-1]["fraction"], progress[-1]["message"]) == (1.0, "last")
    assert len(progress) <= 10
    assert [event["data"] for event in events if event["event"] == "CheckpointSaved"] == [{"steps": 50_000}]


def test_terminate_releases_with_the_signal_and_reports_cancelled(node: NodeDriver) -> None:
    node.launch("Waits")
    node.wait_for("Working")
    node.order("signal", id="t", signal="terminate")
    events = node.events_until_gone()
    names = [event["event"] for event in events]
    released = events[names.index("Released")]
    assert (released["signum"], released["has_frame"], released["cancelled"]) == (signal.SIGTERM, True, True)
    assert events[names.index("Reported")]["outcome"] == "cancelled"
    assert names.index("CheckpointSaved") < names.index("Reported")
    assert events[-1]["exit_status"] == 0


def test_terminate_right_after_the_launch_is_not_lost(node: NodeDriver) -> None:
    for number in range(20):
        node.launch("Waits", f"t{number}")
        node.order("signal", id=f"t{number}", signal="terminate")
    for number in range(20):
        assert node.wait_for("Reported", f"t{number}")["outcome"] == "cancelled"
        assert node.wait_for("Gone", f"t{number}")["exit_status"] == 0


@pytest.mark.parametrize(("kind", "sign"), [("stuck in C", "Working"), ("deaf", "Deaf")])
def test_kill_ends_what_terminate_cannot(node: NodeDriver, kind: str, sign: str) -> None:
    node.launch("Waits", kind=kind)
    node.wait_for(sign)
    node.order("signal", id="t", signal="terminate")
    node.order("signal", id="t", signal="kill")
    events = node.events_until_gone()
    assert events[-1]["exit_status"] == -signal.SIGKILL
    assert "Reported" not in [event["event"] for event in events]


def test_suspend_stops_every_process_of_the_run_and_resume_continues_it(node: NodeDriver) -> None:
    node.launch("Waits", kind="setsid")
    working = node.wait_for("Working")
    pids = [working["pid"], *working["children"]]
    node.order("signal", id="t", signal="suspend")
    wait_until(lambda: all(state_of(pid) == "T" for pid in pids))
    node.order("signal", id="t", signal="resume")
    wait_until(lambda: all(state_of(pid) == "S" for pid in pids))


def test_terminate_reaches_a_suspended_run(node: NodeDriver) -> None:
    node.launch("Waits")
    pid = node.wait_for("Working")["pid"]
    node.order("signal", id="t", signal="suspend")
    wait_until(lambda: state_of(pid) == "T")
    node.order("signal", id="t", signal="terminate")
    assert node.wait_for("Reported")["outcome"] == "cancelled"


@pytest.mark.parametrize("kind", ["subprocess", "setsid", "tree", "daemon"])
def test_what_a_run_leaves_behind_is_dead_before_it_is_gone(node: NodeDriver, kind: str) -> None:
    node.launch("LeavesChildren", kind=kind)
    children = node.wait_for("Reported")["result"]
    assert children
    node.wait_for("Gone")
    assert not any(is_alive(pid) for pid in children)


def test_an_update_reaches_the_hook_and_an_invalid_one_does_no_harm(node: NodeDriver) -> None:
    node.launch("Updated")
    node.wait_for("Working")
    node.order("update", id="t", attachments={"count": "many"})
    node.order("update", id="t", attachments={"count": 42})
    assert node.wait_for("Reported")["result"] == 42


def test_a_class_can_ask_for_a_fresh_interpreter(node: NodeDriver) -> None:
    node.launch("FreshEcho", count=1)
    result = node.wait_for("Reported")["result"]
    assert (result["module"], result["sockets"], result["variable"]) == ("__main__", 1, None)
    assert result["pid"] == result["group"]
    assert node.wait_for("Gone")["exit_status"] == 0


@pytest.mark.parametrize("class_name", ["Echo", "FreshEcho"])
@pytest.mark.parametrize(("devices", "seen"), [([], ""), (["1", "GPU-8f"], "1,GPU-8f")])
def test_a_run_sees_its_own_devices_from_its_first_line_on(
    start_node: StartNode, class_name: str, devices: list[str], seen: str
) -> None:
    node = start_node("gpus")
    node.launch(class_name, devices=devices)
    result = node.wait_for("Reported")["result"]
    assert result["devices"] == seen
    # A fork was imported with the node; only a fresh interpreter imports anew.
    assert result["devices_at_import"] == (seen if class_name == "FreshEcho" else None)


@pytest.mark.parametrize("class_name", ["Echo", "FreshEcho"])
def test_a_node_without_devices_leaves_the_variable_alone(
    start_node: StartNode, monkeypatch: pytest.MonkeyPatch, class_name: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    node = start_node()
    node.launch(class_name)
    assert node.wait_for("Reported")["result"]["devices"] == "7"


def test_a_program_that_has_left_its_directory_can_be_started_again(start_node: StartNode) -> None:
    node = start_node("chdir", directory=PROGRAM.parent, program=PROGRAM.name)
    node.launch("FreshEcho", count=5)
    assert node.wait_for("Reported")["result"]["count"] == 5


@pytest.mark.parametrize("sign", ["terminate", "kill"])
def test_a_fresh_interpreter_is_stopped_like_any_other(node: NodeDriver, sign: str) -> None:
    node.launch("FreshWaits", kind="setsid")
    working = node.wait_for("Working")
    node.order("signal", id="t", signal=sign)
    assert node.wait_for("Gone")["exit_status"] == (0 if sign == "terminate" else -signal.SIGKILL)
    assert not any(map(is_alive, [working["pid"], *working["children"]]))


def test_a_program_with_a_live_thread_gets_fresh_interpreters(start_node: StartNode) -> None:
    node = start_node("thread")
    node.launch("Echo", "a", "b", count=2)
    for _ in range(2):
        result = node.wait_for("Reported")["result"]
        assert (result["count"], result["threads"], result["parent"]) == (2, 2, node.zygote)
        assert node.wait_for("Gone")["exit_status"] == 0
    node.close()


def test_a_worker_that_talks_nonsense_is_killed(node: NodeDriver) -> None:
    node.launch("Floods", kind="nonsense")
    assert node.wait_for("Gone")["exit_status"] == -signal.SIGKILL


def test_a_worker_that_talks_without_end_is_heard_to_its_end(node: NodeDriver) -> None:
    node.launch("Floods", count=20_000)
    assert node.wait_for("Reported")["result"] == 20_000


def test_an_outcome_waits_for_a_node_that_is_paused(node: NodeDriver) -> None:
    node.launch("Updated")
    pid = node.wait_for("Working")["pid"]
    node.order("update", id="t", attachments={"count": 7})
    node.launch("Ends", "large", kind="large", count=250_000)
    os.kill(node.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: state_of(node.process.pid) == "T")
        wait_until(lambda: state_of(pid) in ("S", "", "Z"))
    finally:
        os.kill(node.process.pid, signal.SIGCONT)
    assert node.wait_for("Reported", "t")["result"] == 7
    assert len(node.wait_for("Reported", "large")["result"]) == 250_000


def test_a_ctrl_c_at_the_terminal_reaches_no_worker(node: NodeDriver) -> None:
    node.launch("Waits")
    pid = node.wait_for("Working")["pid"]
    assert os.getpgid(pid) != os.getpgid(node.process.pid)
    assert os.getpgid(node.zygote) != os.getpgid(node.process.pid)
    os.kill(node.zygote, signal.SIGINT)
    os.kill(node.zygote, signal.SIGTERM)
    node.launch("Echo", "after")
    assert node.wait_for("Reported", "after")["outcome"] == "finished"
    assert is_alive(pid)


def test_two_hundred_launches_leak_nothing(node: NodeDriver) -> None:
    node.launch("Echo", "warm")
    node.wait_for("Gone", "warm")
    before = _holdings(node)
    for number in range(200):
        node.launch("Echo", f"t{number}")
    for number in range(200):
        node.wait_for("Gone", f"t{number}")
    assert _holdings(node) == before


def test_one_order_starts_hundreds(node: NodeDriver) -> None:
    ids = [f"t{number}" for number in range(450)]
    node.launch("Echo", *ids)
    assert len({node.wait_for("Reported", id_)["result"]["pid"] for id_ in ids}) > 400
    for id_ in ids:
        assert node.wait_for("Gone", id_)["exit_status"] == 0


@pytest.mark.parametrize("class_name", ["UntilStopped", "Stubborn"])
def test_a_run_over_its_limit_is_stopped_and_has_failed(system: RunningSystem, class_name: str) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder(class_name, timeoutMs=1500, maxAttempts=1)
    pid = int(system.recorded(task_id, 1))

    (task,) = system.wait_final([task_id])

    assert not is_alive(pid)
    assert task["lifecycleStatus"] == "Failed"
    assert "1500 ms" in task["exception"]


def test_close_kills_what_runs_and_tells_of_it(node: NodeDriver) -> None:
    node.launch("Waits", "a", kind="daemon")
    node.launch("Waits", "b", kind="stuck in C")
    pids = [pid for _ in range(2) for event in [node.wait_for("Working")] for pid in (event["pid"], *event["children"])]
    said = node.close()
    assert sorted(event["id"] for event in said if event["event"] == "Gone") == ["a", "b"]
    assert not any(is_alive(pid) for pid in [*pids, node.zygote])


def _holdings(node: NodeDriver) -> list[int]:
    """Open files of node and zygote, and the zygote's children."""
    files = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (node.process.pid, node.zygote)]
    return [*files, len(Path(f"/proc/{node.zygote}/task/{node.zygote}/children").read_text().split())]
