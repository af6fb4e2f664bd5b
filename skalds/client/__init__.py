"""The Python client of the public API, used by users, CLI and examples."""

from skalds.client.client import SkaldsClient
from skalds.client.listing import TaskListing
from skalds.model.task import RunRecord, Task

__all__ = ["SkaldsClient", "TaskListing", "Task", "RunRecord"]
