"""`AttachmentsCheck`: whether any node would take these attachments for this class."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

import jsonschema_rs
import orjson

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.node import Liveness
from skalds.runtime.log_setup import log_event
from skalds.system_controller.attachments.complaints import complaints
from skalds.system_controller.attachments.safe_schema import PATTERNS, Schema, UnusableSchema, safe_schema
from skalds.system_controller.fleet import Fleet, KnownNode

MOST_WORK = 50_000_000
"""Parts of a schema times bytes of a value; beyond it the value is left to the worker."""
MOST_WORK_FOR_ALL = 1_000_000
"""Up to here every wrong field is named, beyond it the first one: a list of all could outgrow the memory."""
MOST_COMPILED = 2000


class _Form(NamedTuple):
    """A compiled schema, and what it costs to apply it."""

    validator: Any
    parts: int


class AttachmentsCheck:
    """Checks attachments against the JSON Schemas of the nodes that could run the class.

    One node that takes them is enough, for nodes of an older and a newer program may be online together. A node that
    registered no usable schema takes everything, and so does a class that no node knows: its task waits. No attachments
    are checked as `{}`. Each schema is compiled once.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._seen = -1
        self._forms: dict[str, Sequence[_Form | None]] = {}
        self._compiled: dict[tuple[str, bytes], _Form | None] = {}

    def problems(self, class_name: str, attachments: Any) -> Sequence[FieldProblem]:
        """What is wrong, field by field; nothing if somebody takes them."""
        forms = self._forms_of(class_name)
        if not forms:
            return ()
        value = {} if attachments is None else attachments
        size = len(orjson.dumps(value))
        if any(form is None or form.parts * size > MOST_WORK or form.validator.is_valid(value) for form in forms):
            return ()
        newest = forms[0]
        assert newest is not None  # noqa: S101 - otherwise it would have taken them
        return complaints(_errors(newest, value, size))

    def require(self, class_name: str, attachments: Any) -> None:
        """Raises `ValidationFailed` naming every field that is wrong."""
        if problems := self.problems(class_name, attachments):
            raise ValidationFailed(problems)

    def _forms_of(self, class_name: str) -> Sequence[_Form | None]:
        """The distinct forms that open nodes take, that of the newest first; those found are kept until a new look."""
        if self._seen != self._fleet.observations:
            self._seen = self._fleet.observations
            self._forms.clear()
        forms = self._forms.get(class_name)
        if forms is None:
            forms = self._forms[class_name] = list(dict.fromkeys(self._find_forms(class_name)))
        return forms

    def _find_forms(self, class_name: str) -> Iterator[_Form | None]:
        nodes = [known for known in self._fleet.all() if _may_run(known, class_name)]
        for known in sorted(nodes, key=lambda known: -known.registration.registered_at):
            schema = known.registration.node.schemas.get(class_name)
            yield None if schema is None else self._compile(class_name, schema, known)

    def _compile(self, class_name: str, schema: object, known: KnownNode) -> _Form | None:
        key = class_name, hashlib.sha256(orjson.dumps(schema)).digest()
        if key not in self._compiled:
            if len(self._compiled) >= MOST_COMPILED:
                self._compiled.clear()
            self._compiled[key] = _form(class_name, schema, known.registration.node.id)
        return self._compiled[key]


def _may_run(known: KnownNode, class_name: str) -> bool:
    is_open = known.liveness is not Liveness.LOST and not known.registration.closed
    return is_open and class_name in known.registration.node.classes


def _form(class_name: str, schema: object, node_id: str) -> _Form | None:
    try:
        safe, parts = safe_schema(schema)
        return _Form(_validator(safe), parts)
    except (UnusableSchema, ValueError, TypeError) as error:
        reason = str(error) if isinstance(error, UnusableSchema) else "it is not a JSON Schema"
        log_event("WARNING", "schema.ignored", node=node_id, class_name=class_name, reason=reason)
        return None


def _validator(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema, pattern_options=PATTERNS, validate_formats=False, retriever=_refuse_to_fetch
    )


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"{uri[:80]} is not fetched")


def _errors(form: _Form, value: Any, size: int) -> Sequence[jsonschema_rs.ValidationError]:
    if form.parts * size <= MOST_WORK_FOR_ALL:
        return list(form.validator.iter_errors(value))
    try:
        form.validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []
