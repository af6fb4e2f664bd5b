"""Fan-out: whoever listens gets everything in order or is told that it did not, whatever the others do (S17)."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.system_controller.events import frames, subscription
from skalds.system_controller.events.broadcaster import LINGER_SECONDS, Broadcaster
from skalds.system_controller.events.event_log import Event, EventLog
from tests.unit.system_controller.events.listening import Listener

HELLO = {"type": "connection"}


def a_broadcaster(most_events: int = 100) -> Broadcaster:
    return Broadcaster(EventLog("e", most_events, 1_000_000))


def listen(broadcaster: Broadcaster, key: str | None = None, last_id: str = "", picture: bytes = b"") -> Listener:
    listener = Listener(key=key)
    broadcaster.subscribe(listener.subscription, HELLO, last_id, picture)
    return listener


def publish(broadcaster: Broadcaster, *keys: str) -> None:
    first = broadcaster.log.position + 1
    broadcaster.publish([an_event(broadcaster, key, number) for number, key in enumerate(keys, first)])


def an_event(broadcaster: Broadcaster, key: str, number: int) -> Event:
    frame = frames.encode({"type": "news", "key": key, "n": number}, broadcaster.log.id_of(number))
    return Event(key, frame, number)


def numbers(listener: Listener) -> list[int]:
    return [frame.value["n"] for frame in listener.read() if frame.value and "n" in frame.value]


def test_everyone_gets_the_same_bytes() -> None:
    broadcaster = a_broadcaster()
    one, other = listen(broadcaster), listen(broadcaster)
    one.read(), other.read()

    publish(broadcaster, "a", "b")

    assert one.subscription.take() is other.subscription.take()


def test_whoever_listens_to_one_gets_only_that() -> None:
    broadcaster = a_broadcaster()
    everything, only_b = listen(broadcaster), listen(broadcaster, "b")

    publish(broadcaster, "a", "b", "a", "b")

    assert (numbers(everything), numbers(only_b)) == ([1, 2, 3, 4], [2, 4])


def test_the_greeting_carries_the_place_to_resume() -> None:
    broadcaster = a_broadcaster()
    publish(broadcaster, "a")

    (frame,) = listen(broadcaster).read()

    assert (frame.value, frame.id) == (HELLO, "e-1")


def test_with_a_picture_the_place_to_resume_comes_after_it() -> None:
    broadcaster = a_broadcaster()
    publish(broadcaster, "a")

    read = listen(broadcaster, picture=frames.encode({"type": "node"})).read()

    assert [(frame.type, frame.id) for frame in read] == [("connection", ""), ("node", ""), ("", "e-1")]


def test_a_client_that_comes_back_gets_what_it_missed_and_no_picture() -> None:
    broadcaster = a_broadcaster()
    publish(broadcaster, "a", "b", "a")

    back = listen(broadcaster, last_id="e-1", picture=b"never shown")

    assert [(frame.type, frame.id) for frame in back.read()] == [("connection", ""), ("news", "e-2"), ("news", "e-3")]


@pytest.mark.parametrize("last_id", ["other-1", "e-1", "nonsense"])
def test_a_client_that_cannot_resume_is_told_to_read_everything(last_id: str) -> None:
    broadcaster = a_broadcaster(most_events=1)
    publish(broadcaster, "a", "b", "c")

    assert [(f.type, f.id) for f in listen(broadcaster, last_id=last_id).read()] == [
        ("connection", ""),
        ("reset", "e-3"),
    ]


def test_a_keep_alive_moves_the_place_to_resume_of_those_who_heard_nothing() -> None:
    broadcaster = a_broadcaster()
    everything, only_b = listen(broadcaster), listen(broadcaster, "b")
    publish(broadcaster, "a")
    everything.read(), only_b.read()

    broadcaster.keep_alive()
    broadcaster.keep_alive()

    assert [frame.id for frame in everything.read()] == ["", ""]
    assert [frame.id for frame in only_b.read()] == ["e-1", ""]


def test_whoever_resumed_is_moved_on_by_the_next_keep_alive() -> None:
    broadcaster = a_broadcaster()
    publish(broadcaster, "a", "b", "a")
    back = listen(broadcaster, "b", last_id="e-1")

    broadcaster.keep_alive()

    assert [frame.id for frame in back.read()] == ["", "e-2", "e-3"]


def test_a_break_of_the_chain_is_told_to_everyone_instead_of_what_waits() -> None:
    broadcaster = a_broadcaster()
    listener, watching = listen(broadcaster), listen(broadcaster, "a")
    listener.read(), watching.read()
    publish(broadcaster, "a")

    broadcaster.reset(7)

    assert [(frame.type, frame.id) for frame in listener.read()] == [("reset", "e-7")]
    assert [(frame.type, frame.id) for frame in watching.read()] == [("reset", "e-7")]


def test_a_reset_at_the_same_place_repeats_no_id() -> None:
    broadcaster = a_broadcaster()
    listener = listen(broadcaster)

    broadcaster.reset(0)

    assert [(frame.type, frame.id) for frame in listener.read()] == [("reset", "")]


def test_heartbeats_are_not_added_to_what_waits_already() -> None:
    broadcaster = a_broadcaster()
    ready, behind = listen(broadcaster), listen(broadcaster)
    ready.read(), behind.read()
    publish(broadcaster, "a")
    ready.read()

    broadcaster.publish_passing([Event("a", frames.encode({"type": "beat"}))])

    assert (ready.types(), behind.types()) == (["beat"], ["news"])


def test_numbers_that_were_passed_already_are_not_told_again() -> None:
    broadcaster = a_broadcaster()
    listener = listen(broadcaster)
    publish(broadcaster, "a", "b")
    listener.read()

    broadcaster.publish([an_event(broadcaster, "a", 2), an_event(broadcaster, "c", 3)])

    assert numbers(listener) == [3]


def test_it_is_heard_for_a_while_after_the_last_has_left() -> None:
    broadcaster = a_broadcaster()
    assert not broadcaster.is_heard(0)
    listener, watching = listen(broadcaster), listen(broadcaster, "a")
    listener.leave(broadcaster, 1)

    assert (len(broadcaster), broadcaster.is_heard(5_000)) == (1, True)
    watching.leave(broadcaster, 10)

    assert (len(broadcaster), broadcaster.wants("a"), broadcaster.is_watched("a")) == (0, False, False)
    assert (broadcaster.is_heard(9.9 + LINGER_SECONDS), broadcaster.is_heard(10 + LINGER_SECONDS)) == (True, False)


class Client:
    """A listener that comes back whenever it is cut, and checks what it is promised."""

    def __init__(self, broadcaster: Broadcaster, key: str | None) -> None:
        self.broadcaster = broadcaster
        self.key = key
        self.seen: int | None = None
        self.listener = listen(broadcaster, key)

    def read(self, told: Sequence[tuple[int, str]]) -> None:
        for frame in self.listener.read():
            number = int(frame.id.rpartition("-")[2]) if frame.id else None
            if frame.type == "news" and self.seen is not None:
                missing = [n for n, key in told if self.seen < n < (number or 0) and self.key in (None, key)]
                assert missing == []
            if number is not None:
                assert self.seen is None or number > self.seen, "ids do not grow"
                self.seen = number

    def come_back(self) -> None:
        self.listener.leave(self.broadcaster)
        self.listener = listen(self.broadcaster, self.key, "" if self.seen is None else f"e-{self.seen}")


KEYS = st.sampled_from(["a", "b"])
CLIENTS = st.integers(0, 2)
ACTS = st.one_of(
    st.tuples(st.just("publish"), st.lists(KEYS, min_size=1, max_size=5)),
    st.tuples(st.just("skip"), st.integers(1, 3)),
    st.tuples(st.just("read"), CLIENTS),
    st.tuples(st.just("come back"), CLIENTS),
    st.tuples(st.just("keep alive"), st.none()),
    st.tuples(st.just("beat"), KEYS),
    st.tuples(st.just("reset"), st.integers(1, 3)),
)


def act(broadcaster: Broadcaster, clients: Sequence[Client], told: list[tuple[int, str]], name: str, what: Any) -> None:
    position = broadcaster.log.position
    match name:
        case "publish":
            publish(broadcaster, *what)
            told += enumerate(what, position + 1)
        case "skip":
            broadcaster.publish([], position + what)
        case "read":
            clients[what].read(told)
        case "come back":
            clients[what].come_back()
        case "keep alive":
            broadcaster.keep_alive()
        case "beat":
            broadcaster.publish_passing([Event(what, frames.encode({"type": "beat"}))])
        case "reset":
            broadcaster.reset(position + what)
            told.clear()


@given(st.lists(ACTS, max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_interleaving_leaves_a_gap_that_is_not_told(acts: list[tuple[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "MOST_EVENTS_WAITING", 6)
        broadcaster = a_broadcaster(most_events=8)
        clients = [Client(broadcaster, key) for key in (None, None, "a")]
        told: list[tuple[int, str]] = []
        for name, what in acts:
            act(broadcaster, clients, told, name, what)
        for client in clients:
            client.read(told)
            if client.listener.subscription.is_cut:
                client.come_back()
                client.read(told)
            assert client.seen is not None
            left = [n for n, key in told if n > client.seen and client.key in (None, key)]
            assert left == []
