"""A task as typed at `skalds task submit`, and the task of the API that it asks for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skalds.errors import ValidationFailed

_LENGTH = re.compile(r"\+?([0-9]{1,9})(s|m|min|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Place:
    """The options about where it may run and what it takes there."""

    pin: str | None = None
    requires: Sequence[str] | None = None
    prefers: Sequence[str] | None = None
    slots: int | None = None
    cpu: float | None = None
    memory: str | None = None
    gpu: int | None = None
    affinity_key: str | None = None
    preemptible: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """The options about when it may run."""

    depends_on: Sequence[str] | None = None
    not_before: str | None = None
    deadline: str | None = None
    timeout: str | None = None
    concurrency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A task as typed: its class and the options that were given."""

    class_name: str
    attachments: str | None = None
    priority: int | None = None
    task_id: str | None = None
    tenant: str | None = None
    max_attempts: int | None = None
    place: Place = Place()
    time: Time = Time()
    count: int = 1


def draft_of(typed: Typed, attachments: Any, now: int) -> Mapping[str, Any]:
    """The task to send, with no field that was not asked for; raises `ValidationFailed`."""
    place, time = typed.place, typed.time
    resources = {"cpu": place.cpu, "memory": place.memory, "gpu": place.gpu}
    fields = {
        "className": typed.class_name,
        "source": "CLI",
        "attachments": attachments,
        "priority": typed.priority,
        "id": typed.task_id,
        "tenant": typed.tenant,
        "maxAttempts": typed.max_attempts,
        "dependencies": list(time.depends_on or ()) or None,
        "notBefore": _moment("--not-before", time.not_before, now),
        "deadlineDateTime": _moment("--deadline", time.deadline, now),
        "timeoutMs": _length("--timeout", time.timeout),
        "concurrencyKey": time.concurrency_key,
        "executor": place.pin,
        "requires": _labels("--requires", place.requires),
        "prefers": _labels("--prefers", place.prefers),
        "slots": place.slots,
        "resources": _given(resources) or None,
        "affinityKey": place.affinity_key,
        "preemptible": place.preemptible or None,
    }
    return _given(fields)


def moment_of(option: str, text: str, now: int) -> int:
    """The moment (ms) of `10m`, an ISO date and time (local unless it says otherwise), or plain milliseconds."""
    if text.isascii() and text.isdigit():
        return int(text[:18])
    if length := _LENGTH.fullmatch(text):
        return now + int(length[1]) * _SECONDS[length[2]] * 1000
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValidationFailed.of(
            option, f"{text!r} is no moment; write 90s, 10m, 2h, 1d or 2026-01-31T08:00"
        ) from None


def _moment(option: str, text: str | None, now: int) -> int | None:
    return None if text is None else moment_of(option, text, now)


def _length(option: str, text: str | None) -> int | None:
    """A duration in ms."""
    if text is None:
        return None
    length = _LENGTH.fullmatch(text)
    if length is None:
        raise ValidationFailed.of(option, f"{text!r} is no duration; write 90s, 10m, 2h or 1d")
    return int(length[1]) * _SECONDS[length[2]] * 1000


def _labels(option: str, pairs: Sequence[str] | None) -> Mapping[str, str] | None:
    labels: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValidationFailed.of(option, f"{pair!r} is no label; write name=value")
        if name in labels:
            raise ValidationFailed.of(option, f"{name!r} is given twice")
        labels[name] = value
    return labels or None


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
