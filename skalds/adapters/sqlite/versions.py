# ruff: noqa: S608 - only constants of this package are put into SQL
"""Writing versions of tasks: the row, its place in the queue, what it reports, and the feed, all in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import apsw
import orjson

from skalds.adapters.sqlite.dependencies import settle, worst_edges
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
from skalds.adapters.stored_form import Edge, edge_to
from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import Task

_FIXED_COLUMNS = ("class", "created", "deadline", "affinity")
_RUN_COLUMNS = (*STATE_COLUMNS, "place", "lane", "rank")


def _marks(count: int) -> str:
    return ", ".join("?" * count)


# The greatest number given to a task so far.
LAST_SEQ = "SELECT max(last_seq, coalesce((SELECT max(seq) FROM task), 0)) FROM forgotten"
# A new task.
ADD_TASK = "INSERT INTO task (seq, id, body) VALUES (?, ?, ?)"
# Where it stands.
ADD_RUN = (
    f"INSERT INTO run (seq, keyed, {', '.join(_FIXED_COLUMNS + _RUN_COLUMNS)}) "
    f"VALUES ({_marks(2 + len(_FIXED_COLUMNS) + len(_RUN_COLUMNS))})"
)
# What was submitted, for the rare write that changes it.
CHANGE_TASK = "UPDATE task SET body = ? WHERE seq = ?"
# The columns of the row that follow from what was submitted.
CHANGE_FIXED = f"UPDATE run SET {', '.join(f'{column} = ?' for column in _FIXED_COLUMNS)} WHERE seq = ?"
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
# A task takes its place in the queue, where an entry of it may have been left over.
ENQUEUE = "INSERT OR REPLACE INTO queue (lane, rank, id, seq, attempt, affinity) VALUES (?, ?, ?, ?, ?, ?)"
# A task leaves the queue.
DEQUEUE = "DELETE FROM queue WHERE lane = ? AND rank = ? AND id = ?"
# One committed version, for those who follow the feed.
ADD_CHANGE = (
    "INSERT INTO change (id, class, rev, status, final, attempt, executor, session, lane, holds_slot, ready) "
    f"VALUES ({_marks(11)})"
)
# What a conditional write must know of the rows it may change, in the order asked for.
FIND_VERSIONS = """
    SELECT asked.key, run.seq, run.rev, run.status, run.final, run.place, run.lane, run.rank
    FROM json_each(?) AS asked CROSS JOIN task ON task.id = asked.value CROSS JOIN run ON run.seq = task.seq
"""
# Who holds a duty.
FIND_LEASE = "SELECT holder, term FROM lease WHERE duty = ?"


class _Stored(NamedTuple):
    seq: int
    rev: int
    status: str
    final: int
    place: int
    lane: int | None
    rank: int | None


_Current = tuple[_Stored, Change, bool]
"""A row, its change, and whether something may change that is written once as a rule."""


def check_lease(connection: apsw.Connection, lease: LeaseRow) -> None:
    """Raises `LeaseLost` unless this holder's term stands; within the transaction, so that it stands at the commit."""
    if connection.execute(FIND_LEASE, (lease.duty,)).fetchone() != (lease.holder, lease.term):
        raise LeaseLost(lease.duty, lease.term)


def insert(
    connection: apsw.Connection, placer: Placer, tasks: Sequence[Task], edges: Sequence[Edge | None]
) -> Sequence[int]:
    """Adds new tasks, each with the worst edge it will have; returns their numbers."""
    first: int = one(connection, LAST_SEQ) + 1
    numbered = list(enumerate(tasks, start=first))
    placements = [placer.placement(task, edge) for task, edge in zip(tasks, edges, strict=True)]
    connection.executemany(ADD_TASK, [(seq, task.id, body_of(task)) for seq, task in numbered])
    connection.executemany(
        ADD_RUN,
        [
            (seq, task.idempotency_key is not None, *_fixed(placer, task), *state_of(task), *placement)
            for (seq, task), placement in zip(numbered, placements, strict=True)
        ],
    )
    _put_reports(connection, [(seq, task) for seq, task in numbered if any(report_of(task))])
    _follow(connection, placer, numbered, placements)
    return [seq for seq, _ in numbered]


