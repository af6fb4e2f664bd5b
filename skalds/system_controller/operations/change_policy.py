"""Shares and limits that operators set while the system runs, with what they apply to now."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.policy import DEFAULT_KEY_LIMIT, TenantPolicy
from skalds.ports.lane_board import LaneBoard
from skalds.system_controller.operations.audit import API
from skalds.system_controller.operations.field_limits import problems_of
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.policy_text import (
    LARGEST_COUNT,
    LARGEST_LIMIT,
    LARGEST_WEIGHT,
    is_count,
    is_limit,
    is_weight,
)
from skalds.system_controller.usage import NO_USE, Usage

TENANT_FIELDS = ("weight", "maxRunning", "maxQueued")
_COUNT = f"must be a whole number from 0 to {LARGEST_COUNT}, or null for no limit"


@dataclass(frozen=True, slots=True)
class TenantState:
    """A tenant's policy (`is_set`: by somebody) and use."""

    name: str
    policy: TenantPolicy
    is_set: bool
    running: int
    used_slots: int
    queued: int


@dataclass(frozen=True, slots=True)
class KeyState:
    """A concurrency key's limit (`is_set`: by somebody) and how many of its tasks run."""

    key: str
    limit: int
    is_set: bool
    running: int


async def list_tenants(policies: PolicyBook, usage: Usage, lanes: LaneBoard) -> Sequence[TenantState]:
    """Every tenant that was set, or has something running or waiting, by name."""
    queued: Counter[str] = Counter()
    for count in await lanes.backlog():
        queued[count.key.tenant] += count.waiting
    names = {*policies.current.tenants, *usage.tenants, *queued}
    return [_tenant(policies, usage, name, queued[name]) for name in sorted(names)]


async def get_tenant(policies: PolicyBook, usage: Usage, lanes: LaneBoard, name: str) -> TenantState:
    """One tenant; of whom nothing is known has the defaults."""
    _check_name("tenant", name)
    return _tenant(policies, usage, name, await lanes.queued_by(name))


async def change_tenant(policies: PolicyBook, name: str, fields: Mapping[str, Any], actor: str = API) -> None:
    """Sets the fields given, of `TENANT_FIELDS`; null is the default. `ValidationFailed` names the wrong ones."""
    _check_name("tenant", name)
    problems = [FieldProblem(field, _SAYS[field]) for field, value in fields.items() if not _ACCEPTS[field](value)]
    if not fields:
        problems = [FieldProblem("body", f"must have at least one of {', '.join(TENANT_FIELDS)}")]
    if problems:
        raise ValidationFailed(problems)
    async with policies.changing:
        await policies.refresh()
        before = policies.current.tenants.get(name, TenantPolicy())
        weight = fields.get("weight", before.weight)
        after = TenantPolicy(
            TenantPolicy().weight if weight is None else float(weight),
            fields.get("maxRunning", before.max_running),
            fields.get("maxQueued", before.max_queued),
        )
        await policies.set_tenant(name, after, actor)


async def unset_tenant(policies: PolicyBook, name: str, actor: str = API) -> None:
    """Back to the defaults."""
    _check_name("tenant", name)
    await policies.set_tenant(name, None, actor)


def list_keys(policies: PolicyBook, usage: Usage) -> Sequence[KeyState]:
    """Every concurrency key that was set or has something running, by key."""
    return [_key(policies, usage, key) for key in sorted({*policies.current.keys, *usage.keys})]


def get_key(policies: PolicyBook, usage: Usage, key: str) -> KeyState:
    """One concurrency key; of which nothing is known has the default."""
    _check_name("concurrency_key", key)
    return _key(policies, usage, key)


async def change_key(policies: PolicyBook, key: str, limit: object, actor: str = API) -> None:
    """Sets how many tasks of a key may run at once; raises `ValidationFailed`."""
    _check_name("concurrency_key", key)
    if type(limit) is not int or not is_limit(limit):
        raise ValidationFailed.of("max", f"must be a whole number from 1 to {LARGEST_LIMIT}")
    await policies.set_key_limit(key, limit, actor)


async def unset_key(policies: PolicyBook, key: str, actor: str = API) -> None:
    """Back to the default of one task at a time."""
    _check_name("concurrency_key", key)
    await policies.set_key_limit(key, None, actor)


def _tenant(policies: PolicyBook, usage: Usage, name: str, queued: int) -> TenantState:
    policy, use = policies.current.tenants.get(name), usage.tenants.get(name, NO_USE)
    return TenantState(name, policy or TenantPolicy(), policy is not None, use.running, use.slots, queued)


def _key(policies: PolicyBook, usage: Usage, key: str) -> KeyState:
    limit = policies.current.keys.get(key)
    return KeyState(key, limit or DEFAULT_KEY_LIMIT, limit is not None, usage.keys.get(key, 0))


def _check_name(field: str, name: str) -> None:
    """A name in a path obeys the rules of the field of a task that holds it."""
    problems = [FieldProblem(f"path.{problem.field}", problem.message) for problem in problems_of({field: name})]
    if problems:
        raise ValidationFailed(problems)


_ACCEPTS: Mapping[str, Callable[[Any], bool]] = {
    "weight": lambda value: value is None or is_weight(value),
    "maxRunning": lambda value: value is None or is_count(value),
    "maxQueued": lambda value: value is None or is_count(value),
}
_SAYS: Mapping[str, str] = {
    "weight": f"must be a number above 0 and at most {LARGEST_WEIGHT}, or null for 1",
    "maxRunning": _COUNT,
    "maxQueued": _COUNT,
}
