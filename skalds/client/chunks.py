"""Cuts a long list of tasks into requests that the API takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from skalds.client.task_calls import Draft

MOST_TASKS = 500
MOST_BYTES = 1_000_000
"""A little less than the largest body the API takes."""


class Chunk(NamedTuple):
    """Part of a list: where it begins, how many tasks it has, and its JSON."""

    start: int
    length: int
    body: bytes


def task_json(task: Draft) -> bytes:
    """What is sent for a task: of a `Task` only what its maker filled in."""
    if isinstance(task, Mapping):
        return orjson.dumps(dict(task))
    return task.model_dump_json(by_alias=True, exclude_unset=True).encode()


def cut(tasks: Sequence[Draft]) -> Iterator[Chunk]:
    """The tasks in order, as few requests as possible."""
    start, pieces, size = 0, list[bytes](), 2
    for index, task in enumerate(tasks):
        piece = task_json(task)
        if pieces and (len(pieces) == MOST_TASKS or size + len(piece) + 1 > MOST_BYTES):
            yield Chunk(start, len(pieces), b"[" + b",".join(pieces) + b"]")
            start, pieces, size = index, [], 2
        pieces.append(piece)
        size += len(piece) + 1
    if pieces:
        yield Chunk(start, len(pieces), b"[" + b",".join(pieces) + b"]")
