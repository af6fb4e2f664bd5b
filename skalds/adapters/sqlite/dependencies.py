# ruff: noqa: S608 - only constants of this package are put into SQL
"""Edges between tasks, and what follows when the other end of one moves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import orjson

from skalds.adapters.sqlite.placement import Place, Placer
from skalds.adapters.sqlite.select import column, rows
from skalds.adapters.stored_form import Edge, edge_to
from skalds.errors import FieldProblem, UnknownDependency
from skalds.model.task import Task

_GIVEN = "(SELECT value FROM json_each(?1))"
_IS_BEHIND = f"place IN ({Place.BLOCKED}, {Place.FORSAKEN})"

# Those of some tasks that are stored, with what an edge to them depends on.
FIND_OTHERS = """
    SELECT task.id, task.seq, task.body ->> 'tenant', run.status, run.final
    FROM json_each(?) AS asked CROSS JOIN task ON task.id = asked.value CROSS JOIN run ON run.seq = task.seq
"""
# A task depends on another.
ADD_EDGE = "INSERT INTO dependency (child, parent, failed) VALUES (?, ?, ?)"
# The worst edge of each of some tasks; those without any are left out.
FIND_WORST = f"SELECT child, max(failed) FROM dependency WHERE child IN {_GIVEN} GROUP BY child"
# Who depends on some tasks.
FIND_DEPENDANTS = f"SELECT DISTINCT child FROM dependency WHERE parent IN {_GIVEN} ORDER BY child"
# Tasks that are Finished hold up nobody any more.
CLOSE = f"DELETE FROM dependency WHERE parent IN {_GIVEN}"
# Tasks are over without being Finished, or go on after all.
GRADE = f"UPDATE dependency SET failed = ?2 WHERE parent IN {_GIVEN}"
# Those of some tasks that waited only for what is Finished now.
FIND_FREED = f"""
    SELECT seq, lane, place, eligible_at <= ?2 FROM run
    WHERE seq IN {_GIVEN} AND {_IS_BEHIND} AND NOT EXISTS (SELECT 1 FROM dependency WHERE child = run.seq)
    ORDER BY seq
"""
# Their next version: they may run from now on, or once their own moment has come.
FREE = f"""
    UPDATE run SET
        rev = rev + 1, updated = ?2, rank = rank + max(0, ?2 - eligible_at), eligible_at = max(eligible_at, ?2),
        place = CASE WHEN eligible_at <= ?2 THEN {Place.QUEUE} ELSE {Place.TIMER} END
    WHERE seq IN {_GIVEN}
"""
# Those that may run take their place in the queue.
FREE_QUEUE = f"""
    INSERT OR REPLACE INTO queue (lane, rank, id, seq, attempt, affinity)
    SELECT run.lane, run.rank, task.id, run.seq, run.attempt, run.affinity
    FROM json_each(?1) AS freed CROSS JOIN run ON run.seq = freed.value CROSS JOIN task ON task.seq = run.seq
    WHERE run.place = {Place.QUEUE}
"""
# The feed tells of them.
FREE_CHANGES = f"""
    INSERT INTO change (id, class, rev, status, final, attempt, executor, session, lane, holds_slot, ready)
    SELECT task.id, run.class, run.rev, run.status, run.final, run.attempt, run.executor,
        coalesce(run.session, 0), run.lane, 0, run.place = {Place.QUEUE}
    FROM json_each(?1) AS freed CROSS JOIN run ON run.seq = freed.value CROSS JOIN task ON task.seq = run.seq
"""
# The others wait on, with or without hope.
REGRADE = f"""
    UPDATE run SET place = CASE
        WHEN EXISTS (SELECT 1 FROM dependency WHERE child = run.seq AND failed = {Edge.FAILED}) THEN {Place.FORSAKEN}
        ELSE {Place.BLOCKED}
    END
    WHERE seq IN {_GIVEN} AND {_IS_BEHIND}
