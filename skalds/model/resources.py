"""Resources: what a task takes of a node beside slots, and what a node offers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

RESOURCE_NAMES = ("cpu", "memory", "gpu")


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
