"""Amounts of resources on the wire and in words."""

import pytest

from skalds.cli.amount_text import amount_text as amount_text_of_cli
from skalds.model.resources import Resources, amount_text, resources_of, wire_amounts


@pytest.mark.parametrize(
    ("name", "amount", "text"),
    [
        ("cpu", 2.0, "2"),
        ("cpu", 0.25, "0.25"),
        ("gpu", 3, "3"),
        ("memory", 0, "0"),
        ("memory", 1023, "1023"),
        ("memory", 1 << 33, "8GiB"),
        ("memory", 3 << 29, "1.5GiB"),
        ("memory", 25_277_976_576, "23.54GiB"),
        ("memory", 700 << 20, "700MiB"),
        ("memory", 5 << 40, "5TiB"),
    ],
)
def test_amounts_have_the_unit_that_people_use(name: str, amount: float, text: str) -> None:
    assert amount_text(name, amount) == text
    assert amount_text_of_cli(name, amount) == text


def test_amounts_in_use_go_to_the_wire_and_back() -> None:
    used = Resources(cpu=2500, memory=1 << 30)

    assert wire_amounts(used) == {"cpu": 2.5, "memory": 1 << 30}
    assert resources_of(wire_amounts(used)) == used
    assert wire_amounts(Resources()) == {}
