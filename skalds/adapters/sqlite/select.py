"""Running a query and taking what it found."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

Values = Sequence[Any] | Mapping[str, Any]


def rows(connection: apsw.Connection, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
    """All rows."""
    return connection.execute(sql, values).fetchall()


def one(connection: apsw.Connection, sql: str, values: Values = ()) -> Any:
    """The first column of the first row, or None if there is none."""
    row = connection.execute(sql, values).fetchone()
    return None if row is None else row[0]


def column(connection: apsw.Connection, sql: str, values: Values = ()) -> list[Any]:
    """The first column of all rows."""
    return [row[0] for row in connection.execute(sql, values)]
