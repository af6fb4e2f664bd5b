# ruff: noqa: S608 - only constants of this package are put into SQL
"""Writing versions of tasks: the row, its place in the queue, what it reports, and the feed, all in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import apsw
import orjson

from skalds.adapters.sqlite.placement import Place, Placement, Placer
from skalds.adapters.sqlite.select import one
from skalds.adapters.sqlite.task_row import (
    REPORT_FIELDS,
    STATE_COLUMNS,
    attachments_differ,
    attachments_of,
    body_of,
    fixed_differs,
    report_differs,
    report_of,
    state_of,
)
from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import Task

_RUN_COLUMNS = (*STATE_COLUMNS, "place", "lane", "rank")


def _marks(count: int) -> str:
    return ", ".join("?" * count)


# The greatest number given to a task so far.
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM task"
# A new task.
ADD_TASK = "INSERT INTO task (seq, id, body) VALUES (?, ?, ?)"
# Where it stands.
ADD_RUN = (
    f"INSERT INTO run (seq, class, created, slots, keyed, {', '.join(_RUN_COLUMNS)}) "
    f"VALUES ({_marks(5 + len(_RUN_COLUMNS))})"
)
# What was submitted, for the rare write that changes it.
CHANGE_TASK = "UPDATE task SET body = ? WHERE seq = ?"
# The columns of the row that follow from what was submitted.
CHANGE_FIXED = "UPDATE run SET class = ?, created = ?, slots = ? WHERE seq = ?"
# The next version of a row.
CHANGE_RUN = f"UPDATE run SET {', '.join(f'{column} = ?' for column in _RUN_COLUMNS)} WHERE seq = ?"
# What a run reported.
PUT_REPORT = (
    f"INSERT INTO report (seq, {', '.join(REPORT_FIELDS[1:])}) VALUES ({_marks(len(REPORT_FIELDS))}) "
    f"ON CONFLICT (seq) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in REPORT_FIELDS[1:])}"
)
# Attachments that were changed after the submit.
PUT_ATTACHMENTS = (
    "INSERT INTO report (seq, attachments) VALUES (?, ?) "
    "ON CONFLICT (seq) DO UPDATE SET attachments = excluded.attachments"
)
# A task takes its place in the queue.
ENQUEUE = "INSERT INTO queue (lane, rank, id, seq, attempt) VALUES (?, ?, ?, ?, ?)"
# A task leaves the queue.
DEQUEUE = "DELETE FROM queue WHERE lane = ? AND rank = ? AND id = ?"
# One committed version, for those who follow the feed.
ADD_CHANGE = (
    "INSERT INTO change (id, class, rev, status, final, attempt, executor, session, slots, holds_slot, ready) "
    f"VALUES ({_marks(11)})"
)
# What a conditional write must know of the rows it may change, in the order asked for.
FIND_VERSIONS = """
    SELECT asked.key, run.seq, run.rev, run.status, run.place, run.lane, run.rank
    FROM json_each(?) AS asked CROSS JOIN task ON task.id = asked.value CROSS JOIN run ON run.seq = task.seq
"""
# Who holds a duty.
FIND_LEASE = "SELECT holder, term FROM lease WHERE duty = ?"


class _Stored(NamedTuple):
    seq: int
    rev: int
    status: str
    place: int
    lane: int | None
    rank: int | None


def check_lease(connection: apsw.Connection, lease: LeaseRow) -> None:
    """Raises `LeaseLost` unless this holder's term stands; within the transaction, so that it stands at the commit."""
    if connection.execute(FIND_LEASE, (lease.duty,)).fetchone() != (lease.holder, lease.term):
        raise LeaseLost(lease.duty, lease.term)


def insert(connection: apsw.Connection, placer: Placer, tasks: Sequence[Task]) -> Sequence[int]:
    """Adds new tasks; returns their numbers."""
    first: int = one(connection, LAST_SEQ) + 1
    numbered = list(enumerate(tasks, start=first))
    placements = [placer.placement(task) for task in tasks]
    connection.executemany(ADD_TASK, [(seq, task.id, body_of(task)) for seq, task in numbered])
    connection.executemany(
        ADD_RUN,
        [
            (*_fixed(placer, seq, task), *state_of(task), *placement)
            for (seq, task), placement in zip(numbered, placements, strict=True)
        ],
    )
    _put_reports(connection, [(seq, task) for seq, task in numbered if any(report_of(task))])
    _follow(connection, placer, numbered, placements)
    return [seq for seq, _ in numbered]


