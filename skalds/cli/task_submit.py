"""`skalds task submit`: makes tasks of what was typed or of a file, and waits for them if told to."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from skalds.cli.controller_session import Session
from skalds.cli.screen import Screen
from skalds.cli.task_wait import report_ended, wait_ended
from skalds.cli.time_text import now_ms
from skalds.errors import SkaldsError, ValidationFailed

_STDIN = "-"
_DELAY = re.compile(r"\+?([0-9]{1,9})(s|m|min|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Typed:
    """A task as typed: its class and the options that were given."""

    class_name: str
    attachments: str | None = None
    priority: int | None = None
    task_id: str | None = None
    max_attempts: int | None = None
    not_before: str | None = None
    pin: str | None = None
    count: int = 1


def drafts_of(typed: Typed) -> Sequence[Mapping[str, Any]]:
    """The tasks that were typed; raises `ValidationFailed`."""
    if typed.task_id is not None and typed.count > 1:
        raise ValidationFailed.of("--id", "names one task; leave it out with --count")
    fields = {
        "className": typed.class_name,
        "source": "CLI",
        "attachments": None if typed.attachments is None else _json_of("--attachments", _text_of(typed.attachments)),
        "priority": typed.priority,
        "id": typed.task_id,
        "maxAttempts": typed.max_attempts,
        "notBefore": None if typed.not_before is None else moment_of(typed.not_before, now_ms()),
        "executor": typed.pin,
    }
    return [{name: value for name, value in fields.items() if value is not None}] * typed.count


def drafts_in(file: str) -> Sequence[Mapping[str, Any]]:
    """The tasks of a file: a JSON list or object, or an object per line; raises `ValidationFailed`."""
    text = _text_of(file if file == _STDIN else f"@{file}")
    try:
        whole = orjson.loads(text)
        drafts = whole if isinstance(whole, list) else [whole]
    except orjson.JSONDecodeError:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or text.lstrip().startswith(b"["):
            _json_of("--file", text)
        drafts = [_json_of(f"--file, line {number}", line) for number, line in lines]
    for index, draft in enumerate(drafts):
        if not isinstance(draft, dict):
            raise ValidationFailed.of("--file", 'must hold objects like {"className": "…"}', index)
    return drafts


async def submit(session: Session, drafts: Sequence[Mapping[str, Any]], wait: bool) -> int:
    """Submits and prints the ids, one per line; with `wait` it succeeds only if every task finished."""
    screen = session.screen
    # One task is sent as one: the API then names its wrong fields without an index, and answers with an object.
    if len(drafts) == 1:
        stored: Sequence[Mapping[str, Any]] = [await session.client.tasks.submit(drafts[0])]
        _show_ids(screen, stored)
    else:
        stored = await _submit_many(session, drafts)
    status = 0
    if wait:
        stored = await wait_ended(session, [task["id"] for task in stored], None)
        status = report_ended(screen, stored)
    if screen.as_json:
        screen.data(stored[0] if len(drafts) == 1 else list(stored))
    return status


async def _submit_many(session: Session, drafts: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Submits in chunks; should a later one be refused, it is told what the earlier ones have stored."""
    stored: list[Mapping[str, Any]] = []
    try:
        async for chunk in session.client.tasks.submit_in_chunks(drafts):
            stored += chunk
            _show_ids(session.screen, chunk)
    except SkaldsError:
        if stored:
            session.screen.say(f"skalds: the first {len(stored)} of {len(drafts)} tasks are submitted, then:")
            if session.screen.as_json:
                session.screen.data(stored)
        raise
    return stored


def _show_ids(screen: Screen, tasks: Sequence[Mapping[str, Any]]) -> None:
    if not screen.as_json:
        screen.show(task["id"] for task in tasks)


def moment_of(text: str, now: int) -> int:
    """The moment (ms) of `10m`, an ISO date and time (local unless it says otherwise), or plain milliseconds."""
    if text.isascii() and text.isdigit():
        return int(text[:18])
    if delay := _DELAY.fullmatch(text):
        return now + int(delay[1]) * _SECONDS[delay[2]] * 1000
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValidationFailed.of(
            "--not-before", f"{text!r} is no moment; write 90s, 10m, 2h, 1d or 2026-01-31T08:00"
        ) from None


def _text_of(given: str) -> bytes:
    """What was given itself, the content of `@file`, or all of standard input for `-`."""
    if given == _STDIN:
        return sys.stdin.buffer.read()
    if not given.startswith("@"):
        return given.encode(errors="surrogateescape")
    try:
        return Path(given[1:]).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValidationFailed.of(given[1:], f"cannot be read: {reason}") from error


def _json_of(name: str, text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValidationFailed.of(name, f"is not JSON: {error}") from error
