"""A worker that its author starts by hand, without a node."""

import re
import signal
from typing import Any

import pytest

from skalds.worker.baseclass import BaseTaskWorker, release_handler, run_main_handler
from tests.unit.worker.worker_builders import Data, Recorder, a_task


def test_the_hooks_run_here_and_the_result_comes_back() -> None:
    worker = Recorder()
    worker.initialize(Data())
    assert worker.start() == {"answer": 42}
    assert worker.diary == ["initialize", "before", "main", "after", "release"]
    assert worker.is_done


def test_a_mock_task_has_an_id_of_its_own() -> None:
    first, second = Recorder(), Recorder()
    assert re.fullmatch("MOCK_TASK_[0-9a-f]{8}", first.task_id)
    assert first.task_id != second.task_id
    assert (first.task_type, first.dependencies, first.attempt, first.is_done) == ("Recorder", [], 0, False)


def test_a_task_gives_its_id() -> None:
    worker = Recorder(a_task(dependencies=["t0"]))
    assert (worker.task_id, worker.dependencies) == ("t1", ["t0"])


def test_what_main_raises_reaches_the_caller_after_the_release() -> None:
    worker = Recorder(broken="main")
    with pytest.raises(RuntimeError, match="main is broken"):
        worker.start()
    assert worker.diary == ["before", "main", "release"]


def test_ctrl_c_releases_and_ends_the_program() -> None:
    class Interrupted(Recorder):
        @run_main_handler
        def main(self) -> None:
            signal.raise_signal(signal.SIGINT)

        @release_handler
        def release(self, *arguments: Any) -> None:
            self.note("release", *arguments[:1])

    worker = Interrupted()
    with pytest.raises(SystemExit) as ended:
        worker.start()
    assert ended.value.code == 0
    assert worker.diary == ["before", ("release", signal.SIGINT)]


def test_progress_and_checkpoints_need_no_node() -> None:
    class Talkative(Recorder):
        @run_main_handler
        def main(self) -> Any:
            self.progress(0.5, "half")
            self.checkpoint({"at": 5})
            return self.last_checkpoint

    assert Talkative().start() == {"at": 5}


def test_the_configurations_of_old_programs_are_taken() -> None:
    class Old(BaseTaskWorker[Data]):
        def initialize(self, data: Data | None) -> None:
            """Nothing to prepare."""

    assert Old(None, redis_config="redis", kafka_config="kafka").task_id.startswith("MOCK_TASK_")


def test_a_class_without_initialize_cannot_be_made() -> None:
    class Unready(BaseTaskWorker[Data]):
        pass

    with pytest.raises(TypeError, match="initialize"):
        Unready()  # type: ignore[abstract]
