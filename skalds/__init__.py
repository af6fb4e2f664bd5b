"""Skalds assigns typed tasks to a fleet of Python worker machines."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skalds.app import Skald, Skalds

__version__ = "0.4.0"
__all__ = ["Skalds", "Skald", "__version__"]


def __getattr__(name: str) -> Any:
    # The application class brings most of the package with it; `import skalds` alone stays cheap.
    if name in ("Skald", "Skalds"):
        from skalds import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
