"""The client against the API of a controller, without a network."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from skalds.client import SkaldsClient
from skalds.errors import (
    DuplicateTask,
    IdempotencyConflict,
    NotFound,
    OutcomeUnknown,
    QueueFull,
    SkaldsError,
    StoreUnavailable,
    TransitionRefused,
    UnknownDependency,
    ValidationFailed,
)
from skalds.model.policy import TenantPolicy
from skalds.model.run_change import Change
from skalds.model.task import RunError, Task
from tests.unit.system_controller.api.served import LOCAL, Served, serve


@pytest.fixture
async def api() -> AsyncIterator[Served]:
    async with serve() as served:
        yield served


@pytest.fixture
async def client(api: Served) -> AsyncIterator[SkaldsClient]:
    async with SkaldsClient(LOCAL, transport=httpx.ASGITransport(api.app)) as made:
        yield made


async def end(api: Served, task_id: str, **changes: Any) -> None:
    task = await api.engine.catalog.get(task_id)
    assert task is not None
    ended = task.changed(1, **{"lifecycle_status": "Finished", "final": True, **changes})
    assert await api.engine.ledger.write([Change(task, ended)], durable=True) == [True]


async def test_one_task_goes_in_and_comes_back(client: SkaldsClient, api: Served) -> None:
    task = await client.submit(Task(class_name="Demo", id="mine", source="script", attachments={"a": 1}))

    assert (task.id, task.source, task.attachments, task.lifecycle_status) == ("mine", "script", {"a": 1}, "Created")
    assert await client.get("mine") == task


async def test_a_mapping_is_a_task_too(client: SkaldsClient) -> None:
    assert (await client.submit({"className": "Demo", "priority": 4})).priority == 4


async def test_many_tasks_go_in_chunks_and_come_back_in_order(client: SkaldsClient) -> None:
    tasks = await client.submit([{"className": "Demo", "id": f"t{number}"} for number in range(1203)])

    assert [task.id for task in tasks] == [f"t{number}" for number in range(1203)]


async def test_large_tasks_go_in_chunks_that_fit_the_body_limit(client: SkaldsClient) -> None:
    large = {"className": "Demo", "attachments": {"text": "ä" * 100_000}}

    assert len(await client.submit([large] * 12)) == 12


async def test_no_tasks_are_no_request(client: SkaldsClient) -> None:
    assert await client.submit([]) == []


async def test_a_wrong_task_far_down_a_list_is_named_by_its_place_in_it(client: SkaldsClient) -> None:
    drafts = [{"className": "Demo"}] * 1001

    with pytest.raises(ValidationFailed) as caught:
        await client.submit([*drafts[:700], {"className": "Demo", "prio": 1}, *drafts])

    assert [(problem.index, problem.field) for problem in caught.value.problems] == [(700, "prio")]


async def test_a_known_id_far_down_a_list_is_named_by_its_place_in_it(client: SkaldsClient) -> None:
    await client.submit({"className": "Demo", "id": "mine"})

    with pytest.raises(DuplicateTask) as caught:
        await client.submit([*[{"className": "Demo"}] * 600, {"className": "Demo", "id": "mine"}])

    assert (caught.value.ids, caught.value.indexes) == (("mine",), (600,))


async def test_errors_come_back_as_what_they_were(client: SkaldsClient, api: Served) -> None:
    await client.submit({"className": "Demo", "id": "mine", "idempotencyKey": "k"})
    await end(api, "mine")

    with pytest.raises(NotFound) as not_found:
        await client.get("nope")
    with pytest.raises(TransitionRefused) as refused:
        await client.cancel("mine")
    with pytest.raises(IdempotencyConflict) as conflict:
        await client.submit({"className": "Other", "idempotencyKey": "k"})

    assert not_found.value.fields == {"kind": "task", "id": "nope"}
    assert refused.value.fields == {"reason": "the task is Finished already", "task": "mine"}
    assert conflict.value.fields == {"key": "k", "task": "mine"}


@pytest.mark.parametrize("task_id", ["", ".", "..", "a/b", "ä?#%"])
async def test_any_id_stays_one_segment_of_the_path(client: SkaldsClient, task_id: str) -> None:
    with pytest.raises(NotFound):
        await client.get(task_id)


async def test_the_error_of_a_run_comes_back_in_full(client: SkaldsClient, api: Served) -> None:
    await client.submit({"className": "Demo", "id": "mine"})
    error = RunError(type="ValueError", message="no", traceback="…")
    await end(api, "mine", lifecycle_status="Failed", error=error)

    assert (await client.get("mine")).error == error


async def test_an_unknown_dependency_far_down_a_list_stays_what_it_is(client: SkaldsClient) -> None:
    tasks: list[Any] = [{"className": "Demo"}] * 700
    tasks[600] = {"className": "Demo", "dependencies": ["nobody"]}

    with pytest.raises(UnknownDependency) as caught:
        await client.submit(tasks)

    assert [problem.index for problem in caught.value.problems] == [600]


async def test_a_full_queue_comes_back_with_its_limit(client: SkaldsClient, api: Served) -> None:
    await api.parts.policies.set_tenant("acme", TenantPolicy(max_queued=0))

    with pytest.raises(QueueFull) as caught:
        await client.submit({"className": "Demo", "tenant": "acme"})

    assert caught.value.fields == {"tenant": "acme", "limit": 0}


async def test_a_task_is_explained(client: SkaldsClient) -> None:
    await client.submit({"className": "Demo", "id": "mine"})

    explained = await client.explain("mine")

    assert (explained["id"], explained["reason"]) == ("mine", "no_node_online")
    with pytest.raises(NotFound):
        await client.explain("nobody")


async def test_tasks_are_listed_by_filter(client: SkaldsClient, api: Served) -> None:
    await client.submit([{"className": name, "id": f"task-{name}"} for name in "AB"])

    page = await client.list(class_name="B", status="Created", id_part="TASK", page_size=1)

    assert ([task.id for task in page.items], page.total, page.total_is_exact) == (["task-B"], 1, True)
    assert (page.page, page.page_size) == (1, 1)


async def test_a_task_is_steered(client: SkaldsClient) -> None:
    await client.submit({"className": "Demo", "id": "mine"})

    states = [
        (await command("mine")).lifecycle_status
        for command in (client.pause, client.resume, client.cancel, client.requeue)
    ]

    assert states == ["Paused", "Created", "Cancelled", "Created"]


async def test_waiting_ends_when_every_task_has_ended(client: SkaldsClient, api: Served) -> None:
    ids = [task.id for task in await client.submit([{"className": "Demo"}] * 70)]
    waiting = asyncio.ensure_future(client.wait([*ids, ids[0]], timeout=30))

    for task_id in reversed(ids):
        assert not waiting.done()
        await end(api, task_id, result=task_id)

    assert [task.result for task in await waiting] == [*ids, ids[0]]


async def test_waiting_for_nothing_ends_at_once(client: SkaldsClient) -> None:
    assert await client.wait([]) == []


async def test_waiting_too_long_says_for_how_many(client: SkaldsClient) -> None:
    ids = [task.id for task in await client.submit([{"className": "Demo"}] * 2)]
    await client.cancel(ids[0])

    with pytest.raises(TimeoutError, match="1 of 2 tasks"):
        await client.wait(ids, timeout=0.1)


async def test_nodes_dispatcher_and_health_are_read(client: SkaldsClient, api: Served) -> None:
    api.add_node(id="node-1")

    assert [node["id"] for node in await client.nodes()] == ["node-1"]
    assert (await client.health())["status"] == "healthy"
    assert (await client.summary())["totalSkalds"] == 1
    assert (await client.dispatcher())["strategy"] == "LEAST_TASKS"
    assert (await client.set_strategy("RANDOM"))["strategy"] == "RANDOM"
    assert (await client.set_strategy(None))["strategy"] == "LEAST_TASKS"
    with pytest.raises(ValidationFailed, match="ROUND_ROBIN"):
        await client.set_strategy("FASTEST")


async def test_the_token_is_presented() -> None:
    async with (
        serve(token="s3cret") as api,
        SkaldsClient(LOCAL, token="s3cret", transport=httpx.ASGITransport(api.app)) as client,
        SkaldsClient(LOCAL, token="wrong", transport=httpx.ASGITransport(api.app)) as stranger,
    ):
        assert await client.nodes() == []
        with pytest.raises(SkaldsError, match="valid token") as caught:
            await stranger.nodes()
        assert (caught.value.fields["status"], caught.value.fields["code"]) == (401, "unauthorized")


async def answering(answer: httpx.Response | Exception) -> SkaldsClient:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SkaldsClient(LOCAL, transport=httpx.MockTransport(handle))


async def test_a_controller_that_is_not_there_is_told_with_its_address() -> None:
    async with await answering(httpx.ConnectError("refused")) as client:
        with pytest.raises(SkaldsError, match=rf"{LOCAL} cannot be reached"):
            await client.nodes()
        with pytest.raises(SkaldsError, match="cannot be reached"):
            await client.submit({"className": "Demo"})


async def test_a_write_that_was_not_answered_may_have_happened() -> None:
    async with await answering(httpx.ReadTimeout("late")) as client:
        with pytest.raises(OutcomeUnknown):
            await client.submit({"className": "Demo"})
        with pytest.raises(SkaldsError, match="cannot be reached"):
            await client.get("t")


async def test_an_answer_that_is_no_json_is_told_by_its_status() -> None:
    async with await answering(httpx.Response(502, text="<html>")) as client:
        with pytest.raises(SkaldsError, match="502"):
            await client.nodes()


async def test_fields_of_another_version_do_not_hide_the_message() -> None:
    body = {"code": "not_found", "message": "gone", "fields": {"what": 1}}
    async with await answering(httpx.Response(404, json=body)) as client:
        with pytest.raises(SkaldsError, match="gone"):
            await client.get("t")


async def test_a_store_that_is_down_is_told_as_that() -> None:
    body = {"code": "store_unavailable", "message": "down", "fields": {}}
    async with await answering(httpx.Response(503, json=body)) as client:
        with pytest.raises(StoreUnavailable, match="down"):
            await client.get("t")
