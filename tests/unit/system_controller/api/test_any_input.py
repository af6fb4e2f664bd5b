"""Whatever is sent, the answer is never a fault of ours, and nothing wrong is stored."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from skalds.model.task import Task
from tests.unit.system_controller.api.served import Served

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["Demo", "Created", "Passive", "..", "a b", "\x00", "x" * 129, "{}", "7"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
CONTROLS = ["strategy", "nodes", "labels", "without", "limit", "like", "count", "classes", "slots", "weight", "max"]
NAMES = st.sampled_from([*Task.model_fields, *map(to_camel, Task.model_fields), *CONTROLS]) | st.text(max_size=5)
DRAFTS = st.dictionaries(NAMES, VALUES, max_size=5).map(lambda draft: {"className": "Demo", **draft})
BODIES = VALUES | DRAFTS | st.dictionaries(NAMES, VALUES, max_size=3) | st.lists(DRAFTS | VALUES, max_size=3)
WRITES = st.sampled_from(
    [
        ("POST", "/api/tasks"),
        ("PUT", "/api/tasks/task-1/status"),
        ("POST", "/api/tasks/task-1/pause"),
        ("PUT", "/api/dispatcher"),
        ("POST", "/api/dispatcher/plan"),
        ("POST", "/api/dispatcher/run"),
        ("PUT", "/api/tenants/t"),
        ("PUT", "/api/limits/k"),
        ("PUT", "/api/reservations/zone=a"),
        ("PUT", "/api/skalds/node-1/labels"),
        ("POST", "/api/skalds/node-1/drain"),
        ("DELETE", "/api/tasks/task-1"),
    ]
)
READS = [
    "/api/tasks/",
    "/api/tasks/classnames",
    "/api/system/dashboard/summary",
    "/api/skalds/",
    "/api/dispatcher",
    "/api/audit",
]


# One world for all examples of a test: what earlier ones stored may be there, as in life.
SHARED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(write=WRITES, body=BODIES)
async def test_no_body_makes_a_fault(api: Served, write: tuple[str, str], body: Any) -> None:
    if await api.engine.catalog.get("task-1") is None:
        await api.stored()
        await api.register()

    answer = await api.http.request(*write, content=json.dumps(body), headers={"content-type": "application/json"})

    assert answer.status_code < 500, answer.text
    for path in READS:
        assert (await api.call("GET", path)).status_code == 200


@SHARED
@given(
    path=st.sampled_from(["/api/tasks/", "/api/skalds/"]),
    query=st.dictionaries(
        st.sampled_from(["page", "pageSize", "status", "lifecycleStatus", "id", "type", "executor", "x"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers().map(str),
        max_size=3,
    ),
)
async def test_no_query_makes_a_fault(api: Served, path: str, query: dict[str, str]) -> None:
    answer = await api.call("GET", path, params=query)

    assert answer.status_code in (200, 422), answer.text


@SHARED
@given(task_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
async def test_no_id_makes_a_fault(api: Served, task_id: str) -> None:
    answer = await api.call("GET", f"/api/tasks/{quote(task_id, safe='')}")

    assert answer.status_code in (200, 404, 405), answer.text
