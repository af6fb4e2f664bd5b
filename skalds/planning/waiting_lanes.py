"""`WaitingLanes`: the lanes in which tasks wait, in order of dispatch; kept from pass to pass and changed by copy.

    tenant ──► its line: its lanes by their first tasks, lowest rank first
    shape  ──► one of the keys that have it

A pass opens lines from the front, so lanes that it does not come to cost it nothing.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from skalds.model.lane import LaneKey
from skalds.model.snapshot import LaneView

Standing = tuple[int, str, int, LaneView]
"""Where a lane stands: rank and id of a task of it, and its number, so that no comparison gets as far as the lane."""


_LOOK_UP = 16
"""Putting one lane into its place costs as much as going past so many (measured)."""


class Shape(NamedTuple):
    """One of the keys that have a shape, and how many lanes have it."""

    key: LaneKey
    lanes: int


def standing(lane: LaneView, place: int = 0) -> Standing:
    """Where `lane` stands with its task at `place`."""
    head = lane.heads[place]
    return head[0], head[1], lane.id, lane


class WaitingLanes(Collection[LaneView]):
    """A value; `changed` makes another one, which costs by the lanes that change, and next to nothing by the rest."""

    def __init__(
        self,
        views: Mapping[int, LaneView] | None = None,
        lines: Mapping[str, Sequence[Standing]] | None = None,
        shapes: Mapping[str, Shape] | None = None,
    ) -> None:
        self.views = views or {}
        """By number."""
        self.shapes = shapes or {}
        self._lines = lines or {}

    @classmethod
    def of(cls, lanes: Iterable[LaneView]) -> "WaitingLanes":
        """These lanes, or the very same if they are in order already."""
        return lanes if isinstance(lanes, WaitingLanes) else cls().changed(lanes)

    def __len__(self) -> int:
        return len(self.views)

    def __iter__(self) -> Iterator[LaneView]:
        return iter(self.views.values())

    def __contains__(self, lane: object) -> bool:
        return isinstance(lane, LaneView) and self.views.get(lane.id) == lane

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WaitingLanes) and self.views == other.views

    __hash__ = None  # type: ignore[assignment]

    @property
    def tenants(self) -> Collection[str]:
        """The tenants that have a lane here."""
        return self._lines.keys()

    def line(self, tenant: str) -> Sequence[Standing]:
        """The lanes of a tenant by their first tasks."""
        return self._lines.get(tenant, ())

    def changed(self, lanes: Iterable[LaneView]) -> Self:
        """The same with these lanes, each named once, as they are now; one that has no heads is gone."""
        views, lines, shapes = dict(self.views), dict(self._lines), dict(self.shapes)
        leaving: defaultdict[str, list[LaneView]] = defaultdict(list)
        coming: defaultdict[str, list[Standing]] = defaultdict(list)
        for lane in lanes:
            tenant, before = lane.key[0], views.get(lane.id)
            if before is not None:
                leaving[tenant].append(before)
            if lane.heads:
                coming[tenant].append(standing(lane))
                views[lane.id] = lane
                if before is None:
                    _count(shapes, lane, 1)
            elif before is not None:
                del views[lane.id]
                _count(shapes, lane, -1)
        for tenant in leaving.keys() | coming.keys():
            line = _moved(lines.pop(tenant, ()), leaving[tenant], coming[tenant])
            if line:
                lines[tenant] = line
        return type(self)(views, lines, shapes)


def _moved(line: Sequence[Standing], leaving: Sequence[LaneView], coming: Sequence[Standing]) -> Sequence[Standing]:
    """The line without and with these; a few in a long line are looked up, or else it is put in order as a whole."""
    if (len(leaving) + len(coming)) * _LOOK_UP < len(line):
        moved = list(line)
        for lane in leaving:
            del moved[bisect_left(moved, standing(lane))]
        for one in coming:
            insort(moved, one)
        return moved
    gone = {lane.id for lane in leaving}
    return sorted([*(one for one in line if one[2] not in gone), *coming])


def _count(shapes: dict[str, Shape], lane: LaneView, by: int) -> None:
    """Counts a lane that has come (1) or gone (-1)."""
    key, lanes = shapes.get(lane.shape, (lane.key, 0))
    if lanes + by:
        shapes[lane.shape] = Shape(key, lanes + by)
    else:
        del shapes[lane.shape]