def _fixed(placer: Placer, task: Task) -> tuple[Any, ...]:
    return (
        placer.class_number(task.class_name),
        task.create_date_time,
        task.deadline_date_time or None,
        task.affinity_key,
    )


def update(connection: apsw.Connection, placer: Placer, changes: Sequence[Change]) -> list[bool]:
    """Writes each change whose row still has the revision of `before`; says for each whether it did.

    What depends on the tasks that were changed follows once all of them are written.
    """
    outcome: list[bool] = []
    moved: dict[int, Edge | None] = {}
    for batch in _distinct(changes):
        outcome.extend(_update_batch(connection, placer, batch, moved))
    if moved:
        settle(connection, placer, moved)
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


def _update_batch(
    connection: apsw.Connection, placer: Placer, changes: Sequence[Change], moved: dict[int, Edge | None]
) -> list[bool]:
    """Writes a part; `moved` takes note of the tasks that mean something else now to those that depend on them."""
    ids = orjson.dumps([change.before.id for change in changes]).decode()
    stored = {row[0]: _Stored(*row[1:]) for row in connection.execute(FIND_VERSIONS, (ids,))}
    outcome = [
        (row := stored.get(index)) is not None and row.rev == change.before.rev for index, change in enumerate(changes)
    ]
    current = [
        (stored[index], change, fixed_differs(change.before, change.after))
        for index, change in enumerate(changes)
        if outcome[index]
    ]
    placements = _placements(connection, placer, current)
    _leave(connection, placer, current)
    _rewrite(connection, placer, current, placements)
    _follow(connection, placer, [(row.seq, change.after) for row, change, _ in current], placements)
    for row, change, _ in current:
        edge = edge_to(change.after.lifecycle_status, change.after.final)
        if edge != edge_to(row.status, bool(row.final)):
            moved[row.seq] = edge
    return outcome


def _placements(connection: apsw.Connection, placer: Placer, current: Sequence[_Current]) -> Sequence[Placement]:
    dependent = [row.seq for row, change, _ in current if change.after.dependencies and change.after.is_waiting]
    edges = worst_edges(connection, dependent) if dependent else {}
    placements = []
    for row, change, differs in current:
        # A lane follows from what was submitted, and from this one thing that was not.
        keeps_lane = not differs and change.before.pinned_to is change.after.pinned_to
        placements.append(placer.placement(change.after, edges.get(row.seq), row.lane if keeps_lane else None))
    return placements


def _leave(connection: apsw.Connection, placer: Placer, current: Sequence[_Current]) -> None:
    for row, _, _ in current:
        placer.count(row.status, row.place, row.lane, -1)
    connection.executemany(
        DEQUEUE, [(row.lane, row.rank, change.before.id) for row, change, _ in current if row.place == Place.QUEUE]
    )


def _rewrite(
    connection: apsw.Connection,
    placer: Placer,
    current: Sequence[_Current],
    placements: Sequence[Placement],
) -> None:
    connection.executemany(
        CHANGE_RUN,
        [
            (*state_of(change.after), *placement, row.seq)
            for (row, change, _), placement in zip(current, placements, strict=True)
        ],
    )
    for row, change, differs in current:
        before, after = change.before, change.after
        if differs:
            connection.execute(CHANGE_TASK, (body_of(after), row.seq))
            connection.execute(CHANGE_FIXED, (*_fixed(placer, after), row.seq))
        if attachments_differ(before, after):
            connection.execute(PUT_ATTACHMENTS, (row.seq, attachments_of(after)))
    _put_reports(
        connection,
        [(row.seq, change.after) for row, change, _ in current if report_differs(change.before, change.after)],
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
        placer.count(task.lifecycle_status, place, lane, 1)
        if place == Place.QUEUE:
            entries.append((lane, rank, task.id, seq, task.attempt, task.affinity_key))
        versions.append(_version(task, placer.class_number(task.class_name), lane or 0, place == Place.QUEUE))
    connection.executemany(ENQUEUE, entries)
    connection.executemany(ADD_CHANGE, versions)


def _version(task: Task, class_number: int, lane: int, ready: bool) -> tuple[Any, ...]:
    return (
        task.id,
        class_number,
        task.rev,
        task.lifecycle_status,
        task.final,
        task.attempt,
        task.executor,
        task.assignment.session if task.assignment else 0,
        lane,
        task.holds_slot,
        ready,
    )
