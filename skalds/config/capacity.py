"""The settings that say what a node offers: labels, resources and reserved slots, with their text forms."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from skalds.config.kinds import Kind, read_number, read_text, read_whole_number, require

_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?")
_MEMORY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?)\s*([KMGT]i?B|B)?")
_BYTES = {
    unit: base**power
    for base, suffix in ((1000, "B"), (1024, "iB"))
    for power, unit in enumerate((f"{prefix}{suffix}" for prefix in "KMGT"), start=1)
}


class ReservedSlots(NamedTuple):
    """Slots of a node kept for tasks of this priority or above."""

    slots: int
    priority: int

    def __str__(self) -> str:
        return f"{self.slots}:{self.priority}"


def _read_labels(value: object) -> Mapping[str, str]:
    labels = _read_pairs(value)
    return MappingProxyType({_read_word(name): _read_word(text) for name, text in labels.items()})


def _read_resources(value: object) -> Mapping[str, object]:
    amounts = _read_pairs(value)
    return MappingProxyType({name: require(_RESOURCES.get(name))(amount) for name, amount in amounts.items()})


def _read_reserved_slots(value: object) -> ReservedSlots:
    parts = tuple(read_text(value).split(":")) if isinstance(value, str) else value
    if not isinstance(parts, tuple) or len(parts) != 2:
        raise ValueError
    return ReservedSlots(read_whole_number(parts[0], 0, 100_000), read_whole_number(parts[1], 0, 10))


def _read_pairs(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return dict(value)
    items = [item.partition("=") for item in read_text(value).split(",")] if value else []
    pairs: dict[str, object] = {name.strip(): text.strip() for name, equals, text in items if equals}
    # Fewer pairs than items: one had no "=", or a name came twice.
    return require(pairs if len(pairs) == len(items) else None)


def _read_word(value: object) -> str:
    return require(_WORD.fullmatch(read_text(value)))[0]


def _read_cpus(value: object) -> float:
    cpus = read_number(value)
    return require(cpus if cpus > 0 else None)


def _read_bytes(value: object) -> int:
    if isinstance(value, str):
        number, unit = require(_MEMORY.fullmatch(value)).groups()
        value = int(Decimal(number) * _BYTES.get(unit, 1))
    return read_whole_number(value, 1)


def _read_devices(value: object) -> tuple[str, ...]:
    names = value.split(";") if isinstance(value, str) else value
    devices = tuple(_read_word(str(name)) for name in names) if isinstance(names, list | tuple) else ()
    return require(devices if devices and len(set(devices)) == len(devices) else None)


def _write_labels(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={text}" for name, text in labels.items())


def _write_resources(resources: Mapping[str, object]) -> str:
    return ",".join(
        f"{name}={';'.join(amount) if isinstance(amount, tuple) else amount}" for name, amount in resources.items()
    )


_RESOURCES: Mapping[str, Callable[[object], object]] = {
    "cpu": _read_cpus,
    "memory": _read_bytes,
    "gpu": _read_devices,
}

LABELS: Kind[Mapping[str, str]] = Kind("labels like zone=north,disk=ssd", _read_labels, _write_labels)
# Amounts: cpu a float, memory an int of bytes, gpu a tuple of device names.
RESOURCES: Kind[Mapping[str, object]] = Kind(
    "resources like cpu=4,memory=8GiB,gpu=0;1", _read_resources, _write_resources
)
RESERVED_SLOTS: Kind[ReservedSlots] = Kind("slots:priority like 2:8", _read_reserved_slots)
