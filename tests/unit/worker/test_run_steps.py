"""The steps of a run, and where each of them leads when it fails."""

import asyncio
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from skalds.ports.worker_launcher import RunOutcome
from skalds.worker.baseclass import BaseTaskWorker, release_handler, run_before_handler, run_main_handler
from tests.unit.worker.worker_builders import Data, Recorder, a_task, run_task

ALL_STEPS = ["initialize", "before", "main", "after", "release"]


def test_all_hooks_run_in_order_and_the_result_is_reported() -> None:
    ran = run_task(Recorder())
    assert ran.worker.diary == ALL_STEPS
    assert ran.names == ["MainStarted", "Reported"]
    assert (ran.report.outcome, ran.report.result, ran.report.error) == (RunOutcome.FINISHED, {"answer": 42}, None)
    assert ran.worker.is_done


@pytest.mark.parametrize("broken", ["initialize", "before", "main"])
def test_a_failing_step_skips_the_rest_reports_and_releases(broken: str) -> None:
    ran = run_task(Recorder(broken=broken))
    assert ran.worker.diary == [*ALL_STEPS[: ALL_STEPS.index(broken) + 1], "release"]
    assert ran.report.outcome is RunOutcome.FAILED
    assert ran.report.error is not None
    assert (ran.report.error.type, ran.report.error.message) == ("RuntimeError", f"{broken} is broken")
    assert f"in {broken}" in ran.report.error.traceback
    assert ran.has_started is (broken == "main")
    assert not ran.worker.is_done


@pytest.mark.parametrize("broken", ["after", "release"])
def test_a_failure_after_the_work_does_not_undo_it(broken: str) -> None:
    ran = run_task(Recorder(broken=broken))
    assert ran.worker.diary == ALL_STEPS
    assert (ran.report.outcome, ran.report.result) == (RunOutcome.FINISHED, {"answer": 42})


def test_a_worker_without_a_main_hook_fails() -> None:
    class Lazy(BaseTaskWorker[Data]):
        def initialize(self, data: Data | None) -> None:
            """Nothing to prepare."""

        def _run_main(self) -> None:
            """Overriding this is not enough."""

    ran = run_task(Lazy())
    assert ran.report.error is not None
    assert ran.report.error.type == "NotImplementedError"


def test_the_worker_knows_its_run() -> None:
    class Curious(Recorder):
        def note(self, step: str, *details: object) -> None:
            super().note(step, self.task_id, self.task_type, self.attempt, self.dependencies, self.last_checkpoint)

    ran = run_task(Curious(), a_task("Curious", dependencies=["t0"], checkpoint={"at": 3}))
    assert ran.worker.diary[2] == ("main", "t1", "Curious", 2, ["t0"], {"at": 3})


@pytest.mark.parametrize("code", [None, 0])
def test_sys_exit_without_a_code_ends_the_run_as_finished(code: int | None) -> None:
    ran = run_task(Recorder(broken="main", failure=SystemExit(code)))
    assert ran.worker.diary == ["initialize", "before", "main", "release"]
    assert (ran.report.outcome, ran.report.result) == (RunOutcome.FINISHED, None)


@pytest.mark.parametrize("code", [1, "no disk"])
def test_sys_exit_with_a_code_is_a_failure(code: int | str) -> None:
    ran = run_task(Recorder(broken="main", failure=SystemExit(code)))
    assert ran.report.error is not None
    assert (ran.report.error.type, ran.report.error.message) == ("SystemExit", f"SystemExit: {code}")


@pytest.mark.parametrize("attachments", [{"number": "seven"}, [], 3])
def test_invalid_attachments_fail_the_run_before_user_code(attachments: Any) -> None:
    ran = run_task(Recorder(), a_task(attachments=attachments))
    assert ran.worker.diary == []
    assert ran.report.error is not None
    assert ran.report.error.type == "ValidationFailed"
    assert ran.report.error.message.startswith("attachments")


def test_secrets_in_invalid_attachments_are_not_repeated() -> None:
    ran = run_task(Recorder(), a_task(attachments={"number": "hunter2"}))
    assert "hunter2" not in str(ran.report)


def test_async_hooks_share_one_loop() -> None:
    class Async(Recorder):
        @run_before_handler
        async def before(self) -> None:  # type: ignore[override]
            self.future = asyncio.get_running_loop().create_future()
            self.future.set_result("from before")

        @run_main_handler
        async def main(self) -> str:
            return str(await self.future)

        @release_handler
        async def release(self) -> None:  # type: ignore[override]
            self.note("release", await self.future)

    ran = run_task(Async())
    assert ran.report.result == "from before"
    assert ran.worker.diary[-1] == ("release", "from before")


