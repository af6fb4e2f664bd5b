"""What is kept within bounds, and how often."""

from skalds.system_controller.monitor.housekeeping import Housekeeping
from tests.unit.system_controller.world import World


async def test_the_feed_is_trimmed_each_round_and_the_audit_log_each_minute(world: World) -> None:
    trims: list[str] = []

    async def trim_feed(keep: int) -> None:
        trims.append("feed")

    async def trim_audit(keep: int) -> None:
        trims.append("audit")

    world.engine.ledger.trim_feed = trim_feed  # type: ignore[method-assign]
    world.engine.audit.trim = trim_audit  # type: ignore[method-assign]
    housekeeping = Housekeeping(world.engine)
    for _ in range(121):
        await housekeeping.run_once()

    assert (trims.count("feed"), trims.count("audit")) == (121, 3)
