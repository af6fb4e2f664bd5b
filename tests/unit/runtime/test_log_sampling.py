"""A storm of one kind of event is cut, and what was cut is told."""

from skalds.runtime.log_sampling import LogSampler, Suppressed

INFO = (20, "INFO")
ERROR = (40, "ERROR")


class Time:
    """A monotonic clock that stands."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


def test_first_of_a_second_pass_and_the_rest_is_told_when_it_is_over() -> None:
    time = Time()
    sampler = LogSampler(time, per_second=3)

    assert [sampler.admits("a", INFO) for _ in range(5)] == [True, True, True, False, False]
    assert list(sampler.over()) == []
    time.now += 1
    assert list(sampler.over()) == [Suppressed("a", 2, INFO)]
    assert list(sampler.over()) == []
    assert not sampler.is_counting


def test_next_second_begins_with_its_first_event() -> None:
    time = Time()
    sampler = LogSampler(time, per_second=1)
    sampler.admits("a", INFO)
    time.now += 0.9
    assert not sampler.admits("a", INFO)
    time.now += 7.3
    sampler.over()
    assert sampler.admits("a", INFO)
    time.now += 0.9
    assert not sampler.admits("a", INFO)


def test_kinds_are_counted_apart() -> None:
    sampler = LogSampler(Time(), per_second=1)
    assert sampler.admits("a", INFO)
    assert not sampler.admits("a", INFO)
    assert sampler.admits("b", INFO)


def test_errors_are_cut_too_and_the_count_has_the_highest_level() -> None:
    sampler = LogSampler(Time(), per_second=1)
    for level in (INFO, ERROR, INFO):
        sampler.admits("a", level)
    assert list(sampler.rest()) == [Suppressed("a", 2, ERROR)]


def test_nothing_is_told_where_nothing_was_cut() -> None:
    time = Time()
    sampler = LogSampler(time, per_second=2)
    for _ in range(10):
        assert sampler.admits("a", INFO)
        time.now += 0.6
    assert list(sampler.rest()) == []


def test_untold_count_of_an_earlier_second_is_not_lost() -> None:
    time = Time()
    sampler = LogSampler(time, per_second=1)
    for _ in range(3):
        sampler.admits("a", INFO)
    time.now += 1
    for _ in range(3):
        sampler.admits("a", INFO)
    assert list(sampler.rest()) == [Suppressed("a", 4, INFO)]