class Cancelled(Recorder):
    """Is sent a signal in the middle of its work."""

    @run_main_handler
    def main(self) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            os.getpid()
        finally:
            self.note("clean-up", self.cancelled)


def test_a_signal_releases_with_its_arguments_and_unwinds() -> None:
    class TwoArguments(Cancelled):
        @release_handler
        def release(self, signum: int, frame: FrameType) -> None:  # type: ignore[override]
            self.note("release", signum, frame is not None, self.cancelled)

    ran = run_task(TwoArguments())
    assert ran.worker.diary[2:] == [("release", signal.SIGTERM, True, True), ("clean-up", True)]
    assert ran.report.outcome is RunOutcome.CANCELLED


def test_a_release_hook_without_arguments_runs_on_a_signal_too() -> None:
    ran = run_task(Cancelled())
    assert ran.worker.diary[2:] == ["release", ("clean-up", True)]
    assert ran.report.outcome is RunOutcome.CANCELLED


def test_a_release_hook_with_two_arguments_runs_at_a_normal_end_too() -> None:
    class TwoArguments(Recorder):
        @release_handler
        def release(self, signum: int | None, frame: FrameType | None) -> None:  # type: ignore[override]
            self.note("release", signum, frame)

    assert run_task(TwoArguments()).worker.diary[-1] == ("release", None, None)


@pytest.mark.parametrize("replacement", [None, ValueError("clean-up failed")])
def test_a_main_hook_that_swallows_the_cancel_is_cancelled_all_the_same(replacement: Exception | None) -> None:
    class Stubborn(Recorder):
        @run_main_handler
        def main(self) -> None:
            try:
                signal.raise_signal(signal.SIGTERM)
            except BaseException:
                if replacement is not None:
                    raise replacement from None

    ran = run_task(Stubborn())
    assert ran.worker.diary == ["initialize", "before", "release"]
    assert ran.report.outcome is RunOutcome.CANCELLED


def test_a_second_signal_does_not_release_twice() -> None:
    class Impatient(Cancelled):
        @release_handler
        def release(self) -> None:
            self.note("release")
            signal.raise_signal(signal.SIGTERM)

    ran = run_task(Impatient())
    assert ran.worker.diary.count("release") == 1


def test_a_failing_release_hook_does_not_stop_the_cancel() -> None:
    ran = run_task(Cancelled(broken="release"))
    assert ran.report.outcome is RunOutcome.CANCELLED


def test_a_checkpoint_of_the_release_hook_precedes_the_report() -> None:
    class Careful(Cancelled):
        @release_handler
        def release(self) -> None:
            self.checkpoint({"saved": True})

    assert run_task(Careful()).names == ["MainStarted", "CheckpointSaved", "Reported"]


def test_an_async_main_is_cancelled_before_its_async_release() -> None:
    class Async(Recorder):
        @run_main_handler
        async def main(self) -> None:
            try:
                asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
                await asyncio.Event().wait()
            finally:
                self.note("clean-up")

        @release_handler
        async def release(self, signum: int | None = None) -> None:  # type: ignore[override]
            self.note("release", signum)

    ran = run_task(Async())
    assert ran.worker.diary[2:] == ["clean-up", ("release", signal.SIGTERM)]
    assert ran.report.outcome is RunOutcome.CANCELLED


def test_a_signal_after_the_report_changes_nothing() -> None:
    class Late(Recorder):
        @release_handler
        def release(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            self.note("release")

    ran = run_task(Late())
    assert ran.report.outcome is RunOutcome.FINISHED
    assert ran.worker.diary[-1] == "release"


def test_handlers_of_the_process_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run_task(Recorder())
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_updates_reach_the_hook_in_another_thread_and_invalid_ones_are_passed_over() -> None:
    class Updated(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.arrived = threading.Event()

        def note(self, step: str, *details: object) -> None:
            super().note(step, *details)
            if details == (3,):
                self.arrived.set()

        @run_main_handler
        def main(self) -> None:
            assert self.arrived.wait(10)

    ran = run_task(Updated(), updates=[{"number": 1}, None, {"number": "x"}, {"number": 3}])
    assert [entry for entry in ran.worker.diary if entry[0] == "update"] == [("update", 1), ("update", 3)]
    assert ran.report.outcome is RunOutcome.FINISHED


def test_a_result_that_is_too_large_fails_the_run() -> None:
    class Large(Recorder):
        @run_main_handler
        def main(self) -> str:
            return "x" * 300_000

    ran = run_task(Large())
    assert ran.report.error is not None
    assert "262144" in ran.report.error.message
    assert "after" not in ran.worker.diary


def test_sys_exit_in_the_release_hook_is_only_logged() -> None:
    class Exits(Recorder):
        @release_handler
        def release(self) -> None:
            sys.exit(5)

    assert run_task(Exits()).report.outcome is RunOutcome.FINISHED
