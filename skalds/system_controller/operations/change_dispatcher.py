"""Sets the dispatcher, and asks it for a pass."""

from collections.abc import Mapping
from typing import Any

from skalds.errors import Conflict, FieldProblem, ValidationFailed
from skalds.ports.clock import Clock
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.operations.audit import API, AuditedChange, entry_of

DISPATCHER_FIELDS = ("strategy", "interval", "paused")
_TARGET = "dispatcher"


async def change_dispatcher(dispatcher: Dispatcher, clock: Clock, changes: Mapping[str, Any], actor: str = API) -> None:
    """Sets the fields given, of `DISPATCHER_FIELDS`; null goes back to what is configured. All or nothing."""
    if not changes:
        raise ValidationFailed([FieldProblem("body", f"must have at least one of {', '.join(DISPATCHER_FIELDS)}")])
    before = dispatcher.control.policy.describe()
    after = (await dispatcher.control.foresee(changes)).describe()
    seen = [name for field in changes for name in (field, f"{field}Source")]
    audited = None
    if any(before[name] != after[name] for name in seen):
        change = AuditedChange("dispatcher.changed", _TARGET, {name: before[name] for name in seen})
        audited = entry_of(clock, actor, change, {name: after[name] for name in seen})
    await dispatcher.change(changes, audited)
    if "paused" in changes:
        await settle(dispatcher)


async def settle(dispatcher: Dispatcher | None) -> None:
    """Waits out the pass in flight: what is answered after that is obeyed by everything this controller gives away."""
    if dispatcher is not None:
        async with dispatcher.passing:
            pass


async def run_pass(dispatcher: Dispatcher) -> dict[str, Any]:
    """One pass, now, and what it did; raises `Conflict` where this controller may not."""
    report = await dispatcher.run_now()
    if report is not None:
        return report.describe()
    if dispatcher.control.policy.paused:
        raise Conflict('Dispatching is paused until: skalds dispatcher resume, or PUT /api/dispatcher {"paused": null}')
    leader = dispatcher.get_status()["leader"]
    by_whom = f"{leader!r} does" if leader else "nobody does at the moment"
    raise Conflict(f"This controller does not lead the dispatching, {by_whom}", leader=leader)
