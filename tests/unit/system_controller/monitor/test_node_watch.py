"""Nodes become suspect and lost by observed silence alone, and lost at once when they certainly ended."""

from collections.abc import Awaitable, Callable

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.errors import StoreUnavailable
from skalds.model.node import Liveness, Presence, Registration
from skalds.system_controller.fleet import KnownNode
from skalds.testing import a_node
from tests.unit.system_controller.world import Replica, World

SUSPECT, LOST = 3, 10

pytestmark = pytest.mark.usefixtures("events")


async def watch_for(world: World, replica: Replica, seconds: float) -> None:
    """Looks once a second, as the controller does."""
    for _ in range(round(seconds)):
        await world.clock.advance(1)
        await replica.watch.run_once()


def known(replica: Replica, name: str = "n1") -> KnownNode:
    node = replica.cluster.fleet.get(name)
    assert node is not None
    return node


async def test_registered_node_is_online_from_the_first_look(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.watch.run_once()

    assert known(replica).is_online
    assert known(replica).registration.session == session


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        (SUSPECT - 1, Liveness.ONLINE),
        (SUSPECT, Liveness.SUSPECT),
        (LOST - 1, Liveness.SUSPECT),
        (LOST, Liveness.LOST),
    ],
)
async def test_verdict_follows_the_observed_silence(
    world: World, replica: Replica, silence: int, expected: Liveness
) -> None:
    await world.join("n1")
    await replica.watch.run_once()
    await watch_for(world, replica, silence)

    assert known(replica).liveness is expected


async def test_node_that_never_beats_is_given_up_as_well(world: World, replica: Replica) -> None:
    await world.engine.directory.register(a_node(id="n1"), 0)
    await replica.watch.run_once()
    await watch_for(world, replica, LOST)

    assert known(replica).liveness is Liveness.LOST


