"""The ageing step of a store: every rank in it was computed with the same one."""

import apsw

from skalds.adapters.sqlite.placement import FIND_AGEING_STEP, Place
from skalds.adapters.sqlite.select import one

# The step of all ranks from now on.
SET_STEP = "INSERT INTO ageing (step_ms) VALUES (?)"
# The step before is forgotten.
FORGET_STEP = "DELETE FROM ageing"
# Ranks of everything that waits.
RANK_RUNS = f"""
    UPDATE run SET rank = eligible_at - ?1 * (SELECT body ->> 'priority' FROM task WHERE task.seq = run.seq)
    WHERE place <> {Place.NOWHERE}
"""  # noqa: S608 - only constants of this package are put into SQL
# The queue is emptied to be filled in the new order.
EMPTY_QUEUE = "DELETE FROM queue"
# Nothing is left over in it.
CLEAR_LEFT_OVER = "UPDATE lane_state SET left_over = 0, left_over_to = NULL WHERE left_over > 0"
# The queue in the new order.
FILL_QUEUE = f"""
    INSERT INTO queue (lane, rank, id, seq, attempt, affinity)
    SELECT run.lane, run.rank, task.id, run.seq, run.attempt, run.affinity
    FROM run CROSS JOIN task ON task.seq = run.seq
    WHERE run.place = {Place.QUEUE} ORDER BY 1, 2, 3
"""  # noqa: S608 - as above


def set_ageing_step(connection: apsw.Connection, step_ms: int) -> None:
    """Makes `step_ms` the step of this store; if it was another one, all that waits is put in order anew."""
    before = one(connection, FIND_AGEING_STEP)
    if before == step_ms:
        return
    with connection:
        connection.execute(FORGET_STEP)
        connection.execute(SET_STEP, (step_ms,))
        if before is not None:
            connection.execute(RANK_RUNS, (step_ms,))
            connection.execute(EMPTY_QUEUE)
            connection.execute(CLEAR_LEFT_OVER)
            connection.execute(FILL_QUEUE)
