"""The Python client of the public API, used by users, CLI and examples."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skalds.client.client import SkaldsClient
    from skalds.client.listing import TaskListing
    from skalds.model.task import RunRecord, Task

__all__ = ["SkaldsClient", "TaskListing", "Task", "RunRecord"]

_MODULES = {
    "SkaldsClient": "skalds.client.client",
    "TaskListing": "skalds.client.listing",
    "Task": "skalds.model.task",
    "RunRecord": "skalds.model.task",
}


def __getattr__(name: str) -> Any:
    # The models take longer to load than a command of the CLI takes to run, and that needs only JSON.
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
