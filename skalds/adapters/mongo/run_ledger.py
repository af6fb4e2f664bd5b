"""Conditional writes, and what they and the feed tell."""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne

from skalds.adapters.mongo.audit_log import numbered
from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.dependencies import settle
from skalds.adapters.mongo.documents import TASK_FIELDS, absent_or, changed_fields, task_of
from skalds.adapters.mongo.feed import MongoFeed
from skalds.adapters.mongo.feed_line import TOLD
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.placing import NO_EDGES, Edges, Place, Placer
from skalds.adapters.stored_form import Edge, edge_to
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.run_ledger import RunLedger

_FIND = {"_id": 0, "id": 1, "rev": 1, "dispatch.open": 1, "dispatch.lost": 1, "dispatch.dependants": 1}


class MongoRunLedger:
    """`RunLedger` on MongoDB; every write is in the journals of a majority, so `durable` changes nothing."""

    def __init__(self, store: MongoStore, numbers: LaneNumbers, placer: Placer, feed: MongoFeed, clock: Clock) -> None:
        self._store = store
        self._numbers = numbers
        self._placer = placer
        self._feed = feed
        self._clock = clock

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        now = self._clock.wall_ms()
        await self._numbers.ensure(change.after for change in changes)
        if lease is None and len(changes) == 1 and (outcome := await self._write_alone(changes[0], now)) is not None:
            return [outcome]

        entries = [
            None if change.audited is None else await numbered(self._store, change.audited) for change in changes
        ]

        async def work(session: Session) -> Sequence[bool]:
            outcome = await self._write_all(session, changes, now)
            made = [entry for entry, done in zip(entries, outcome, strict=True) if entry is not None and done]
            if made:
                await self._store.audit.insert_many(made, session=session)
            return outcome

        return await self._store.transact(work, lease=lease)

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        return await self._read({"dispatch.node": {"$eq": node_id}, "dispatch.session": session}, "live")

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        return await self._feed.live_runs()

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return self._feed.changes_since(position, limit)

    async def overdue(self, now: int, limit: int) -> Sequence[Task]:
        return await self._read({"dispatch.due": {"$lte": now}}, "single_fields", sort={"dispatch.due": 1}, limit=limit)

    async def forsaken(self, limit: int) -> Sequence[Task]:
        return await self._read({"dispatch.place": Place.FORSAKEN.value}, "waiting", limit=limit)

    async def trim_feed(self, keep: int) -> None:
        self._feed.trim(keep)

    async def _read(self, wanted: Document, index: str, **order: Any) -> Sequence[Task]:
        with self._store.reading():
            found = await self._store.tasks.find(wanted, TASK_FIELDS, hint=index, **order).to_list()
        return [task_of(document) for document in found]

    async def _write_alone(self, change: Change, now: int) -> bool | None:
        """One update without a transaction; None if others depend on the outcome, or it depends on others."""
        if change.audited is not None or (change.after.is_waiting and change.after.dependencies):
            return None
        condition = _unchanged(change)
        means_another = _edge_to(change.before) is not _edge_to(change.after)
        if means_another:
            condition["dispatch.dependants"] = None
        with self._store.writing():
            update = self._update(change, now, NO_EDGES)
            outcome = await self._store.tasks.update_one(condition, update, hint="id_1")
        if outcome.matched_count:
            return True
        return None if means_another else False

    async def _write_all(self, session: Session, changes: Sequence[Change], now: int) -> Sequence[bool]:
        rows = await self._find(session, changes)
        revs = {id_: row.get("rev", 0) for id_, row in rows.items()}
        outcome: list[bool] = []
        updates: list[UpdateOne] = []
        moved: dict[str, tuple[Edge | None, Edge | None]] = {}
        for change in changes:
            before, after = change.before, change.after
            outcome.append(revs.get(before.id) == before.rev)
            if outcome[-1]:
                revs[before.id] = after.rev
                updates.append(UpdateOne(_unchanged(change), self._update(change, now, Edges.of(rows[before.id]))))
                first, _ = moved.get(before.id, (_edge_to(before), None))
                moved[before.id] = (first, _edge_to(after))
        if updates:
            await self._store.tasks.bulk_write(updates, session=session)
        await self._settle(session, rows, moved, now)
        return outcome

    async def _find(self, session: Session, changes: Sequence[Change]) -> dict[str, Document]:
        ids = list({change.before.id for change in changes})
        found = await self._store.tasks.find({"id": {"$in": ids}}, _FIND, session=session).to_list()
        return {row["id"]: row for row in found}

    async def _settle(
        self,
        session: Session,
        rows: dict[str, Document],
        moved: dict[str, tuple[Edge | None, Edge | None]],
        now: int,
    ) -> None:
        numbers = {id_: (rows[id_].get("dispatch") or {}).get("dependants", 0) for id_ in moved}
        edges = {id_: last for id_, (first, last) in moved.items() if first is not last and numbers[id_]}
        if edges:
            await settle(self._store, session, edges, sum(numbers[id_] for id_ in edges), now)

    def _update(self, change: Change, now: int, edges: Edges) -> Document:
        """All that makes the document that of the next version."""
        values, gone = changed_fields(change.before, change.after)
        dispatch = self._placer.dispatch(change.after, now, edges)
        for name, value in dispatch.items():
            if value is None:
                gone.append(f"dispatch.{name}")
            else:
                values[f"dispatch.{name}"] = value
        values[TOLD] = self._placer.told(change.after, dispatch)
        return {"$set": values, "$unset": dict.fromkeys(gone, "")}


def _unchanged(change: Change) -> Document:
    return {"id": {"$eq": change.before.id}, "rev": absent_or(change.before.rev)}


def _edge_to(task: Task) -> Edge | None:
    return edge_to(task.lifecycle_status, task.final)


_: type[RunLedger] = MongoRunLedger
