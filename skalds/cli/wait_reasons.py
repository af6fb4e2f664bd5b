"""Why a task waits, in words, and the command that helps: one row per wait reason of the API."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from skalds.cli.time_text import duration_text, moment_text


class Advice(NamedTuple):
    """One sentence, and one command to type next. `{id}`, `{class}`, `{node}` and `{when}` are filled in."""

    sentence: str
    command: str


_EXPLAIN = "skalds task explain {id}"

WAIT_REASONS: Mapping[str, Advice] = {
    "no_node_online": Advice("No node is online that takes work.", _EXPLAIN),
    "class_not_supported": Advice("Nodes are online, but none of them has the class {class}.", _EXPLAIN),
    "pinned": Advice("Only the node {node} may run it, and that is not there or cannot take it.", _EXPLAIN),
    "label_mismatch": Advice("No node with its class has all the labels that it requires.", _EXPLAIN),
    "resources": Advice(
        "No node that may run it has as much CPU, memory or GPU as it asks for, or none free.", _EXPLAIN
    ),
    "node_breaker": Advice(
        "The class {class} failed at once several times on every node that may run it, and rests there for a while.",
        _EXPLAIN,
    ),
    "no_free_slot": Advice(
        "No node that may run it has a free slot for its priority; it starts when there is room.", _EXPLAIN
    ),
    "tenant_share": Advice("It is the turn of other tenants; {tenant} has at least its share running.", _EXPLAIN),
    "tenant_limit": Advice("Its tenant {tenant} has as many tasks running as it may have.", _EXPLAIN),
    "key_limit": Advice("As many tasks with its concurrency key run as may run at once.", _EXPLAIN),
    "not_before": Advice("It may not start before {when}.", "skalds task watch {id}"),
    "dependency": Advice("A task it depends on has not finished yet.", _EXPLAIN),
    "still_stopping": Advice("The processes of its last run have not ended yet.", "skalds task watch {id}"),
    "paused": Advice("It was paused.", "skalds task resume {id}"),
    "dispatch_paused": Advice("All dispatching is paused.", "skalds dispatcher resume"),
    "invalid": Advice("The dispatcher could not plan it and has set it aside; its log says why.", _EXPLAIN),
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
        "tenant": task["tenant"],
        "reason": reason,
    }
    # An id may hold what a shell would obey, and the command is there to be copied.
    return Advice(
        advice.sentence.format_map(known), advice.command.format_map({**known, "id": shlex.quote(known["id"])})
    )
