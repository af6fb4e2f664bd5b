"""A run as a list of steps, the same for a worker of a node and for one that runs alone.

load ─► initialize ─► before ─► main ─► after ─► report finished ─► release
  │          │           │        │        └ raises: logged, still finished
  └──────────┴───────────┴────────┴ raises: report failed ─► release
                                  └ sys.exit(0) or sys.exit(): report finished ─► release, `after` is skipped
SIGTERM or SIGINT anywhere before the report: report cancelled ─► release(signum, frame) ─► the stack unwinds
"""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from skalds.ports.worker_launcher import RunOutcome
from skalds.runtime.log_setup import log_event
from skalds.worker.context import RunContext
from skalds.worker.hooks import Hook, HookCaller, Hooked, HookKind, LifecycleHandler, find_hook
from skalds.worker.plain_json import plain_json
from skalds.worker.run_error import describe_error

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Step = Callable[[], None]


class RunCancelled(SystemExit):
    """Unwinds the stack of a cancelled run, so that `finally` and `with` do their work."""


class Procedure:
    """Takes one worker through its steps; `worker` may be set by the first of them."""

    def __init__(self, context: RunContext, worker: Hooked | None = None) -> None:
        self.context = context
        self.worker = worker
        self.hooks = HookCaller()
        self.result: Any = None
        self.failure: BaseException | None = None
        self._is_closing = False
        self._is_reported = False
        self._release_arguments: Sequence[tuple[Any, ...]] = ((), (None,), (None, None))
        self._process = os.getpid()

    def perform(self, steps: Sequence[Step]) -> None:
        """Takes the steps, reports and releases; what user code raises ends up in `failure` and in the report."""
        with self._signals_taken():
            try:
                self._take(steps)
            except RunCancelled:
                self._finish_cancel()
            self._guard(self.release)
            # The release hook may have saved a checkpoint.
            self.context.flush()
        self._guard(self.hooks.close)

    def before(self) -> None:
        """Calls the hook before the work."""
        self._call(LifecycleHandler.RUN_BEFORE)

    def main(self) -> None:
        """Does the work and checks what it returns."""
        hook = self._hook(LifecycleHandler.RUN_MAIN)
        if hook is None:
            raise NotImplementedError(f"{type(self.worker).__name__} has no method marked with @run_main_handler")
        self.context.main_started()
        self.result = plain_json("result", self.hooks.call(hook, ()))

    def after(self) -> None:
        """Calls the hook after the work, which cannot undo it."""
        self._guard(lambda: self._call(LifecycleHandler.RUN_AFTER))

    def release(self) -> None:
        """Calls the release hook once, on whatever way the run has ended."""
        choices, self._release_arguments = self._release_arguments, ()
        self.hooks.unwind()
        if choices:
            self._call(LifecycleHandler.RELEASE, *choices)

    def _take(self, steps: Sequence[Step]) -> None:
        try:
            # A worker starts with them blocked, so that none is lost before there is somebody to take it.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for step in steps:
                step()
                self._leave_if_forked()
                if self._is_closing:
                    # User code has swallowed what was to end it.
                    raise RunCancelled
            self._is_closing = True
            self.context.report(RunOutcome.FINISHED, self.result)
        except RunCancelled:
            raise
        except BaseException as error:
            self._leave_if_forked(error)
            if self._is_closing:
                raise RunCancelled from error
            self._is_closing = True
            self._report_end(error)

    def _report_end(self, error: BaseException) -> None:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            self.context.report(RunOutcome.FINISHED)
            return
        self.failure = error
        self.context.report(RunOutcome.FAILED, error=describe_error(error))

    def _call(self, kind: HookKind, *choices: tuple[Any, ...]) -> None:
        hook = self._hook(kind)
        if hook is not None:
            self.hooks.call(hook, *choices or ((),))

    def _hook(self, kind: HookKind) -> Hook | None:
        return None if self.worker is None else find_hook(self.worker, kind)

    def _guard(self, step: Step) -> None:
        try:
            step()
        except RunCancelled:
            raise
        except BaseException as error:
            # The log itself may be what a signal has interrupted, and refuse to be entered twice.
            with suppress(RuntimeError):
                log_event(
                    "ERROR",
                    "worker.hook_failed",
                    task=self.context.key.task_id,
                    attempt=self.context.key.attempt,
                    error=error,
                    traceback="".join(traceback.format_exception(error)),
                )

    def _leave_if_forked(self, error: BaseException | None = None) -> None:
        # A child that user code forked and let return here must not speak in the name of the run.
        if os.getpid() == self._process:
            return
        if isinstance(error, SystemExit):
            os._exit(error.code if isinstance(error.code, int) else 0)
        if error is not None:
            traceback.print_exception(error)
        os._exit(0 if error is None else 1)

    @contextmanager
    def _signals_taken(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                with suppress(TypeError):
                    signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self.context.cancelled = True
        if self._is_closing or self.context.postpones(number):
            return
        self._is_closing = True
        self._release_arguments = ((number, frame), (number,), ())
        # Inside a running event loop an async hook can only be called once the stack is unwound.
        if not self.hooks.is_in_loop:
            self._finish_cancel()
        raise RunCancelled

    def _finish_cancel(self) -> None:
        if not self._is_reported:
            self._guard(self.release)
            self._is_reported = True
            self.context.report(RunOutcome.CANCELLED)
