"""A task's attachments as the data model of its worker class."""

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from skalds.errors import FieldProblem, ValidationFailed

Model = TypeVar("Model", bound=BaseModel)


def parse_attachments(model: type[Model], attachments: Any) -> Model | None:
    """The attachments, checked; aliases and field names both count, and nothing stays nothing."""
    if attachments is None:
        return None
    if isinstance(attachments, model):
        return attachments
    if isinstance(attachments, BaseModel):
        attachments = attachments.model_dump(mode="json")
    try:
        # As JSON, because that is what they are: a strict model then still takes a date or a tuple.
        return model.model_validate_json(orjson.dumps(attachments), by_alias=True, by_name=True)
    except ValidationError as error:
        # Not the message of pydantic: it repeats the values, and they may be secret.
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise ValidationFailed(
            FieldProblem(".".join(["attachments", *map(str, problem["loc"])]), problem["msg"]) for problem in problems
        ) from None
    except TypeError as error:
        raise ValidationFailed.of("attachments", str(error)) from None
