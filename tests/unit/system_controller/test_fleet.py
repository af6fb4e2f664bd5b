"""What this controller knows of the nodes."""

import pytest

from skalds.model.node import Liveness, Registration
from skalds.system_controller.fleet import Fleet, KnownNode
from skalds.testing import a_node


def known(name: str = "n1", liveness: Liveness = Liveness.ONLINE, *, closed: bool = False) -> KnownNode:
    return KnownNode(Registration(a_node(id=name, slots=4), 7, 0, closed), liveness)


@pytest.mark.parametrize(
    ("node", "online"),
    [
        (known(), True),
        (known(liveness=Liveness.SUSPECT), False),
        (known(liveness=Liveness.LOST), False),
        (known(closed=True), False),
    ],
)
def test_node_is_online_only_while_heard_of_and_open(node: KnownNode, online: bool) -> None:
    assert node.is_online is online


def test_observation_replaces_the_whole_picture() -> None:
    fleet = Fleet()
    fleet.replace({"n1": known("n1")})
    fleet.replace({"n2": known("n2")})

    assert (fleet.get("n1"), [node.registration.node.id for node in fleet.all()]) == (None, ["n2"])
    assert fleet.observations == 2