async def test_dead_node_does_not_seem_alive_while_another_controller_closes_its_session(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = MemoryEngine(world.store, world.clock)
    session = await machine.directory.register(a_node(id="n1"), 0)
    await machine.close()
    await replica.watch.run_once()
    assert known(replica).liveness is Liveness.LOST

    directory = replica.around.engine.directory
    readings = {name: getattr(directory, name) for name in ("registrations", "presences")}

    def closed_after(name: str) -> Callable[[], Awaitable[object]]:
        async def read() -> object:
            seen = await readings[name]()
            await directory.leave("n1", session)
            return seen

        return read

    for name in readings:
        monkeypatch.setattr(directory, name, closed_after(name))
    await replica.watch.run_once()

    node = replica.cluster.fleet.get("n1")
    assert node is None or not node.is_online


async def test_each_beat_starts_the_silence_anew(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.watch.run_once()
    for _ in range(10):
        await watch_for(world, replica, SUSPECT - 1)
        await world.beat("n1", session)

    await watch_for(world, replica, 1)
    assert known(replica).is_online


async def test_beat_heard_before_is_no_sign_of_life(world: World, replica: Replica) -> None:
    await world.join("n1")
    await watch_for(world, replica, 1 + SUSPECT)

    assert known(replica).liveness is Liveness.SUSPECT


async def test_suspect_node_is_online_again_with_its_next_beat(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.watch.run_once()
    await watch_for(world, replica, SUSPECT)
    await world.beat("n1", session)
    await replica.watch.run_once()

    assert known(replica).is_online


@pytest.mark.parametrize("gap", [SUSPECT, 8, 3600])
async def test_gap_in_which_nobody_looked_counts_for_nothing(world: World, replica: Replica, gap: int) -> None:
    await world.join("n1")
    await replica.watch.run_once()
    await watch_for(world, replica, LOST - 1)
    await world.clock.advance(gap)
    await replica.watch.run_once()
    assert known(replica).is_online

    await watch_for(world, replica, LOST - 1)
    assert known(replica).liveness is not Liveness.LOST


async def test_looks_that_failed_are_a_gap(world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails() -> list[Registration]:
        raise StoreUnavailable

    await world.join("n1")
    await replica.watch.run_once()
    with monkeypatch.context() as broken:
        broken.setattr(world.engine.directory, "registrations", fails)
        for _ in range(LOST):
            await world.clock.advance(1)
            with pytest.raises(StoreUnavailable):
                await replica.watch.run_once()
    await replica.watch.run_once()

    assert known(replica).is_online


async def test_nobody_is_lost_while_the_beats_cannot_be_read(
    world: World, replica: Replica, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> list[Presence]:
        raise StoreUnavailable

    await world.join("n1")
    await replica.watch.run_once()
    with monkeypatch.context() as broken:
        broken.setattr(world.engine.directory, "presences", fails)
        await world.join("n2")
        await watch_for(world, replica, 3 * LOST)
        assert (known(replica).is_online, known(replica, "n2").is_online) == (True, True)
    await watch_for(world, replica, LOST)
    assert known(replica).liveness is Liveness.SUSPECT
    await watch_for(world, replica, 1)
    assert known(replica).liveness is Liveness.LOST
    assert [event for event in events if event.startswith("presence.")] == ["presence.unreadable", "presence.readable"]


@pytest.mark.parametrize("jump", [3_600_000, -3_600_000])
async def test_jump_of_the_wall_clock_changes_no_verdict(world: World, replica: Replica, jump: int) -> None:
    await world.join("n1")
    await replica.watch.run_once()
    world.clock.jump_wall(jump)
    await replica.watch.run_once()

    assert known(replica).is_online


async def test_process_that_is_known_to_be_gone_is_lost_at_once(world: World, replica: Replica) -> None:
    engine = await MemoryEngine.open(world.store, world.clock)
    await engine.directory.register(a_node(id="n1"), 0)
    await replica.watch.run_once()
    assert known(replica).is_online

    await engine.close()
    await replica.watch.run_once()

    assert (known(replica).liveness, known(replica).exited) == (Liveness.LOST, True)


async def test_newer_session_begins_with_a_clean_slate(world: World, replica: Replica) -> None:
    await world.join("n1")
    await replica.watch.run_once()
    await watch_for(world, replica, LOST)
    session = await world.join("n1")
    await replica.watch.run_once()

    assert known(replica).is_online
    assert known(replica).registration.session == session


async def test_beats_of_an_older_session_say_nothing_of_the_newer_one(world: World, replica: Replica) -> None:
    older = await world.join("n1")
    await world.engine.directory.register(a_node(id="n1"), 0)
    await replica.watch.run_once()
    for _ in range(LOST):
        await world.beat("n1", older)
        await watch_for(world, replica, 1)

    assert known(replica).liveness is Liveness.LOST


async def test_node_that_left_without_runs_is_no_longer_known(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.watch.run_once()
    await world.engine.directory.leave("n1", session)
    await replica.watch.run_once()

    assert replica.cluster.fleet.all() == []


async def test_drain_is_learnt_from_the_beat(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await world.beat("n1", session, draining=True)
    await replica.watch.run_once()

    assert known(replica).draining


@pytest.mark.parametrize("happening", ["joins", "leaves", "falls silent", "comes back", "drains"])
async def test_look_says_when_something_changed_for_the_dispatcher(
    world: World, replica: Replica, happening: str
) -> None:
    await replica.watch.run_once()
    session = await world.join("n1")
    if happening != "joins":
        await replica.watch.run_once()
        if happening == "leaves":
            await world.engine.directory.leave("n1", session)
        elif happening == "drains":
            await world.beat("n1", session, draining=True)
        else:
            await watch_for(world, replica, SUSPECT - 1)
            if happening == "falls silent":
                await world.clock.advance(1)
            else:
                await watch_for(world, replica, 1)
                await world.beat("n1", session)

    assert await replica.watch.run_once()


async def test_look_says_when_nothing_changed(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.watch.run_once()
    for _ in range(5):
        await world.beat("n1", session)
        await world.clock.advance(1)
        assert not await replica.watch.run_once()


async def test_suspect_and_lost_are_logged_once_each(world: World, replica: Replica, events: list[str]) -> None:
    await world.join("n1")
    await replica.watch.run_once()
    await watch_for(world, replica, LOST + 3)

    assert events == ["node.joined", "node.suspect", "node.lost"]
