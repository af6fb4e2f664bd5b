"""What a command says when it could not do what was asked: the error, and the next step."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from skalds import errors
from skalds.cli.plain_text import visible
from skalds.errors import SkaldsError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def error_lines(error: SkaldsError) -> list[str]:
    """The lines for standard error; for wrong fields one each."""
    if isinstance(error, errors.ValidationFailed):
        return [f"skalds: {visible(problem)}" for problem in error.problems]
    step = _next_step(error)
    return [f"skalds: {visible(error)}{f'; {step}' if step else ''}"]


def _next_step(error: SkaldsError) -> str | None:
    for kind, step in _NEXT_STEPS.items():
        if isinstance(error, kind):
            return step(error.fields)
    return _BY_CODE.get(str(error.fields.get("code")))


def _start_one(fields: Mapping[str, Any]) -> str:
    local = urlsplit(str(fields["url"])).hostname in _LOOPBACK
    return "start one with: skalds up" if local else "check --url or SKALDS_URL"


def _look_for(fields: Mapping[str, Any]) -> str | None:
    return _WHERE_TO_LOOK.get(str(fields.get("kind")))


def _look_at(fields: Mapping[str, Any]) -> str | None:
    known = fields.get("task") or next(iter(fields.get("ids") or ()), None)
    return f"look at it with: skalds task show {shlex.quote(visible(known))}" if known else None


_WHERE_TO_LOOK: Mapping[str, str] = {"task": "find it with: skalds task list", "skald": "see: skalds node list"}
_NEXT_STEPS: Mapping[type[SkaldsError], Callable[[Mapping[str, Any]], str | None]] = {
    errors.ControllerUnreachable: _start_one,
    errors.NotFound: _look_for,
    errors.Conflict: _look_at,
    errors.OutcomeUnknown: lambda _: "see what became of it with: skalds task list",
    errors.StoreUnavailable: lambda _: "try again in a moment",
    errors.StoreFull: lambda _: "make room on the disk of SKALDS_DATA_DIR",
}
_BY_CODE: Mapping[str, str] = {
    "unauthorized": "set SKALDS_TOKEN to the controller's",
    "foreign_host": "set SKALDS_TOKEN for controller and clients, or use 127.0.0.1",
}
