"""Transactions whose process died or froze: the server would keep what they wrote locked for a minute."""

from datetime import timedelta
from typing import Any

from bson import Binary
from pymongo import AsyncMongoClient
from pymongo.read_concern import ReadConcern

_ABANDONED_AFTER = timedelta(milliseconds=1_500)
"""So long nobody of ours pauses within a transaction. Shorter than the time after which a silent leader is replaced."""


async def end_abandoned(client: AsyncMongoClient[dict[str, Any]], app_name: str) -> int:
    """Ends what this user left open in transactions under this name, on every machine; returns how many there were.

    Whoever merely was slow is told that its transaction is gone, and repeats it.
    """
    found = {
        "type": "idleSession",
        "appName": app_name,
        "transaction.timeInactiveMicros": {"$gte": _ABANDONED_AFTER // timedelta(microseconds=1)},
    }
    steps: list[dict[str, Any]] = [{"$currentOp": {"idleSessions": True, "idleConnections": False}}, {"$match": found}]
    admin = client.get_database("admin", read_concern=ReadConcern("local"))
    sessions = [{"id": Binary.from_uuid(row["lsid"]["id"])} async for row in await admin.aggregate(steps)]
    if sessions:
        await admin.command("killSessions", sessions)
    return len(sessions)
