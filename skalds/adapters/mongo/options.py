"""Where the database is and how long to wait for it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

_THREE_SECONDS = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class MongoOptions:
    """What a process must know to open the store; the address may carry a password and is therefore never shown."""

    uri: str = field(repr=False)
    database: str = "skalds"
    server_selection_timeout: timedelta = _THREE_SECONDS
    connect_timeout: timedelta = _THREE_SECONDS
    socket_timeout: timedelta = _THREE_SECONDS
    app_name: str = "skalds"

    def client_settings(self) -> dict[str, Any]:
        """Arguments of the client; they win over the address, so that nobody weakens the durability by a parameter."""
        return {
            "appname": self.app_name,
            "serverSelectionTimeoutMS": _milliseconds(self.server_selection_timeout),
            "connectTimeoutMS": _milliseconds(self.connect_timeout),
            "socketTimeoutMS": _milliseconds(self.socket_timeout),
            "w": "majority",
            "journal": True,
            "readConcernLevel": "majority",
            "readPreference": "primary",
            "retryWrites": True,
            "retryReads": True,
            # Rows of others may hold such values; without it a reading of them would raise.
            "uuidRepresentation": "standard",
        }


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
