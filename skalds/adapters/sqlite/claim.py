# ruff: noqa: S608 - only constants of this package are put into SQL
"""The claim: gives tasks away in one transaction.

    INSERT INTO claiming ──► claim ──still ready, session open──► given ──► run, change, lane_state, tally
                                                                    └─ enough left over in a lane ──► queue

Everything happens inside SQLite, in the steps of a trigger: one long call for all of a claim. No row passes through the
interpreter, and its lock is given up once, so that the event loop can plan the next round meanwhile; with a call for
each step the two threads would wait for each other at every step. Rows are visited in the order of their numbers, which
is that of their pages.

The queue is in the order of lanes, so each task of a claim has its entry on another page. Entries are left over there,
until a lane has enough of them to be worth a page (`lane_state`).
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import apsw
import orjson

from skalds.adapters.sqlite.placement import IS_READY, Place
from skalds.adapters.sqlite.select import column, one
from skalds.adapters.sqlite.versions import check_lease
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.task import TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim

_ASSIGNING = TaskLifecycleStatus.ASSIGNING.value

ENOUGH_LEFT_OVER = 16
"""So many entries of a lane are deleted at once. Twice as many save little more, and heads are read past them."""

_IS_FULL = f"lane_state.lane IN (SELECT lane FROM given) AND left_over >= {ENOUGH_LEFT_OVER}"

# What an order to claim says, the claims that can be met, and the tasks that are given away.
MAKE_ROOM = """
    CREATE TEMP VIEW IF NOT EXISTS claiming (claims, wanted, term) AS SELECT NULL, NULL, NULL;
    CREATE TEMP TABLE IF NOT EXISTS claim (
        number INTEGER PRIMARY KEY, id TEXT, node TEXT, session INTEGER, assigned_at INTEGER, accept_by INTEGER
    );
    CREATE TEMP TABLE IF NOT EXISTS given (
        seq INTEGER PRIMARY KEY, number INTEGER, claim INTEGER, id TEXT, lane INTEGER, rank INTEGER,
        class INTEGER, status TEXT, attempt INTEGER, rev INTEGER
    );
"""
# What the order before left behind.
CLEAR_CLAIMS = "DELETE FROM claim"
CLEAR_GIVEN = "DELETE FROM given"
# Those of the claims whose session takes work.
PUT_CLAIMS = """
    INSERT INTO claim (number, id, node, session, assigned_at, accept_by)
    SELECT asked.key, asked.value ->> 0, node.id, node.session, asked.value ->> 3, asked.value ->> 4
    FROM json_each(NEW.claims) AS asked CROSS JOIN node ON node.session = asked.value ->> 2
    WHERE node.id = asked.value ->> 1 AND node.closed = 0 AND node.leaving = 0
"""
# Those of the wanted tasks that are still as the planner saw them; one that is wanted twice goes to the first.
PUT_GIVEN = f"""
    INSERT OR IGNORE INTO given (seq, number, claim, id, lane, rank, class, status, attempt, rev)
    SELECT run.seq, wanted.key, claim.number, task.id, run.lane, run.rank, run.class, run.status, run.attempt, run.rev
    FROM json_each(NEW.wanted) AS wanted
    CROSS JOIN claim ON claim.number = wanted.value ->> 2
    CROSS JOIN task ON task.id = wanted.value ->> 0
    CROSS JOIN run ON run.seq = task.seq
    WHERE run.place = {Place.QUEUE} AND run.attempt = wanted.value ->> 1
        AND (run.deadline IS NULL OR run.deadline > claim.assigned_at)
"""
# They are given away.
GIVE = f"""
    UPDATE run SET
        status = '{_ASSIGNING}', attempt = attempt + 1, rev = rev + 1,
        place = {Place.NOWHERE}, released_at = NULL, leave_for = NULL, term = NEW.term,
        (executor, assigned_to, session, assigned_at, updated, accept_by, assignment) = (
            SELECT node, node, session, assigned_at, assigned_at, accept_by, claim.id
            FROM given CROSS JOIN claim ON claim.number = given.claim WHERE given.seq = run.seq
        )
    WHERE seq IN (SELECT seq FROM given)
