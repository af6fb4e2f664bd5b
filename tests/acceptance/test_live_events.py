"""What happens in a running system reaches those who listen, in order and without gaps (S17)."""

import signal

import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.event_reader import EventReader, in_background, reading
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance

LISTENERS = 200


def numbers(reader: EventReader) -> list[int]:
    return [int(event_id.rpartition("-")[2]) for event_id in reader.ids]


def test_a_task_is_followed_from_created_to_finished(system: RunningSystem) -> None:
    system.start_nodes("a")
    with reading(system.address, "tasks") as reader:
        (task_id,) = system.submit("Double", attachments={"number": 4})
        reader.wait_for("task_status", task_id, lifecycleStatus="Finished")

    assert reader.statuses(task_id) == ["Created", "Assigning", "Running", "Finished"]
    last = reader.of_type("task_status", task_id)[-1]["data"]
    assert (last["final"], last["attempt"], last["executor"]) == (True, 1, "a")
    assert reader.of_type("task_heartbeat", task_id)[-1]["data"] == {"heartbeat": 200, "lifecycleStatus": "Finished"}
    assert numbers(reader) == sorted(set(numbers(reader)))


def test_a_running_task_beats_and_its_failure_has_a_text(system: RunningSystem) -> None:
    system.start_nodes("a")
    with reading(system.address, "tasks") as reader:
        (running,) = system.submit_in_folder("UntilStopped")
        wait_for(lambda: len(reader.of_type("task_heartbeat", running)) >= 3)
        (failing,) = system.submit("Failing", maxAttempts=1)
        reader.wait_for("task_exception", failing, exception="nothing works", lifecycleStatus="Failed")
        system.call("PUT", f"/api/tasks/{running}/status", json={"lifecycleStatus": "Cancelled"})
        reader.wait_for("task_heartbeat", running, heartbeat=-2, lifecycleStatus="Cancelled")

    beats = [value["data"]["heartbeat"] for value in reader.of_type("task_heartbeat", running)]
    assert beats == [*sorted(set(beats[:-1])), -2]
    assert reader.of_type("task_error") == []


def test_nodes_are_seen_to_come_beat_and_get_lost(system: RunningSystem) -> None:
    with reading(system.address, "skalds") as reader:
        system.start_nodes("a")
        reader.wait_for("skald_status", "a", status="online")
        wait_for(lambda: len(reader.of_type("skald_heartbeat", "a")) >= 3)
        system.processes.kill("a", signal.SIGKILL)
        reader.wait_for("skald_status", "a", status="offline", taskCount=0)

    beats = [value["data"]["heartbeat"] for value in reader.of_type("skald_heartbeat", "a")]
    assert beats == sorted(set(beats))
    assert [value["data"]["status"] for value in reader.of_type("skald_status", "a")] == ["online", "offline"]


def test_a_client_that_reconnects_has_no_gap(system: RunningSystem) -> None:
    system.start_nodes("a")
    with reading(system.address, "tasks") as first:
        (before,) = system.submit("Double", attachments={})
        first.wait_for("task_status", before, lifecycleStatus="Finished")
    between = system.submit("Double", 20, attachments={})
    system.wait_final(between)

    with reading(system.address, "tasks", first.last_id) as second:
        (after,) = system.submit("Double", attachments={})
        second.wait_for("task_status", after, lifecycleStatus="Finished")

    for task_id in (*between, after):
        assert second.statuses(task_id) == ["Created", "Assigning", "Running", "Finished"]
    assert second.of_type("reset") == []
    assert numbers(first)[-1] < numbers(second)[0]
    assert numbers(second) == sorted(set(numbers(second)))


def test_after_a_restart_of_the_controller_everything_is_to_be_read_again(system: RunningSystem) -> None:
    with reading(system.address, "tasks") as before:
        system.submit("Double", attachments={})
        before.wait_for("task_status", lifecycleStatus="Created")
        system.processes.kill("controller")
        wait_for(lambda: before.has_ended)
    system.start_controller()

    with reading(system.address, "tasks", before.last_id) as reader:
        reader.wait_for("reset")
        (later,) = system.submit("Double", attachments={})
        reader.wait_for("task_status", later, lifecycleStatus="Created")

    assert [value["type"] for value in reader.values] == ["connection", "reset", "task_status"]
    assert numbers(reader) == sorted(set(numbers(reader)))


def test_a_stalled_client_is_cut_and_two_hundred_others_miss_nothing(system: RunningSystem) -> None:
    readers = [EventReader(system.address, "tasks") for _ in range(LISTENERS)]
    stalled = EventReader(system.address, "tasks")
    with in_background([*(reader.follow() for reader in readers), stalled.stall()]):
        connected = LISTENERS + 1
        wait_for(lambda: system.call("GET", "/api/events/status").json()["connectedClients"] == connected)
        submitted: list[str] = []
        while system.call("GET", "/api/events/status").json()["connectedClients"] == connected:
            assert len(submitted) < 50_000, "the stalled client was never cut"
            drafts = [{"className": "Nobody", "id": f"{len(submitted) + n:06}".ljust(128, "x")} for n in range(250)]
            submitted += [item["id"] for item in system.call("POST", "/api/tasks", json=drafts).json()["items"]]
            # Not faster than those who read: this one process parses for all of them.
            readers[0].wait_for("task_status", submitted[-1])
        expected = len(submitted)
        wait_for(lambda: all(len(r.values) == expected + 1 for r in readers), 60)

    assert stalled.values == []
    for reader in readers:
        assert [value["taskId"] for value in reader.values[1:]] == submitted
        assert numbers(reader) == sorted(set(numbers(reader)))
