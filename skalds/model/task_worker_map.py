"""The list of a node's tasks as Skalds 0.3.8 publishes it under `skalds:<sid>:all-task`."""

from collections.abc import Collection

from pydantic import BaseModel, Field

from skalds.model.moment import now_ms


class TaskWorkerSimpleMap(BaseModel):
    """A task id with the name of its worker class."""

    id: str
    class_name: str


class TaskWorkerSimpleMapList(BaseModel):
    """The tasks of one node; `timestamp` (ms) is the moment of the latest change."""

    tasks: list[TaskWorkerSimpleMap] = Field(default_factory=list)
    existed_task_ids: list[str] = Field(default_factory=list)
    timestamp: int = Field(default_factory=now_ms)

    def push(self, task_id: str, class_name: str) -> None:
        """Adds a task, or does nothing if it is listed."""
        if task_id not in self.existed_task_ids:
            self.tasks.append(TaskWorkerSimpleMap(id=task_id, class_name=class_name))
            self._changed()

    def pop_by_task_id(self, task_id: str) -> None:
        """Removes a task, or does nothing if it is not listed."""
        self.keep_specify_tasks([id_ for id_ in self.existed_task_ids if id_ != task_id])

    def clear(self) -> None:
        """Removes every task."""
        self.keep_specify_tasks([])

    def keep_specify_tasks(self, task_ids: Collection[str]) -> None:
        """Removes every task that is not named."""
        self.tasks = [task for task in self.tasks if task.id in task_ids]
        self._changed()

    def update_timestamp(self) -> None:
        """Says that the list was looked after at this moment."""
        self.timestamp = now_ms()

    def _changed(self) -> None:
        self.existed_task_ids = [task.id for task in self.tasks]
        self.update_timestamp()