"""
# The feed tells of them.
ADD_CHANGES = f"""
    INSERT INTO change (id, class, rev, status, final, attempt, executor, session, lane, holds_slot, ready)
    SELECT
        given.id, given.class, given.rev + 1, '{_ASSIGNING}', 0, given.attempt + 1,
        claim.node, claim.session, given.lane, 1, 0
    FROM given CROSS JOIN claim ON claim.number = given.claim
"""
# They wait no more in their lanes, and hold slots; their entries are left over in the queue.
COUNT_IN_LANES = """
    UPDATE lane_state SET
        ready = ready - n, waiting = waiting - n, live = live + n,
        left_over = left_over + n, left_over_to = max(coalesce(left_over_to, latest), latest)
    FROM (SELECT lane AS number, count(*) AS n, max(rank) AS latest FROM given GROUP BY lane) AS served
    WHERE lane_state.lane = served.number
"""
# Lanes in which enough is left over are swept: a page is written for all of it.
SWEEP_QUEUE = f"""
    DELETE FROM queue WHERE (lane, rank, id) IN (
        SELECT queue.lane, queue.rank, queue.id
        FROM lane_state CROSS JOIN queue ON queue.lane = lane_state.lane AND queue.rank <= lane_state.left_over_to
        WHERE {_IS_FULL} AND NOT {IS_READY}
    )
"""
# Nothing is left over in them.
CLEAR_LEFT_OVER = f"UPDATE lane_state SET left_over = 0, left_over_to = NULL WHERE {_IS_FULL}"
# What they were before is one less, and what they are now one more.
COUNT_IN_TALLY = f"""
    INSERT INTO tally (name, n)
    SELECT '{_ASSIGNING}', count(*) FROM given HAVING count(*) > 0
    UNION ALL SELECT status, -count(*) FROM given WHERE true GROUP BY status
    ON CONFLICT (name) DO UPDATE SET n = n + excluded.n
"""
STEPS = (
    CLEAR_CLAIMS,
    CLEAR_GIVEN,
    PUT_CLAIMS,
    PUT_GIVEN,
    GIVE,
    ADD_CHANGES,
    COUNT_IN_LANES,
    SWEEP_QUEUE,
    CLEAR_LEFT_OVER,
    COUNT_IN_TALLY,
)
# An order is nothing that is kept: it is carried out.
TAKE_ORDERS = f"CREATE TEMP TRIGGER IF NOT EXISTS carry_out INSTEAD OF INSERT ON claiming BEGIN {';'.join(STEPS)}; END"
# The order.
ORDER = "INSERT INTO claiming (claims, wanted, term) VALUES (?, ?, ?)"
# How many of the wanted were given away.
COUNT_GIVEN = "SELECT count(*) FROM given"
# Which.
FIND_GIVEN = "SELECT number FROM given ORDER BY number"


def take_orders(connection: apsw.Connection) -> None:
    """Prepares this connection for claims, for as long as it is open."""
    connection.execute(MAKE_ROOM)
    connection.execute(TAKE_ORDERS)


def order_for(claims: Sequence[Claim], lease: LeaseRow) -> Callable[[apsw.Connection], Sequence[Assign]]:
    """Work that gives the tasks of the claims away, as far as they are still to be had.

    Returns those, in the order asked for. What can be prepared is, so that the connection's thread is soon in SQLite.
    """
    wanted = list(chain.from_iterable(claim.assigns for claim in claims))
    order = _json(map(_about, claims)), _json(_asked_for(claims)), lease.term

    def work(connection: apsw.Connection) -> Sequence[Assign]:
        check_lease(connection, lease)
        connection.execute(ORDER, order)
        if one(connection, COUNT_GIVEN) == len(wanted):
            return wanted
        return [wanted[number] for number in column(connection, FIND_GIVEN)]

    return work


def _about(claim: Claim) -> tuple[Any, ...]:
    return claim.id, claim.node_id, claim.session, claim.assigned_at, claim.accept_by


def _asked_for(claims: Sequence[Claim]) -> Iterable[tuple[str, int, int]]:
    return ((assign.task_id, assign.attempt, number) for number, claim in enumerate(claims) for assign in claim.assigns)


def _json(values: Iterable[Any]) -> str:
    return orjson.dumps(list(values)).decode()
