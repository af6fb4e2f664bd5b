"""The JSON Schema of a worker class's attachments, as a node registers it."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema


def attachments_schema(model: type[BaseModel]) -> dict[str, Any]:
    """What `parse_attachments` takes for this model; `{}`, which is anything, if that cannot be written down."""
    try:
        return model.model_json_schema(schema_generator=_EverySpelling)
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        return {}


class _EverySpelling(GenerateJsonSchema):
    """Describes each field under every name it is accepted by: its own, its aliases, the starts of alias paths."""

    # A default that is no JSON is left out; that is no reason to warn every user of the program.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - the kind pydantic has

    def model_fields_schema(self, schema: Any) -> dict[str, Any]:
        return _with_every_name(super().model_fields_schema(schema), _names_of(schema["fields"]))

    def typed_dict_schema(self, schema: Any) -> dict[str, Any]:
        return _with_every_name(super().typed_dict_schema(schema), _names_of(schema["fields"]))

    def dataclass_args_schema(self, schema: Any) -> dict[str, Any]:
        fields = {field["name"]: field for field in schema["fields"]}
        return _with_every_name(super().dataclass_args_schema(schema), _names_of(fields))


def _names_of(fields: dict[str, Any]) -> Iterator[dict[str, bool]]:
    """For each field the names it is accepted by, and whether what stands there is the field's value.

    At the start of an alias path stands a container of the value; only the worker looks into it.
    """
    for name, field in fields.items():
        alias = field.get("validation_alias", name)
        paths = [[alias]] if isinstance(alias, str) else alias if isinstance(alias[0], list) else [alias]
        whole = {str(path[0]): True for path in paths if len(path) == 1}
        yield {str(path[0]): False for path in paths} | {name: True} | whole


def _with_every_name(described: dict[str, Any], fields: Iterator[dict[str, bool]]) -> dict[str, Any]:
    properties = dict(described.get("properties", {}))
    required = list(described.get("required", ()))
    choices = []
    for names in fields:
        shown = next((name for name in names if name in properties), None)
        if shown is None or len(names) == 1:
            continue
        for name, is_value in names.items():
            properties.setdefault(name, properties[shown] if is_value else True)
        if shown in required:
            required.remove(shown)
            choices.append({"anyOf": [{"required": [name]} for name in sorted(names, key=lambda name: name != shown)]})
    changed = described | {"properties": properties, "required": required}
    if choices:
        changed["allOf"] = [*described.get("allOf", ()), *choices]
    return changed
