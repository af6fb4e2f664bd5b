# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `TaskCatalog`."""

import pytest

from skalds.model.task import Task, TaskLifecycleStatus
from skalds.model.task_query import EXACT_TOTAL_LIMIT, TaskQuery
from skalds.ports.engine import Engine
from skalds.testing.builders import a_task
from skalds.testing.conformance.steps import assigned, to


class TaskCatalogSuite:
    """What `TaskCatalog` promises."""

    async def test_unknown_task_is_none(self, engine: Engine) -> None:
        assert await engine.catalog.get("task-1") is None

    async def test_other_participants_see_what_was_stored(self, engine: Engine, other: Engine) -> None:
        [task] = await engine.intake.submit([a_task()])
        assert await other.catalog.get("task-1") == task

    async def test_get_many_keeps_the_order_and_leaves_out_what_is_unknown(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
        found = await engine.catalog.get_many(["c", "none", "a"])
        assert [task.id for task in found] == ["c", "a"]
        assert list(await engine.catalog.get_many([])) == []

    async def test_newest_come_first_and_the_greatest_id_among_equals(self, engine: Engine) -> None:
        for id_, created in [("b", 2), ("c", 1), ("a", 2), ("d", 3)]:
            await engine.intake.submit([a_task(id=id_, create_date_time=created)])
        page = await engine.catalog.find(TaskQuery())
        assert [task.id for task in page.items] == ["d", "b", "a", "c"]
        assert (page.total, page.total_is_exact) == (4, True)

    async def test_pages_follow_each_other_and_end(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id=f"task-{number}", create_date_time=number) for number in range(5)])
        pages = [await engine.catalog.find(TaskQuery(page=page, page_size=2)) for page in (1, 2, 3, 4)]
        assert [[task.create_date_time for task in page.items] for page in pages] == [[4, 3], [2, 1], [0], []]
        assert {page.total for page in pages} == {5}

    async def test_filters(self, engine: Engine) -> None:
        stored = await assigned(engine, a_task(id="a"), a_task(id="b", class_name="Other"))
        await assigned(engine, a_task(id="c"), node_id="node-2")
        await engine.intake.submit([a_task(id="d"), a_task(id="e", class_name="Other")])
        await engine.ledger.write([to(stored[0], TaskLifecycleStatus.RUNNING)], durable=True)

        async def ids(**filters: str) -> str:
            page = await engine.catalog.find(TaskQuery(**filters))  # type: ignore[arg-type]
            assert page.total == len(page.items)
            return "".join(sorted(task.id for task in page.items))

        assert await ids(status="Created") == "de"
        assert await ids(status="Running") == "a"
        assert await ids(class_name="Other") == "be"
        assert await ids(executor="node-1") == "ab"
        assert await ids(executor="node-1", class_name="Other") == "b"
        assert await ids(executor="node-1", class_name="Other", status="Running") == ""
        assert await ids(class_name="Other", status="Created", id_part="E") == "e"
        assert await ids(class_name="None") == ""
        assert await ids(status="created") == ""

    @pytest.mark.parametrize(
        ("part", "found"),
        [
            ("AbC", "abc-%_1 xABCx"),
            ("%", "abc-%_1"),
            ("_", "abc-%_1"),
            ("*", ""),
            ("'", "it's"),
            ("É", "É"),
            ("\\", ""),
        ],
    )
    async def test_part_of_an_id_is_never_a_pattern(self, engine: Engine, part: str, found: str) -> None:
        await engine.intake.submit([a_task(id=id_) for id_ in ("abc-%_1", "xABCx", "it's", "É", "é")])
        page = await engine.catalog.find(TaskQuery(id_part=part))
        assert sorted(task.id for task in page.items) == found.split()

    async def test_total_is_exact_up_to_its_limit(self, engine: Engine) -> None:
        await _submit_many(engine, EXACT_TOTAL_LIMIT)
        for query in (TaskQuery(), TaskQuery(id_part="x"), TaskQuery(status="Created"), TaskQuery(class_name="Demo")):
            page = await engine.catalog.find(query)
            assert (page.total, page.total_is_exact) == (EXACT_TOTAL_LIMIT, True)
        await engine.intake.submit([a_task(id="one-more-x", create_date_time=2**52)])
        for query in (TaskQuery(), TaskQuery(id_part="x"), TaskQuery(status="Created"), TaskQuery(class_name="Demo")):
            page = await engine.catalog.find(query)
            assert (page.total, page.total_is_exact) == (EXACT_TOTAL_LIMIT, False)
            assert page.items[0].id == "one-more-x"
        assert await engine.catalog.count_by_status() == {"Created": EXACT_TOTAL_LIMIT + 1}

    async def test_counts_leave_out_absent_statuses(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task()])
        await engine.ledger.write([to(task, TaskLifecycleStatus.CANCELLED, final=True)], durable=True)
        assert await engine.catalog.count_by_status() == {"Cancelled": 1}

    async def test_class_names_are_sorted_and_distinct(self, engine: Engine) -> None:
        assert list(await engine.catalog.class_names()) == []
        await engine.intake.submit([a_task(id=f"task-{index}", class_name=name) for index, name in enumerate("BAB")])
        assert list(await engine.catalog.class_names()) == ["A", "B"]

    async def test_what_a_reader_changes_is_not_stored(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(attachments={"a": 1})])
        read = await engine.catalog.get("task-1")
        assert isinstance(read, Task)


async def _submit_many(engine: Engine, count: int) -> None:
    tasks = [a_task(id=f"x-{number}", create_date_time=number) for number in range(count)]
    for start in range(0, count, 500):
        await engine.intake.submit(tasks[start : start + 500])
