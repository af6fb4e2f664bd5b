"""Who has registered: the half of the node directory that the store keeps."""

from collections.abc import Sequence

from pymongo import ASCENDING

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.live_nodes import live_nodes
from skalds.adapters.mongo.numbering import next_number
from skalds.adapters.mongo.snapshot import at_one_moment
from skalds.adapters.node_form import node_body, node_of
from skalds.model.lease import LeaseRow
from skalds.model.node import Node, Registration

_STATE = {"session": 1, "registeredAt": 1, "closed": 1, "leaving": 1}


class MongoRegistrations:
    """`NodeDirectory` without beats, on MongoDB: one document per node, with its latest session.

    A claim writes to the document too (`claims`), so that it cannot pass a session that closes at the same moment.
    """

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._nodes: dict[int, Node] = {}
        """Session → what its node said of itself, which never changes and may be long."""

    async def register(self, node: Node, now: int) -> int:
        """Stores the node and returns its session, greater than any issued before."""
        session = await next_number(self._store, "session")
        document = {"session": session, "registeredAt": now, "closed": False, "leaving": False, "claims": 0}
        kept = {"$gt": [{"$ifNull": ["$session", 0]}, session]}
        fields = {"$mergeObjects": ["$$ROOT", {"$literal": {**document, "body": node_body(node)}}]}
        with self._store.writing():
            # Whoever got a later number in the meantime is the newer one and stays, for this one is replaced already.
            await self._store.nodes.update_one(
                {"_id": {"$eq": node.id}}, [{"$replaceWith": {"$cond": [kept, "$$ROOT", fields]}}], upsert=True
            )
        return session

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        """Closes the session if it is the current one, and with `lease` only while that term stands."""
        if lease is None:
            with self._store.writing():
                return await self._change(node_id, session, {"closed": True})
        return await self._store.transact(
            lambda transaction: self._change(node_id, session, {"closed": True}, transaction), lease=lease
        )

    async def begin_leaving(self, node_id: str, session: int) -> None:
        """From now on no claim for this session commits."""
        with self._store.writing():
            await self._change(node_id, session, {"leaving": True})

    async def registrations(self) -> Sequence[Registration]:
        """The latest registration of every node that is open, or closed with runs still on it, by node id."""
        found = await at_one_moment(self._store, self._find)
        registrations = [_registration(document, self._nodes[document["session"]]) for document in found]
        self._nodes = {registration.session: registration.node for registration in registrations}
        return registrations

    async def registration_of(self, node_id: str) -> Registration | None:
        """The latest registration of this node, open or closed; None if it never registered."""
        with self._store.reading():
            document = await self._store.nodes.find_one({"_id": {"$eq": node_id}})
        return None if document is None else _registration(document, node_of(document["_id"], document["body"]))

    async def _change(
        self, node_id: str, session: int, fields: dict[str, bool], transaction: Session | None = None
    ) -> bool:
        current = {"_id": {"$eq": node_id}, "session": session, "closed": False}
        outcome = await self._store.nodes.update_one(current, {"$set": fields}, session=transaction)
        return outcome.matched_count > 0

    async def _find(self, snapshot: Session) -> Sequence[Document]:
        busy = await live_nodes(self._store, snapshot)
        wanted: Document = {"$or": [{"closed": False}, {"_id": {"$in": busy}}]}
        cursor = self._store.nodes.find(wanted, _STATE, sort=[("_id", ASCENDING)], session=snapshot)
        found = await cursor.to_list()
        await self._learn(found, snapshot)
        return found

    async def _learn(self, found: Sequence[Document], snapshot: Session) -> None:
        """Reads what the nodes of sessions that are new to this process said of themselves."""
        new = [document["_id"] for document in found if document["session"] not in self._nodes]
        if new:
            cursor = self._store.nodes.find({"_id": {"$in": new}}, {"session": 1, "body": 1}, session=snapshot)
            self._nodes |= {
                document["session"]: node_of(document["_id"], document["body"]) for document in await cursor.to_list()
            }


def _registration(document: Document, node: Node) -> Registration:
    return Registration(node, document["session"], document["registeredAt"], document["closed"], document["leaving"])
