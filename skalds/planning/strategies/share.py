"""The share of a node's slots in use as an integer, so that keys compare exactly."""

from skalds.planning.strategies.strategy import NodeLoad

SHARE_BITS = 35
"""Bits of a share; the whole is `1 << 34`."""

_SHIFT = SHARE_BITS - 1
# Two different shares of nodes with at most 2¹⁷ slots, more than a node may offer, differ by at least 2⁻³⁴: rounding
# down keeps their order and makes none of them equal.


def share_of(node: NodeLoad) -> int:
    """The part of its slots in use × 2³⁴, in the order of the exact fractions; 0 where slots are unlimited."""
    if not node.slots:
        return 0
    used = node.used_slots
    return (used << _SHIFT) // node.slots if used < node.slots else 1 << _SHIFT
