"""The buffer of a connection is bounded, and a reader that does not keep up is cut."""

from skalds.system_controller.events.subscription import MOST_BYTES_WAITING, MOST_EVENTS_WAITING, Subscription


class Reader:
    def __init__(self) -> None:
        self.noticed = 0
        self.subscription = Subscription(self._notice)

    def _notice(self) -> None:
        self.noticed += 1


def test_the_reader_is_told_once_until_it_has_taken_everything() -> None:
    reader = Reader()
    reader.subscription.offer(b"a")
    reader.subscription.offer(b"b")

    assert (reader.noticed, reader.subscription.take(), reader.subscription.take()) == (1, b"ab", b"")
    reader.subscription.offer(b"c")
    assert reader.noticed == 2


def test_large_amounts_are_taken_in_pieces() -> None:
    reader = Reader()
    for _ in range(10):
        reader.subscription.offer(b"x" * 30_000)

    assert [len(reader.subscription.take()) for _ in range(6)] == [60_000] * 5 + [0]


def test_a_reader_that_leaves_too_many_events_is_cut() -> None:
    reader = Reader()
    for _ in range(MOST_EVENTS_WAITING):
        reader.subscription.offer(b"x")
    assert not reader.subscription.is_cut

    reader.subscription.offer(b"x")

    assert (reader.subscription.is_cut, reader.noticed, reader.subscription.take()) == (True, 2, b"")


def test_a_reader_that_leaves_too_many_bytes_is_cut() -> None:
    reader = Reader()
    reader.subscription.offer(b"x" * MOST_BYTES_WAITING)
    assert not reader.subscription.is_cut

    reader.subscription.offer(b"x")

    assert reader.subscription.is_cut


def test_what_was_taken_does_not_count() -> None:
    reader = Reader()
    for _ in range(50):
        reader.subscription.offer(b"x" * (MOST_BYTES_WAITING // 2))
        reader.subscription.offer(b"y" * 10)
        reader.subscription.take()
        reader.subscription.take()

    assert not reader.subscription.is_cut


def test_a_single_batch_and_the_beginning_may_be_of_any_size() -> None:
    reader = Reader()
    reader.subscription.begin([b"x" * MOST_BYTES_WAITING] * 3, 7)
    reader.subscription.offer(b"x" * (2 * MOST_BYTES_WAITING), 2 * MOST_EVENTS_WAITING, 9)

    assert not reader.subscription.is_cut
    assert reader.subscription.last_number == 9


def test_a_reader_that_takes_nothing_between_two_keep_alives_is_cut_at_the_third() -> None:
    reader = Reader()
    reader.subscription.offer(b"x")

    reader.subscription.cut_if_stalled()
    assert not reader.subscription.is_cut
    reader.subscription.cut_if_stalled()

    assert reader.subscription.is_cut


def test_a_slow_reader_that_takes_something_is_not() -> None:
    reader = Reader()
    for _ in range(20):
        reader.subscription.offer(b"x" * 64 * 1024)
        reader.subscription.offer(b"x" * 1024)
        reader.subscription.cut_if_stalled()
        reader.subscription.take()
        reader.subscription.take()

    assert not reader.subscription.is_cut


def test_a_reader_that_was_cut_gets_nothing_more() -> None:
    reader = Reader()
    reader.subscription.cut()
    reader.subscription.offer(b"x")

    assert reader.subscription.take() == b""
