"""Amounts of resources as people read them."""

from collections.abc import Mapping
from typing import Any

_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def amount_text(name: str, amount: Any, decimals: int = 2) -> str:
    """`2.5` CPUs, `8GiB` of memory (with at most so many decimals), `3` devices; what is no number stays as it is."""
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return str(amount)
    if name != "memory":
        return f"{amount:g}"
    size, unit = next(((size, unit) for size, unit in _UNITS if amount >= size), (1, ""))
    number = f"{amount / size:.{decimals}f}"
    return (number.rstrip("0").rstrip(".") if decimals else number) + unit


def amounts_text(amounts: Mapping[str, Any]) -> str:
    """`cpu=2.5, memory=8GiB`."""
    return ", ".join(f"{name}={amount_text(name, amount)}" for name, amount in amounts.items())
