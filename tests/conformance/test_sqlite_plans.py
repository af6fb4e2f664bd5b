"""What runs often finds its rows by an index, however many others there are."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import claim, dependencies, dispatch_queue, lane_board, retention, run_ledger
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.testing import FakeClock

_RUN, _TASK = "SEARCH run USING INTEGER PRIMARY KEY", "SEARCH task USING INTEGER PRIMARY KEY"
_STATE = "SEARCH lane_state USING INTEGER PRIMARY KEY"

PLANS: dict[str, tuple[str, ...]] = {
    run_ledger.OVERDUE: ("SEARCH run USING INDEX run_deadline (deadline>? AND deadline<?)", _TASK),
    run_ledger.FORSAKEN: ("SCAN run USING INDEX run_forsaken", _TASK),
    run_ledger.RUNS_OF: ("SEARCH run USING INDEX run_live (executor=? AND session=?)", _TASK),
    dispatch_queue.NEXT_MOMENT: ("SEARCH run USING COVERING INDEX run_timer",),
    dispatch_queue.FIND_DUE: ("SEARCH run USING INDEX run_timer (eligible_at<?)",),
    dispatch_queue.HEADS: ("SEARCH queue USING PRIMARY KEY (lane=?)", _STATE, _RUN),
    claim.PUT_CLAIMS: ("SEARCH node USING INTEGER PRIMARY KEY",),
    claim.PUT_GIVEN: ("SEARCH task USING COVERING INDEX sqlite_autoindex_task_1 (id=?)", _RUN),
    claim.GIVE: (_RUN, "SEARCH given USING INTEGER PRIMARY KEY"),
    claim.ADD_CHANGES: ("SCAN given", "SEARCH claim USING INTEGER PRIMARY KEY"),
    claim.COUNT_IN_LANES: ("SCAN given", "SCAN served", _STATE),
    claim.SWEEP_QUEUE: (
        "SEARCH queue USING PRIMARY KEY (lane=? AND rank=? AND id=?)",
        _STATE,
        "SEARCH queue USING PRIMARY KEY (lane=? AND rank<?)",
        _RUN,
        "SCAN given",
    ),
    claim.CLEAR_LEFT_OVER: (_STATE, "SCAN given"),
    lane_board.COUNT_QUEUED: ("SEARCH lane USING COVERING INDEX lane_by_tenant (tenant=?)", _STATE),
    lane_board.FIND_KEYS: ("SEARCH lane USING INTEGER PRIMARY KEY",),
    lane_board.FIND_REASON: ("SEARCH lane USING COVERING INDEX sqlite_autoindex_lane_1 (key=?)", _STATE),
    dependencies.FIND_OTHERS: ("SEARCH task USING INDEX sqlite_autoindex_task_1 (id=?)", _RUN),
    dependencies.FIND_WORST: ("SEARCH dependency USING PRIMARY KEY (child=?)",),
    dependencies.FIND_DEPENDANTS: ("SEARCH dependency USING COVERING INDEX dependency_by_parent (parent=?)",),
    dependencies.CLOSE: ("SEARCH dependency USING INDEX dependency_by_parent (parent=?)",),
    dependencies.GRADE: ("SEARCH dependency USING INDEX dependency_by_parent (parent=?)",),
    dependencies.FIND_FREED: (_RUN, "SEARCH dependency USING PRIMARY KEY (child=?)"),
    dependencies.FREE: (_RUN,),
    dependencies.FREE_QUEUE: (_RUN, _TASK),
    dependencies.FREE_CHANGES: (_RUN, _TASK),
    dependencies.REGRADE: (_RUN, "SEARCH dependency USING PRIMARY KEY (child=?)"),
    dependencies.FORGET_OWN: ("SEARCH dependency USING PRIMARY KEY (child=?)",),
    dependencies.FORGET_OTHERS: ("SEARCH dependency USING INDEX dependency_by_parent (parent=?)",),
    retention.FORGET_ENTRIES: ("SEARCH queue USING PRIMARY KEY (lane=?)", "SCAN lane_state"),
    retention.FIND_ENDED: (
        "SEARCH run USING INDEX run_ended (keyed=? AND updated<?)",
        "SEARCH dependency USING COVERING INDEX dependency_by_parent (parent=?)",
        "SEARCH child USING INTEGER PRIMARY KEY",
    ),
}
"""Statement → the steps its plan must have, in any order; beside them only values given as JSON may be walked."""

_NAMES = {
    text: name
    for module in (claim, dependencies, dispatch_queue, lane_board, retention, run_ledger)
    for name, text in vars(module).items()
    if isinstance(text, str)
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[apsw.Connection]:
    await (await SqliteEngine.open(tmp_path / "data", FakeClock(), role="controller")).close()
    connection = apsw.Connection(str(tmp_path / "data" / "skalds.db"))
    claim.take_orders(connection)
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", PLANS, ids=_NAMES.get)
async def test_plan_uses_the_indexes(database: apsw.Connection, sql: str) -> None:
    steps = _plan(database, sql)
    for wanted in PLANS[sql]:
        assert any(step.startswith(wanted) for step in steps), steps
    walked = [step for step in steps if step.startswith("SCAN") and not step.startswith(PLANS[sql])]
    assert [step for step in walked if "VIRTUAL TABLE" not in step and step != "SCAN CONSTANT ROW"] == []


@pytest.mark.parametrize("sql", [run_ledger.OVERDUE, dispatch_queue.FIND_DUE, dispatch_queue.HEADS], ids=_NAMES.get)
async def test_what_comes_in_order_is_not_sorted(database: apsw.Connection, sql: str) -> None:
    assert not [step for step in _plan(database, sql) if "TEMP B-TREE" in step]


def _plan(database: apsw.Connection, sql: str) -> list[str]:
    sql = re.sub(r"NEW\.\w+", "?", sql)
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    values = (None,) * (max(numbered) if numbered else sql.count("?"))
    return [str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
