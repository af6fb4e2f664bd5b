"""What travels on the bus: hints that something in the store is worth reading."""

from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field

from skalds.model.moment import now_ms
from skalds.model.task import FrozenModel


class Topic(StrEnum):
    """The bus topics that nodes listen to; the text is the Kafka topic of Skalds 0.3.8."""

    ASSIGN = "task.assign"
    CANCEL = "task.cancel"
    UPDATE_ATTACHMENT = "task.update.attachment"


class TaskEvent(FrozenModel):
    """Names tasks whose rows a node should read again; both spellings of every field are accepted."""

    id: str | None = None
    title: str | None = None
    initiator: str | None = None
    recipient: str | None = None
    create_date_time: int = Field(default_factory=now_ms)
    update_date_time: int = Field(default_factory=now_ms)
    task_ids: list[str]


class UpdateTaskWorkerEvent(FrozenModel):
    """New attachments for a running worker, dumped with the Python field names of its data model."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    attachments: Any = Field(default=None, validation_alias=AliasChoices("attachments"))
