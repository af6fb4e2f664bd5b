"""The breakers follow what the feed tells of runs."""

from skalds.model.lane import LaneKey
from skalds.model.run_change import RunChange
from skalds.system_controller.breakers import NO_TRIPS, Breakers, Trips
from skalds.system_controller.usage import Usage
from skalds.testing import FakeClock

PLACE = ("n1", 1)
TRIPPED = Trips(frozenset({"C"}), frozenset())
PROBING = Trips(frozenset(), frozenset({"C"}))


def a_change(status: str, attempt: int = 1, task: str = "t", session: int = 1) -> RunChange:
    live = status in ("Running", "Paused", "Assigning")
    return RunChange(1, task, "C", 1, status, False, attempt, "n1", session, 1, live, not live)


class Scene:
    """One node and one class."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.breakers = Breakers(self.clock)
        self.usage = Usage()
        self._attempt = 0

    @property
    def trips(self) -> Trips:
        return self.breakers.trips(self.usage).get(PLACE, NO_TRIPS)

    async def run(self, outcome: str = "Failed", seconds: float = 0.0, task: str = "t") -> None:
        self._attempt += 1
        self.breakers.follow([a_change("Running", self._attempt, task)])
        await self.clock.advance(seconds)
        self.breakers.follow([a_change(outcome, self._attempt, task)])


async def test_three_failures_at_once_keep_the_class_from_the_node() -> None:
    scene = Scene()
    await scene.run()
    await scene.run()
    assert scene.trips == NO_TRIPS

    await scene.run()

    assert scene.trips == TRIPPED


async def test_a_run_that_ends_well_wipes_the_failures_before_it_away() -> None:
    scene = Scene()
    await scene.run()
    await scene.run()
    await scene.run("Finished")
    await scene.run()
    await scene.run()

    assert scene.trips == NO_TRIPS


async def test_late_failures_say_nothing_about_the_node() -> None:
    scene = Scene()
    for _ in range(5):
        await scene.run(seconds=2)

    assert scene.trips == NO_TRIPS


async def test_runs_that_were_cancelled_or_lost_say_nothing() -> None:
    scene = Scene()
    for outcome in ("Cancelled", "Created", "Cancelled", "Created"):
        await scene.run(outcome)

    assert scene.trips == NO_TRIPS


async def test_after_ten_seconds_one_task_may_try_and_only_while_none_runs() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()
    assert scene.breakers.next_probe() == 10.0
    await scene.clock.advance(10)
    assert scene.trips == PROBING

    scene.usage.add(PLACE, LaneKey("t", "C"))

    assert scene.trips == TRIPPED


async def test_a_probe_that_fails_doubles_the_wait_and_one_that_ends_well_closes_the_breaker() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()
    await scene.clock.advance(10)
    await scene.run()
    assert scene.breakers.next_probe() == 20.0
    await scene.clock.advance(20)
    await scene.run("Finished")

    assert scene.trips == NO_TRIPS


async def test_a_probe_that_outlives_its_first_second_closes_the_breaker() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()
    await scene.clock.advance(10)
    scene.breakers.follow([a_change("Running", 9)])
    await scene.clock.advance(1.5)

    assert scene.trips == NO_TRIPS


async def test_while_a_class_is_being_tried_it_is_looked_at_again_every_second() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()
    await scene.clock.advance(10)
    assert scene.breakers.next_probe() == 1.0

    await scene.run("Finished")

    assert scene.breakers.next_probe() is None


async def test_a_node_that_started_again_has_a_clean_sheet() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()

    assert scene.breakers.trips(scene.usage).get(("n1", 2), NO_TRIPS) == NO_TRIPS
    scene.breakers.forget_all_but({("n1", 2)})
    assert scene.trips == NO_TRIPS


async def test_pausing_a_run_does_not_make_its_start_forgotten() -> None:
    scene = Scene()
    for attempt in range(1, 4):
        scene.breakers.follow([a_change("Running", attempt)])
        await scene.clock.advance(2)
        scene.breakers.follow([a_change("Paused", attempt), a_change("Running", attempt), a_change("Failed", attempt)])

    assert scene.trips == NO_TRIPS


async def test_start_and_failure_that_are_read_together_count_only_if_the_feed_is_read_promptly() -> None:
    scene = Scene()
    for attempt in range(1, 9):
        scene.breakers.follow([a_change("Running", attempt), a_change("Failed", attempt)])
        await scene.clock.advance(1)
    assert scene.trips == NO_TRIPS

    for attempt in range(9, 12):
        scene.breakers.follow([a_change("Assigning", attempt)])
        scene.breakers.follow([a_change("Running", attempt), a_change("Failed", attempt)])

    assert scene.trips == TRIPPED


async def test_the_run_that_has_lasted_longest_is_the_one_that_proves_the_class() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.run()
    await scene.clock.advance(10)
    scene.breakers.follow([a_change("Running", 9, "old")])
    await scene.clock.advance(0.8)
    scene.breakers.follow([a_change("Running", 9, "new"), a_change("Running", 10, "old")])
    await scene.clock.advance(0.8)
    assert scene.trips == PROBING
    await scene.clock.advance(0.3)

    assert scene.trips == NO_TRIPS