"""
# Edges of tasks that are deleted go, those to them stay failed.
FORGET_OWN = f"DELETE FROM dependency WHERE child IN {_GIVEN}"
FORGET_OTHERS = f"UPDATE OR REPLACE dependency SET parent = 0, failed = {Edge.FAILED} WHERE parent IN {_GIVEN}"


class _Other(NamedTuple):
    """A task that new ones depend on; without `seq` it is one of them."""

    seq: int | None
    tenant: str
    edge: Edge | None


class NewEdges:
    """The edges of tasks that are about to be stored."""

    def __init__(self, by_task: Mapping[str, Mapping[str, Edge]], seqs: Mapping[str, int]) -> None:
        self._by_task = by_task
        self._seqs = seqs

    @classmethod
    def find(cls, connection: apsw.Connection, tasks: Sequence[Task], fresh: Sequence[int]) -> "NewEdges":
        """Those of the tasks with the indexes `fresh`; `UnknownDependency` if one depends on what is not there."""
        asked = {id_ for index in fresh for id_ in tasks[index].dependencies or ()}
        if not asked:
            return cls({}, {})
        others = {
            id_: _Other(seq, tenant, edge_to(status, bool(final)))
            for id_, seq, tenant, status, final in rows(connection, FIND_OTHERS, (_json(sorted(asked)),))
        }
        for task in (tasks[index] for index in fresh):
            if task.id in asked:
                others[task.id] = _Other(None, task.tenant, edge_to(task.lifecycle_status, task.final))
        _refuse_unknown(tasks, fresh, others)
        by_task = {
            tasks[index].id: {
                id_: edge for id_ in tasks[index].dependencies or () if (edge := others[id_].edge) is not None
            }
            for index in fresh
        }
        return cls(by_task, {id_: other.seq for id_, other in others.items() if other.seq is not None})

    def worst_of(self, task_id: str) -> Edge | None:
        """The worst edge of a task, None if it has none."""
        return max(self._by_task.get(task_id, {}).values(), default=None)

    def store(self, connection: apsw.Connection, seqs: Mapping[str, int]) -> None:
        """Keeps the edges; `seqs` are the numbers of the new tasks."""
        seqs = {**self._seqs, **seqs} if self._by_task else {}
        connection.executemany(
            ADD_EDGE,
            [(seqs[id_], seqs[other], edge) for id_, edges in self._by_task.items() for other, edge in edges.items()],
        )


def _refuse_unknown(tasks: Sequence[Task], fresh: Sequence[int], others: Mapping[str, _Other]) -> None:
    problems = [
        FieldProblem("dependencies", f"there is no task {id_!r}", index)
        for index in fresh
        for id_ in dict.fromkeys(tasks[index].dependencies or ())
        if (other := others.get(id_)) is None or other.tenant != tasks[index].tenant
    ]
    if problems:
        raise UnknownDependency(problems)


def worst_edges(connection: apsw.Connection, seqs: Sequence[int]) -> Mapping[int, Edge]:
    """The worst edge of each of these tasks that has one."""
    return {seq: Edge(failed) for seq, failed in rows(connection, FIND_WORST, (_json(seqs),))}


def settle(connection: apsw.Connection, placer: Placer, moved: Mapping[int, Edge | None]) -> None:
    """Lets those follow that depend on tasks to which an edge is another one now; None: they are Finished."""
    dependants = column(connection, FIND_DEPENDANTS, (_json(moved),))
    if not dependants:
        return
    connection.execute(CLOSE, (_json(seq for seq, edge in moved.items() if edge is None),))
    for grade in Edge:
        connection.execute(GRADE, (_json(seq for seq, edge in moved.items() if edge is grade), grade))
    _free(connection, placer, dependants)
    connection.execute(REGRADE, (_json(dependants),))


def _free(connection: apsw.Connection, placer: Placer, dependants: Sequence[int]) -> None:
    freed = rows(connection, FIND_FREED, (_json(dependants), placer.now))
    if not freed:
        return
    for _, lane, place, is_ready in freed:
        placer.count_moved(lane, place, -1)
        placer.count_moved(lane, Place.QUEUE if is_ready else Place.TIMER, 1)
    seqs = _json(row[0] for row in freed)
    connection.execute(FREE, (seqs, placer.now))
    connection.execute(FREE_QUEUE, (seqs,))
    connection.execute(FREE_CHANGES, (seqs,))


def forget_edges(connection: apsw.Connection, seqs: str) -> None:
    """Tasks (a JSON array of numbers) are deleted."""
    connection.execute(FORGET_OWN, (seqs,))
    connection.execute(FORGET_OTHERS, (seqs,))


def _json(values: Iterable[Any]) -> str:
    return orjson.dumps(list(values)).decode()
