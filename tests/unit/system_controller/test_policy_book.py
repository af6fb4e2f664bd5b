"""What operators grant is stored, read back by every controller, and audited."""

import pytest

from skalds.model.policy import NodePolicy, Policies, TenantPolicy
from skalds.model.reserved import Reserved
from skalds.system_controller.policy_book import PolicyBook
from tests.unit.system_controller.world import World

TENANT = TenantPolicy(2.5, 7, 0)
ZONE = ("zone", "a")
RESERVED = Reserved(2, 8)
NODE = NodePolicy(cordoned=True, labels={"zone": "a", "disk": ""})


@pytest.fixture
def book(world: World) -> PolicyBook:
    return PolicyBook(world.engine, world.clock)


async def audited(world: World) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.target) for entry in await world.engine.audit.page(50)]


async def test_what_is_set_is_in_force_at_once_and_for_others_after_their_next_look(
    world: World, book: PolicyBook
) -> None:
    other = PolicyBook(world.engine, world.clock)
    await book.set_tenant("t", TENANT)
    await book.set_key_limit("a/b c", 3)
    await book.set_node("n", NODE)
    await book.set_reservation(ZONE, RESERVED)

    assert await other.refresh()

    for one in (book, other):
        assert one.current.tenants == {"t": TENANT}
        assert one.current.keys == {"a/b c": 3}
        assert one.current.nodes == {"n": NODE}
        assert one.current.reservations == {ZONE: RESERVED}


async def test_nothing_new_is_said_to_be_no_change(world: World, book: PolicyBook) -> None:
    await book.set_tenant("t", TENANT)
    await world.engine.settings.write({"dispatcher.strategy": "RANDOM"})

    assert not await book.refresh()


async def test_what_is_taken_back_is_forgotten(world: World, book: PolicyBook) -> None:
    await book.set_tenant("t", TENANT)
    await book.set_key_limit("k", 3)
    await book.set_node("n", NODE)
    await book.set_reservation(ZONE, RESERVED)
    await book.set_tenant("t", None)
    await book.set_key_limit("k", None)
    await book.set_node("n", NodePolicy())
    await book.set_reservation(ZONE, None)

    assert dict(await world.engine.settings.read()) == {}
    assert book.current == Policies()


async def test_a_change_is_audited_with_before_and_after(world: World, book: PolicyBook) -> None:
    await book.set_tenant("t", TENANT, "api@somewhere")
    await book.set_tenant("t", None)

    last, first = await world.engine.audit.page(2)

    assert (first.at, first.actor, first.action, first.target) == (
        world.clock.wall_ms(), "api@somewhere", "tenant.changed", "tenant:t",
    )  # fmt: skip
    assert (first.before, first.after) == (None, {"weight": 2.5, "maxRunning": 7, "maxQueued": 0})
    assert (last.actor, last.before, last.after) == ("api", first.after, None)


async def test_setting_what_is_so_already_is_no_change(world: World, book: PolicyBook) -> None:
    await book.set_node("n", NODE)
    await book.set_node("n", NodePolicy(cordoned=True, labels={"disk": "", "zone": "a"}))
    await book.set_key_limit("k", None)

    assert await audited(world) == [("api", "node.changed", "node:n")]


async def test_a_change_by_another_controller_is_seen_before_ours(world: World, book: PolicyBook) -> None:
    other = PolicyBook(world.engine, world.clock)
    await book.set_key_limit("k", 2)
    await other.set_key_limit("k", 3)
    await book.set_key_limit("k", 2)

    assert await other.refresh()
    assert other.current.keys == {"k": 2}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tenant:x", "{"),
        ("tenant:x", '{"weight": 0, "maxRunning": null, "maxQueued": null}'),
        ("tenant:x", '{"weight": true, "maxRunning": null, "maxQueued": null}'),
        ("tenant:x", '{"weight": 1, "maxRunning": -1, "maxQueued": null}'),
        ("tenant:x", '{"weight": 1}'),
        ("limit:x", "0"),
        ("limit:x", "null"),
        ("node:x", '{"cordoned": 1, "draining": false, "labels": {}}'),
        ("node:x", '{"cordoned": true, "draining": false, "labels": {"a": null}}'),
        ("node:x", "[]"),
    ],
)
async def test_what_cannot_be_read_is_logged_once_and_ignored(
    world: World, book: PolicyBook, events: list[str], name: str, text: str
) -> None:
    await world.engine.settings.write({name: text, "limit:k": "4"})

    assert await book.refresh()
    await world.engine.settings.write({"limit:k": "5"})
    assert await book.refresh()

    assert (book.current.tenants, book.current.keys, book.current.nodes) == ({}, {"k": 5}, {})
    assert events == ["policy.ignored"]


async def test_every_change_is_told_once_whoever_makes_it(world: World, book: PolicyBook) -> None:
    told: list[int] = []
    book.listeners.append(lambda: told.append(len(book.current.tenants)))
    await book.set_tenant("t", TENANT)
    await book.refresh()
    await PolicyBook(world.engine, world.clock).set_tenant("u", TENANT)
    await book.refresh()
    await book.refresh()

    assert told == [1, 2]
