"""The ageing step of a store: every rank in it was computed with the same one."""

from skalds.adapters.mongo.connection import MongoStore

_ID = "ageing"
_DEFAULT_MS = 60_000


async def ageing_step(store: MongoStore) -> int:
    """The step that this store has; nodes compute with it."""
    with store.reading():
        kept = await store.counters.find_one({"_id": _ID})
    return kept["stepMs"] if kept else _DEFAULT_MS


async def set_ageing_step(store: MongoStore, step_ms: int) -> None:
    """Makes `step_ms` the step of this store; if it was another one, all that waits is put in order anew."""
    with store.writing(), store.patience():
        before = await store.counters.find_one_and_update({"_id": _ID}, {"$set": {"stepMs": step_ms}}, upsert=True)
        if before is None or before["stepMs"] == step_ms:
            return
        rank = {"$subtract": ["$eligibleAt", {"$multiply": ["$priority", step_ms]}]}
        await store.tasks.update_many({"dispatch.place": {"$exists": True}}, [{"$set": {"dispatch.rank": rank}}])
