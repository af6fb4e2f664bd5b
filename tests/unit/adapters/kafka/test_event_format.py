"""Messages in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.adapters.kafka.event_format import VALUE_LIMIT, message_from, pieces, to_key
from skalds.model.event import TaskEvent, Topic
from skalds.ports.event_bus import BusMessage


def _message(task_ids: list[str]) -> BusMessage:
    return BusMessage(Topic.CANCEL, TaskEvent(recipient="node-1", task_ids=task_ids))


@given(st.lists(st.integers(0, 400_000), max_size=12))
def test_parts_name_all_tasks_in_order_and_fit(sizes: list[int]) -> None:
    ids = [f"{number}".ljust(size, "x") for number, size in enumerate(sizes)]
    parts = list(pieces(_message(ids)))

    assert [id_ for part, _ in parts for id_ in part.event.task_ids] == ids
    assert all(len(value) <= VALUE_LIMIT for _, value in parts)
    assert [message_from("task.cancel", b"k", value) for _, value in parts] == [part for part, _ in parts]


def test_message_that_fits_is_one_part() -> None:
    message = _message(["a", "b"])

    assert [part for part, _ in pieces(message)] == [message]


@pytest.mark.parametrize("id_", ["node-1", "né", "\ud800", ""])
def test_any_id_is_a_key(id_: str) -> None:
    assert to_key(id_).decode(errors="surrogatepass") == id_


def test_unknown_topic_carries_nothing() -> None:
    assert message_from("testing", b"k", b'{"taskIds": ["a"]}') is None
