"""Reads what somebody wants to know before it happens: a strategy to try, nodes to add, change or leave out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.resources import Resources, resources_of
from skalds.system_controller.operations.change_node import label_problems
from skalds.system_controller.operations.field_limits import LONGEST_NAME, problems_of, shown, stored_amounts

PREVIEW_FIELDS = ("strategy", "nodes", "labels", "without", "limit")
NODE_FIELDS = ("id", "count", "like", "classes", "slots", "labels", "resources")

MOST_NODES = 1_000
MOST_ASSIGNMENTS = 2_000
_SHOWN_ASSIGNMENTS = 100
_MOST_SLOTS = 100_000


@dataclass(frozen=True, slots=True)
class WantedNodes:
    """Nodes to suppose; what is None is that of the node `like`."""

    id: str
    count: int
    like: str | None
    classes: frozenset[str] | None
    slots: int | None
    labels: Mapping[str, str] | None
    resources: Resources | None


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What to try; `strategy` None is the one in force, `limit` how many assignments to tell."""

    strategy: str | None = None
    nodes: tuple[WantedNodes, ...] = ()
    labels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    limit: int = _SHOWN_ASSIGNMENTS


def read_preview(fields: Mapping[str, Any]) -> PreviewRequest:
    """The request that these fields (no others than `PREVIEW_FIELDS`) make; `ValidationFailed` names the wrong ones."""
    problems = [problem for name, check in _CHECKS.items() if fields.get(name) is not None
                for problem in check(fields[name])]  # fmt: skip
    if problems:
        raise ValidationFailed(problems)
    strategy, limit = fields.get("strategy"), fields.get("limit")
    return PreviewRequest(
        strategy=strategy and strategy.upper(),
        nodes=tuple(_wanted(node) for node in fields.get("nodes") or ()),
        labels=fields.get("labels") or {},
        without=tuple(fields.get("without") or ()),
        limit=_SHOWN_ASSIGNMENTS if limit is None else limit,
    )


def _wanted(node: Mapping[str, Any]) -> WantedNodes:
    classes, resources = node.get("classes"), node.get("resources")
    return WantedNodes(
        id=node.get("id") or "new",
        count=node.get("count") or 1,
        like=node.get("like"),
        classes=None if classes is None else frozenset(classes),
        slots=node.get("slots"),
        labels=node.get("labels"),
        resources=None if resources is None else resources_of(stored_amounts(resources)),
    )


def _check_strategy(value: object) -> Iterator[FieldProblem]:
    if not isinstance(value, str):
        yield FieldProblem("strategy", "must be the name of a strategy, or null")


def _check_limit(value: object) -> Iterator[FieldProblem]:
    if not _is_whole(value, 0, MOST_ASSIGNMENTS):
        yield FieldProblem("limit", f"must be a whole number from 0 to {MOST_ASSIGNMENTS}")


def _check_without(value: object) -> Iterator[FieldProblem]:
    if not _are_texts(value):
        yield FieldProblem("without", "must be a list of node ids")


def _check_labels(value: object) -> Iterator[FieldProblem]:
    if not isinstance(value, dict):
        yield FieldProblem("labels", "must be an object: node id → labels")
        return
    for node_id, labels in value.items():
        yield from label_problems(labels, f"labels.{shown(node_id)}", removable=True)


def _check_nodes(value: object) -> Iterator[FieldProblem]:
    if not isinstance(value, list):
        yield FieldProblem("nodes", "must be a list of objects")
        return
    problems = [problem for place, node in enumerate(value) for problem in _check_node(node, f"nodes.{place}")]
    yield from problems
    if not problems and (count := sum(node.get("count") or 1 for node in value)) > MOST_NODES:
        yield FieldProblem("nodes", f"must be at most {MOST_NODES} nodes, these are {count}")


def _check_node(node: object, path: str) -> Iterator[FieldProblem]:
    if not isinstance(node, dict):
        yield FieldProblem(path, "must be an object")
        return
    for name in node.keys() - NODE_FIELDS:
        yield FieldProblem(
            f"{path}.{shown(name)}", f"there is no field of this name; known are {', '.join(NODE_FIELDS)}"
        )
    for name in ("id", "like"):
        if node.get(name) is not None and not _is_name(node[name]):
            yield FieldProblem(f"{path}.{name}", f"must be 1 to {LONGEST_NAME} characters")
    if node.get("count") is not None and not _is_whole(node["count"], 1, MOST_NODES):
        yield FieldProblem(f"{path}.count", f"must be a whole number from 1 to {MOST_NODES}")
    if node.get("slots") is not None and not _is_whole(node["slots"], 0, _MOST_SLOTS):
        yield FieldProblem(f"{path}.slots", f"must be a whole number from 0 to {_MOST_SLOTS}; 0 is without limit")
    if node.get("classes") is None:
        if node.get("like") is None:
            yield FieldProblem(f"{path}.classes", "is required, unless like names a node")
    elif not _are_texts(node["classes"]):
        yield FieldProblem(f"{path}.classes", "must be a list of class names")
    if node.get("labels") is not None:
        yield from label_problems(node["labels"], f"{path}.labels")
    yield from _check_resources(node.get("resources"), path)


def _check_resources(amounts: object, path: str) -> Iterator[FieldProblem]:
    if amounts is not None and not isinstance(amounts, dict):
        yield FieldProblem(f"{path}.resources", "must be an object of cpu, memory and gpu")
    elif amounts:
        for problem in problems_of({"resources": amounts}):
            yield FieldProblem(f"{path}.{problem.field}", problem.message)


def _is_whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_name(item) for item in value)


_CHECKS = {
    "strategy": _check_strategy,
    "nodes": _check_nodes,
    "labels": _check_labels,
    "without": _check_without,
    "limit": _check_limit,
}
