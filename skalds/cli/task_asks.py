"""What a task asks for beside its class, as facts; what it leaves at the default is not told."""

from collections.abc import Iterator, Mapping
from typing import Any

from skalds.cli.amount_text import amounts_text
from skalds.cli.plain_text import cut, visible
from skalds.cli.time_text import duration_text, moment_text

_LONGEST = 64
"""One line of a narrow screen; `--json` has all of it."""

_PARENTS_NAMED = 3


def asked_for(task: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Tenant, dependencies, labels, resources, keys and limits of time, each on few lines."""
    yield "tenant", task["tenant"] if task["tenant"] != "default" else None
    yield "depends on", _parents(task)
    yield "requires", _pairs(task["requires"])
    yield "prefers", _pairs(task["prefers"])
    yield "resources", _cut(amounts_text(task["resources"]))
    yield "affinity", task["affinityKey"]
    yield "one of a key", task["concurrencyKey"]
    yield "preemptible", "yes" if task["preemptible"] else None
    yield "deadline", moment_text(task["deadlineDateTime"]) if task["deadlineDateTime"] else None
    yield "timeout", duration_text(task["timeoutMs"]) if task["timeoutMs"] else None


def _parents(task: Mapping[str, Any]) -> str | None:
    ids = task["dependencies"] or ()
    more = len(ids) - _PARENTS_NAMED
    named = ", ".join(ids[:_PARENTS_NAMED])
    return _cut(f"{named} and {more} more" if more > 0 else named)


def _pairs(values: Mapping[str, Any]) -> str | None:
    return _cut(", ".join(f"{name}={value}" for name, value in values.items()))


def _cut(text: str) -> str | None:
    return cut(visible(text), _LONGEST) or None
