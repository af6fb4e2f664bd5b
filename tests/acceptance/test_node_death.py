"""When the node's process or its zygote dies, whatever killed it, nothing of it lives on (S20)."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.acceptance.node_driver import NodeDriver, is_alive, wait_until

pytestmark = pytest.mark.acceptance

KINDS = ["plain", "stuck in C", "deaf", "subprocess", "setsid", "tree", "daemon"]
LIMIT = 1.0


@pytest.fixture
def start_node() -> Iterator[Callable[..., NodeDriver]]:
    nodes: list[NodeDriver] = []

    def start(*arguments: str) -> NodeDriver:
        nodes.append(NodeDriver(*arguments))
        return nodes[-1]

    yield start
    for node in nodes:
        node.destroy()


def start_all_kinds(node: NodeDriver) -> list[int]:
    """One run of each kind; all their processes."""
    pids: list[int] = []
    for kind in KINDS:
        node.launch("Waits", kind, kind=kind)
        working = node.wait_for("Working")
        pids += [working["pid"], *working["children"]]
    assert all(is_alive(pid) for pid in pids)
    return pids


@pytest.mark.parametrize("arguments", [(), ("thread",)])
def test_nothing_outlives_a_killed_node_by_a_second(
    start_node: Callable[..., NodeDriver], arguments: tuple[str, ...]
) -> None:
    node = start_node(*arguments)
    pids = start_all_kinds(node)
    killed_at = time.monotonic()
    node.process.kill()
    assert node.wait_for_silence(killed_at) <= LIMIT
    # Descriptors close a moment before a process counts as dead.
    wait_until(lambda: not any(map(is_alive, [*pids, node.zygote])), killed_at + LIMIT - time.monotonic())


def test_a_suspended_run_dies_with_its_node_too(start_node: Callable[..., NodeDriver]) -> None:
    node = start_node()
    node.launch("Waits", kind="setsid")
    node.wait_for("Working")
    node.order("signal", id="t", signal="suspend")
    killed_at = time.monotonic()
    node.process.kill()
    assert node.wait_for_silence(killed_at) <= LIMIT


@pytest.mark.parametrize("arguments", [(), ("thread",)])
def test_a_killed_zygote_takes_all_runs_with_it_and_the_node_says_so(
    start_node: Callable[..., NodeDriver], arguments: tuple[str, ...]
) -> None:
    node = start_node(*arguments)
    pids = start_all_kinds(node)
    os.kill(node.zygote, signal.SIGKILL)
    for kind in KINDS:
        assert node.wait_for("Gone", kind)["exit_status"] == -signal.SIGKILL
    assert not any(is_alive(pid) for pid in pids)
    node.launch("Echo", "late")
    assert "restart" in node.wait_for("Refused")["reason"]
    assert not [event for event in node.close() if event["event"] in ("Gone", "Reported")]


def test_a_node_that_dies_in_the_middle_of_a_large_order_leaves_nothing(start_node: Callable[..., NodeDriver]) -> None:
    node = start_node()
    node.launch("Waits", *(f"t{number}" for number in range(200)), kind="setsid")
    node.wait_for("Working")
    killed_at = time.monotonic()
    node.process.kill()
    assert node.wait_for_silence(killed_at) <= LIMIT
