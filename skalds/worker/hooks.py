"""Finding the methods a task author has marked as hooks, and calling them whatever shape they have."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol

HOOK_ATTRIBUTE = "_skald_lifecycle_hook"


class LifecycleHandler(StrEnum):
    """The moments of a run at which a hook is called."""

    RUN_BEFORE = "run_before"
    RUN_MAIN = "run_main"
    RUN_AFTER = "run_after"
    RELEASE = "release"


class UpdateEventHandler(StrEnum):
    """What can reach a run from outside while it works."""

    UPDATE_EVENT = "update_event"


HookKind = LifecycleHandler | UpdateEventHandler
Hook = Callable[..., Any]


class Hooked(Protocol):
    """A worker whose class knows its hooks."""

    _hook_names: ClassVar[Mapping[HookKind, str]]


def hook_names(worker_class: type) -> Mapping[HookKind, str]:
    """The method for each moment that has one; of several the alphabetically last, as in Skalds 0.3.8."""
    members = {name: member for base in reversed(worker_class.__mro__) for name, member in vars(base).items()}
    kinds = ((getattr(members[name], HOOK_ATTRIBUTE, None), name) for name in sorted(members))
    return {kind: name for kind, name in kinds if isinstance(kind, HookKind)}


def find_hook(worker: Hooked, kind: HookKind) -> Hook | None:
    """The method marked for this moment."""
    name = worker._hook_names.get(kind)
    return None if name is None else getattr(worker, name)


def call_fitting(hook: Hook, *choices: tuple[Any, ...]) -> Any:
    """Calls the hook with the first of these argument lists that it takes."""
    for arguments in choices:
        if _takes(hook, len(arguments)):
            return hook(*arguments)
    counts = " or ".join(str(len(arguments)) for arguments in choices)
    name = getattr(hook, "__name__", "hook")
    raise TypeError(f"{name}{inspect.signature(hook)} cannot be called: it must take {counts} arguments here")


def _takes(hook: Hook, count: int) -> bool:
    function, code = getattr(hook, "__func__", None), getattr(hook, "__code__", None)
    if code is None or function is None or hasattr(function, "__wrapped__") or code.co_kwonlyargcount:
        try:
            inspect.signature(hook).bind(*(None,) * count)
        except TypeError:
            return False
        return True
    # The same for the common case, without the third of a millisecond `inspect` takes in a process just forked.
    most = code.co_argcount - 1
    least = most - len(function.__defaults__ or ())
    return least <= count and (count <= most or bool(code.co_flags & inspect.CO_VARARGS))


class HookCaller:
    """Calls hooks that may be plain or async; async ones share one event loop for the whole run."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def call(self, hook: Hook, *choices: tuple[Any, ...]) -> Any:
        """For the thread the run belongs to."""
        outcome = call_fitting(hook, *choices)
        return self._runner_here().run(_finish(outcome)) if inspect.isawaitable(outcome) else outcome

    def call_beside(self, hook: Hook, *choices: tuple[Any, ...]) -> None:
        """For another thread: an async hook joins the run's loop if that is running at the moment."""
        outcome = call_fitting(hook, *choices)
        if not inspect.isawaitable(outcome):
            return
        if self.is_in_loop and self._runner is not None:
            asyncio.run_coroutine_threadsafe(_finish(outcome), self._runner.get_loop()).result()
        else:
            asyncio.run(_finish(outcome))

    @property
    def is_in_loop(self) -> bool:
        """Whether an async hook is being run at the moment."""
        return self._runner is not None and self._runner.get_loop().is_running()

    def unwind(self) -> None:
        """Cancels what an interrupted async hook has left in the loop, and waits for its clean-up."""
        if self._runner is not None and not self.is_in_loop:
            self._runner.run(_cancel_others())

    def close(self) -> None:
        """Ends the loop."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _runner_here(self) -> asyncio.Runner:
        self._runner = self._runner or asyncio.Runner()
        return self._runner


async def _finish(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
