"""`skalds task submit`: makes tasks of what was typed or of a file, and waits for them if told to."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from skalds.cli.controller_session import Session
from skalds.cli.screen import Screen
from skalds.cli.task_typed import Typed, draft_of
from skalds.cli.task_wait import report_ended, wait_ended
from skalds.cli.time_text import now_ms
from skalds.errors import SkaldsError, ValidationFailed

_STDIN = "-"


def drafts_of(typed: Typed) -> Sequence[Mapping[str, Any]]:
    """The tasks that were typed; raises `ValidationFailed`."""
    if typed.task_id is not None and typed.count > 1:
        raise ValidationFailed.of("--id", "names one task; leave it out with --count")
    attachments = None if typed.attachments is None else _json_of("--attachments", _text_of(typed.attachments))
    return [draft_of(typed, attachments, now_ms())] * typed.count


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
