"""Finding and signalling real processes by descent."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from skalds.adapters.process import process_tree
from skalds.adapters.process.process_tree import children_of, descendants_of, signal_descendants, signal_tree
from tests.acceptance.node_driver import is_alive, wait_until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def family() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A shell that leads its own group, and its child."""
    shell = subprocess.Popen(
        ["sh", "-c", "sleep 3600 & echo $!; wait"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert shell.stdout is not None
    child = int(shell.stdout.readline())
    yield shell, child
    if shell.poll() is None:
        os.killpg(shell.pid, signal.SIGKILL)
    shell.wait()
    shell.stdout.close()


@pytest.mark.parametrize("is_listed", [True, False])
def test_descendants_are_found_with_and_without_the_help_of_the_kernel(
    family: tuple["subprocess.Popen[str]", int], monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    shell, child = family
    monkeypatch.setattr(process_tree, "_kernel_lists_children", lambda: is_listed)
    assert shell.pid in children_of(os.getpid())
    assert descendants_of(shell.pid) == [child]


def test_signalling_descendants_spares_their_ancestor(family: tuple["subprocess.Popen[str]", int]) -> None:
    shell, child = family
    signal_descendants(shell.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(child))
    assert shell.wait(20) == 128 + signal.SIGKILL or shell.returncode == 0


def test_signalling_a_tree_reaches_all_of_it(family: tuple["subprocess.Popen[str]", int]) -> None:
    shell, child = family
    signal_tree(shell.pid, signal.SIGKILL)
    assert shell.wait(20) == -signal.SIGKILL
    wait_until(lambda: not is_alive(child))


def test_a_stranger_is_never_signalled(family: tuple["subprocess.Popen[str]", int]) -> None:
    shell, child = family
    process_tree._signal_if_below(shell.pid, child, signal.SIGKILL)
    process_tree._signal_if_below(child, os.getppid() + 10**6, signal.SIGKILL)
    assert is_alive(shell.pid)
    assert is_alive(child)


def test_a_process_that_does_not_exist_has_no_family() -> None:
    assert children_of(2**22 + 1) == []
    signal_descendants(2**22 + 1, signal.SIGKILL)
