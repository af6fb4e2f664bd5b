"""What a node says of itself when it registers."""

import os

import psutil

from skalds.config.skald_config import SkaldConfig
from skalds.model.node import Node
from skalds.model.reserved import Reserved
from skalds.node.bootstrap import NodeProgram, _describe_node


def described(**settings: object) -> Node:
    return _describe_node(SkaldConfig(**settings), NodeProgram({"Demo": None}, frozenset(), lambda request, line: None))


def test_resources_that_are_not_named_are_what_the_machine_has_and_gpus_are_never_guessed() -> None:
    resources = described().resources

    assert resources.keys() == {"cpu", "memory"}
    assert 0 < resources["cpu"] <= (os.cpu_count() or 1)
    assert 0 < resources["memory"] <= psutil.virtual_memory().total


def test_resources_that_are_named_are_said_as_on_the_wire() -> None:
    node = described(skald_resources="cpu=0.5,gpu=0;GPU-8f")

    assert (node.resources["cpu"], node.resources["gpu"]) == (0.5, ["0", "GPU-8f"])
    assert node.resources["memory"] > 0


def test_reserved_slots_are_said_with_their_priority() -> None:
    assert described(skald_reserved_slots="2:8").reserved == Reserved(2, 8)
    assert described().reserved == Reserved()