def _fixed(placer: Placer, seq: int, task: Task) -> tuple[Any, ...]:
    is_keyed = task.idempotency_key is not None
    return (seq, placer.class_number(task.class_name), task.create_date_time, task.slots, is_keyed)


def update(connection: apsw.Connection, placer: Placer, changes: Sequence[Change]) -> list[bool]:
    """Writes each change whose row still has the revision of `before`; says for each whether it did."""
    outcome: list[bool] = []
    for batch in _distinct(changes):
        outcome.extend(_update_batch(connection, placer, batch))
    return outcome


def _distinct(changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
    """Cuts the changes so that no task occurs twice in a part."""
    start = 0
    seen: set[str] = set()
    for index, change in enumerate(changes):
        if change.before.id in seen:
            yield changes[start:index]
            start = index
            seen.clear()
        seen.add(change.before.id)
    if start < len(changes):
        yield changes[start:]


def _update_batch(connection: apsw.Connection, placer: Placer, changes: Sequence[Change]) -> list[bool]:
    ids = orjson.dumps([change.before.id for change in changes]).decode()
    stored = {row[0]: _Stored(*row[1:]) for row in connection.execute(FIND_VERSIONS, (ids,))}
    outcome = [
        (row := stored.get(index)) is not None and row.rev == change.before.rev for index, change in enumerate(changes)
    ]
    current = [(stored[index], change) for index, change in enumerate(changes) if outcome[index]]
    placements = [placer.placement(change.after) for _, change in current]
    _leave(connection, placer, current)
    _rewrite(connection, placer, current, placements)
    _follow(connection, placer, [(row.seq, change.after) for row, change in current], placements)
    return outcome


def _leave(connection: apsw.Connection, placer: Placer, current: Sequence[tuple[_Stored, Change]]) -> None:
    for row, _ in current:
        placer.count(row.status, row.place, -1)
    connection.executemany(
        DEQUEUE, [(row.lane, row.rank, change.before.id) for row, change in current if row.place == Place.QUEUE]
    )


def _rewrite(
    connection: apsw.Connection,
    placer: Placer,
    current: Sequence[tuple[_Stored, Change]],
    placements: Sequence[Placement],
) -> None:
    connection.executemany(
        CHANGE_RUN,
        [
            (*state_of(change.after), *placement, row.seq)
            for (row, change), placement in zip(current, placements, strict=True)
        ],
    )
    for row, change in current:
        before, after = change.before, change.after
        if fixed_differs(before, after):
            fixed = (placer.class_number(after.class_name), after.create_date_time, after.slots)
            connection.execute(CHANGE_TASK, (body_of(after), row.seq))
            connection.execute(CHANGE_FIXED, (*fixed, row.seq))
        if attachments_differ(before, after):
            connection.execute(PUT_ATTACHMENTS, (row.seq, attachments_of(after)))
    _put_reports(
        connection,
        [(row.seq, change.after) for row, change in current if report_differs(change.before, change.after)],
    )


def _put_reports(connection: apsw.Connection, numbered: Sequence[tuple[int, Task]]) -> None:
    connection.executemany(PUT_REPORT, [(seq, *report_of(task)) for seq, task in numbered])


def _follow(
    connection: apsw.Connection,
    placer: Placer,
    numbered: Sequence[tuple[int, Task]],
    placements: Sequence[Placement],
) -> None:
    """What follows from new versions: the queue, the counts, the feed."""
    entries: list[tuple[Any, ...]] = []
    versions: list[tuple[Any, ...]] = []
    for (seq, task), (place, lane, rank) in zip(numbered, placements, strict=True):
        placer.count(task.lifecycle_status, place, 1)
        if place == Place.QUEUE:
            entries.append((lane, rank, task.id, seq, task.attempt))
        versions.append(_version(task, placer.class_number(task.class_name), place == Place.QUEUE))
    connection.executemany(ENQUEUE, entries)
    connection.executemany(ADD_CHANGE, versions)


def _version(task: Task, class_number: int, ready: bool) -> tuple[Any, ...]:
    return (
        task.id,
        class_number,
        task.rev,
        task.lifecycle_status,
        task.final,
        task.attempt,
        task.executor,
        task.assignment.session if task.assignment else 0,
        task.slots,
        task.holds_slot,
        ready,
    )
