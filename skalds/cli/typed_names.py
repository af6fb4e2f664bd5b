"""Says what is wrong with what was typed by the name it has there, not by that of a field of the API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from skalds.errors import ValidationFailed


@contextmanager
def naming(names: Mapping[str, str]) -> Iterator[None]:
    """Wrong fields are told by the names in `names`: field without its places in lists → option or argument."""
    try:
        yield
    except ValidationFailed as error:
        problems = [replace(one, field=names.get(_without_places(one.field), one.field)) for one in error.problems]
        raise type(error)(problems) from error


def _without_places(field: str) -> str:
    return ".".join(part for part in field.split(".") if not part.isdigit())
