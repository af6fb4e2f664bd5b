"""What the hash holds of a session, as compact JSON; what cannot be read is ignored like what was lost."""

from typing import Any

import orjson

from skalds.model.node import Beat, Presence

_LIMIT = 4_096
_LARGEST_COUNT = 2**53


def to_value(beat: Beat, *, exited: bool = False) -> bytes:
    """The latest sign of life of a session; `exited` is its very last."""
    fields: dict[str, Any] = {
        "node": beat.node_id,
        "count": beat.count,
        "tasks": beat.live_tasks,
        "draining": beat.draining,
        "load": beat.machine_load,
    }
    return orjson.dumps(fields | ({"exited": True} if exited else {}))


def presence_from(field: bytes, value: bytes) -> Presence | None:
    """The session's latest sign of life, or None if this is none."""
    if not field.isdigit() or len(field) > len(str(_LARGEST_COUNT)) or len(value) > _LIMIT:
        return None
    try:
        fields = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    match fields:
        case {"node": str(node_id), "count": int(count), "tasks": int(tasks), "draining": bool(draining), "load": load}:
            is_load = load is None or (isinstance(load, int | float) and not isinstance(load, bool))
            if is_load and _is_count(count) and _is_count(tasks):
                beat = Beat(node_id, int(field), count, tasks, draining, load)
                return Presence(beat, exited=fields.get("exited") is True)
    return None


def _is_count(number: int) -> bool:
    return not isinstance(number, bool) and 0 <= number <= _LARGEST_COUNT
