"""Resources: what a task takes of a node beside slots, and what a node offers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

RESOURCE_NAMES = ("cpu", "memory", "gpu")

_MEMORY_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class Resources(NamedTuple):
    """Thousandths of a CPU, bytes of memory, and whole GPU devices; integers, so that sums are exact."""

    cpu: int = 0
    memory: int = 0
    gpu: int = 0

    def plus(self, other: "Resources") -> "Resources":
        return Resources(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def minus(self, other: "Resources") -> "Resources":
        return Resources(self.cpu - other.cpu, self.memory - other.memory, self.gpu - other.gpu)

    def fits_in(self, other: "Resources") -> bool:
        """Whether `other` has at least this much of everything."""
        return self.cpu <= other.cpu and self.memory <= other.memory and self.gpu <= other.gpu


NO_RESOURCES = Resources()


def resources_of(amounts: Mapping[str, Any]) -> Resources:
    """From the wire: `cpu` a number of CPUs, `memory` bytes, `gpu` a number or the names of the devices."""
    gpu = amounts.get("gpu", 0)
    return Resources(
        cpu=round(amounts.get("cpu", 0) * 1000),
        memory=int(amounts.get("memory", 0)),
        gpu=gpu if isinstance(gpu, int) else len(gpu),
    )


def wire_amounts(resources: Resources) -> dict[str, float | int]:
    """What is not 0 as on the wire: CPUs, bytes, number of devices."""
    cpu = resources.cpu / 1000
    amounts = {"cpu": int(cpu) if cpu.is_integer() else cpu, "memory": resources.memory, "gpu": resources.gpu}
    return {name: amount for name, amount in amounts.items() if amount}


def amount_text(name: str, amount: float) -> str:
    """An amount from the wire as people read it: `2.5` CPUs, `8GiB`, `3` devices."""
    return memory_text(int(amount)) if name == "memory" else f"{amount:g}"


def memory_text(amount: int) -> str:
    """Bytes in the largest unit of which there is one, with at most two decimals: 8GiB, 1.5GiB, 700MiB."""
    size, unit = next(((size, unit) for size, unit in _MEMORY_UNITS if abs(amount) >= size), (1, ""))
    return f"{amount / size:.2f}".rstrip("0").rstrip(".") + unit
