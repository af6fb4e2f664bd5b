"""What a submitter asks for, as opposed to what the system keeps about it."""

import hashlib
import json

from skalds.model.task import Task

SUBMITTED_FIELDS = (
    "class_name",
    "source",
    "name",
    "description",
    "executor",
    "dependencies",
    "mode",
    "is_persistent",
    "deadline_date_time",
    "priority",
    "attachments",
    "max_attempts",
    "retry_delay_ms",
    "retry_backoff",
    "not_before",
    "timeout_ms",
    "tenant",
    "slots",
    "resources",
    "requires",
    "prefers",
    "concurrency_key",
    "affinity_key",
    "exclusive",
    "preemptible",
    "idempotency_key",
)
"""The fields that make two submits the same one; an id or a moment filled in by us is none of them."""


def submission_digest(task: Task) -> str:
    """The same text for tasks whose submitted fields are equal, whatever the order of keys in them."""
    fields = task.model_dump(mode="json", include=set(SUBMITTED_FIELDS))
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
