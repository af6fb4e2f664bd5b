"""What each field of a submitted task may hold, once its type is known to be right."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from pydantic.alias_generators import to_camel

from skalds.config.capacity import LABELS, RESOURCES
from skalds.errors import FieldProblem
from skalds.model.resources import RESOURCE_NAMES

LONGEST_NAME = 128
LARGEST_ATTACHMENTS = 256 * 1024
LATEST_MOMENT = 253_402_300_799_999
"""The last millisecond of the year 9999."""
LONGEST_TIMEOUT_MS = 31_536_000_000
"""A year."""
MOST_DEPENDENCIES = 500
MOST_LABELS = 16
MOST_CPUS = 100_000
MOST_MEMORY = 1 << 60
MOST_GPUS = 64

RESERVED_IDS = frozenset({"classnames"})
"""Words that are paths of their own beside `/api/tasks/{id}`."""

_Part = tuple[str, str]
"""Which part of a field, as `.name` or nothing for all of it, and what is wrong with it."""


def problems_of(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Everything that is wrong with these values, by Python name of their field; all are of the right type."""
    for name, check in _LIMITS.items():
        value = values.get(name)
        if value is not None and (complaint := check(value)):
            yield FieldProblem(to_camel(name), complaint)
    for name, check_parts in _LIMITS_OF_PARTS.items():
        for part, complaint in check_parts(values.get(name) or ()):
            yield FieldProblem(f"{to_camel(name)}{part}", complaint)


def limit_attachments(value: object) -> str | None:
    """What is wrong with attachments of any class."""
    if not isinstance(value, dict):
        return "must be a JSON object or null"
    size = len(orjson.dumps(value))
    return None if size <= LARGEST_ATTACHMENTS else f"must be at most {LARGEST_ATTACHMENTS} bytes of JSON"


def shown(text: str) -> str:
    """A name that somebody made up, fit for one line."""
    short = text if len(text) <= 80 else f"{text[:79]}…"
    return short if short.isprintable() else ascii(short)


def stored_amounts(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Resources as they are kept, the same for every way to write them: whole CPUs and bytes as integers."""
    amounts = dict(resources)
    if "memory" in amounts:
        amounts |= RESOURCES.read({"memory": amounts["memory"]})
    if float(amounts.get("cpu", 0.5)).is_integer():
        amounts["cpu"] = int(amounts["cpu"])
    return amounts


def _printable(longest: int) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        if 0 < len(text) <= longest and text.isprintable():
            return None
        return f"must be 1 to {longest} characters, none of them a control character"

    return check


def _identifier(text: str) -> str | None:
    if not 0 < len(text) <= LONGEST_NAME:
        return f"must be 1 to {LONGEST_NAME} characters"
    if not text.isprintable() or any(sign in text for sign in " /*") or ".." in text or text == ".":
        return "must have no control characters, spaces, '/', '*' or '..'"
    return f"{text!r} is reserved" if text in RESERVED_IDS else None


def _length(longest: int) -> Callable[[str], str | None]:
    return lambda text: None if len(text) <= longest else f"must be at most {longest} characters"


def _between(least: int, most: int) -> Callable[[float], str | None]:
    return lambda number: None if least <= number <= most else f"must be from {least} to {most}"


def _dependencies(ids: list[str] | tuple[()]) -> Iterator[_Part]:
    if len(ids) > MOST_DEPENDENCIES:
        yield "", f"must be at most {MOST_DEPENDENCIES} ids, these are {len(ids)}"
        return
    seen: set[str] = set()
    for place, task_id in enumerate(ids):
        if complaint := _identifier(task_id):
            yield f".{place}", complaint
        elif task_id in seen:
            yield f".{place}", f"{shown(task_id)!r} is named twice"
        seen.add(task_id)


def _labels(labels: Mapping[str, str] | tuple[()]) -> Iterator[_Part]:
    if len(labels) > MOST_LABELS:
        yield "", f"must be at most {MOST_LABELS} labels, these are {len(labels)}"
        return
    for name, value in dict(labels).items():
        for what, word in (("name", name), ("value", value)):
            if not is_label_word(word):
                yield (
                    f".{shown(name)}",
                    f"its {what} must be 1 to {LONGEST_NAME} of a-z, A-Z, 0-9, '.', '_', '/', '-', "
                    "the first and last a letter or digit",
                )


def is_label_word(text: object) -> bool:
    """Whether a node could have this as the name or value of a label."""
    try:
        return isinstance(text, str) and bool(LABELS.read({text: text}))
    except ValueError:
        return False


def _resources(amounts: Mapping[str, Any] | tuple[()]) -> Iterator[_Part]:
    for name, amount in dict(amounts).items():
        check = _AMOUNTS.get(name)
        if check is None:
            yield f".{shown(name)}", f"there is no such resource; known are {', '.join(RESOURCE_NAMES)}"
        elif complaint := check(amount):
            yield f".{name}", complaint


def _cpu(amount: object) -> str | None:
    if isinstance(amount, int | float) and not isinstance(amount, bool) and 0 < amount <= MOST_CPUS:
        return None if round(amount * 1000) / 1000 == amount else "must have at most 3 decimals"
    return f"must be a number of CPUs above 0 and at most {MOST_CPUS}, such as 0.5"


def _memory(amount: object) -> str | None:
    try:
        size = RESOURCES.read({"memory": amount})["memory"] if isinstance(amount, int | str) else None
    except ValueError:
        size = None
    if isinstance(size, int) and size <= MOST_MEMORY:
        return None
    return f'must be bytes from 1 to {MOST_MEMORY}, or text such as "8GiB"'


def _gpu(amount: object) -> str | None:
    if isinstance(amount, int) and not isinstance(amount, bool) and 1 <= amount <= MOST_GPUS:
        return None
    return f"must be a whole number from 1 to {MOST_GPUS}"


_AMOUNTS: Mapping[str, Callable[[object], str | None]] = {"cpu": _cpu, "memory": _memory, "gpu": _gpu}

_LIMITS: Mapping[str, Callable[[Any], str | None]] = {
    "id": _identifier,
    "class_name": _printable(LONGEST_NAME),
    "tenant": _identifier,
    "executor": _identifier,
    "source": _printable(LONGEST_NAME),
    "name": _length(256),
    "description": _length(4096),
    "idempotency_key": _printable(256),
    "concurrency_key": _printable(LONGEST_NAME),
    "affinity_key": _printable(LONGEST_NAME),
    "attachments": limit_attachments,
    "max_attempts": _between(0, 1_000_000),
    "retry_delay_ms": _between(0, 86_400_000),
    "retry_backoff": _between(1, 1_000),
    "timeout_ms": _between(0, LONGEST_TIMEOUT_MS),
    "not_before": _between(0, LATEST_MOMENT),
    "deadline_date_time": _between(0, LATEST_MOMENT),
    "slots": _between(0, 100_000),
}
_LIMITS_OF_PARTS: Mapping[str, Callable[[Any], Iterator[_Part]]] = {
    "dependencies": _dependencies,
    "requires": _labels,
    "prefers": _labels,
    "resources": _resources,
}
