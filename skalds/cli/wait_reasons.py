"""Why a task waits, in words, and the command that helps: one row per wait reason of the API."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from skalds.cli.time_text import duration_text, moment_text


class Advice(NamedTuple):
    """One sentence, and one command to type next. `{id}`, `{class}`, `{node}` and `{when}` are filled in."""

    sentence: str
    command: str


WAIT_REASONS: Mapping[str, Advice] = {
    "no_node_online": Advice("No node is online that takes work.", "skalds node list"),
    "class_not_supported": Advice("Nodes are online, but none of them has the class {class}.", "skalds node list"),
    "no_free_slot": Advice(
        "Every node that may run it is full; it starts when a slot becomes free.",
        "skalds task list --status Running",
    ),
    "pinned": Advice(
        "Only the node {node} may run it, and that is not online or does not have the class {class}.",
        "skalds node list",
    ),
    "not_before": Advice("It may not start before {when}.", "skalds task watch {id}"),
    "still_stopping": Advice("The processes of its last run have not ended yet.", "skalds task watch {id}"),
    "paused": Advice("It was paused.", "skalds task resume {id}"),
}

_UNKNOWN = Advice("It waits for a reason that this version does not know: {reason}.", "skalds dispatcher status")


def advice_for(task: Mapping[str, Any], now: int) -> Advice | None:
    """The advice for a task of the API that waits; None for one that does not."""
    reason = task.get("waiting")
    if not reason:
        return None
    advice = WAIT_REASONS.get(reason, _UNKNOWN)
    due = task["eligibleAt"]
    known = {
        "id": task["id"],
        "class": task["className"],
        "node": task.get("pinnedTo") or task.get("executor") or "?",
        "when": f"{moment_text(due)} (in {duration_text(due - now)})",
        "reason": reason,
    }
    # An id may hold what a shell would obey, and the command is there to be copied.
    return Advice(
        advice.sentence.format_map(known), advice.command.format_map({**known, "id": shlex.quote(known["id"])})
    )
