"""How often an event that repeats itself is told."""


def is_told(count: int) -> bool:
    """Whether the `count`-th event of a kind gets a line: each power of two does, so that a storm costs a few."""
    return count & (count - 1) == 0
