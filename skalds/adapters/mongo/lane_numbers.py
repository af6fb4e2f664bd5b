"""The numbers of lanes: worked out from their keys, so that every process gives the same one without asking."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from pymongo.errors import BulkWriteError

from skalds.adapters.mongo.connection import Document, MongoStore
from skalds.adapters.mongo.documents import TASK_FIELDS, task_of
from skalds.adapters.mongo.error_mapping import is_duplicate
from skalds.errors import StoreCorrupt
from skalds.model.lane import LaneKey, lane_key
from skalds.model.task import Task

_REMEMBERED = 50_000


def lane_number(key: LaneKey) -> int:
    """63 bits of the digest of the key, never 0: that stands for no lane."""
    digest = blake2b(key.to_text().encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 1) or 1


class LaneNumbers:
    """Sees to it that a lane's key can be found by its number; a process remembers which it has seen."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._numbers: dict[LaneKey, int] = {}
        self._stored: dict[int, LaneKey] = {}

    def number(self, task: Task) -> int:
        """The number of a task's lane."""
        key = lane_key(task)
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) >= _REMEMBERED:
                self._numbers.clear()
            number = self._numbers[key] = lane_number(key)
        return number

    async def ensure(self, tasks: Iterable[Task]) -> None:
        """Stores the keys of the lanes that these tasks wait or run in; before the write that puts them there."""
        keys = {self.number(task): lane_key(task) for task in tasks if task.is_waiting or task.holds_slot}
        await self._put({number: key for number, key in keys.items() if self._stored.get(number) != key})

    async def keys(self, numbers: Iterable[int]) -> Mapping[int, LaneKey]:
        """The keys of those of these lanes that are known, or in which there is a task to learn them from.

        Such a lane was forgotten while another process put a task into it; its key is stored again.
        """
        asked = set(numbers)
        known = await self._find(asked)
        if len(known) < len(asked):
            found = await self._learn(asked - known.keys())
            await self._put(found)
            known |= found
        return known

    async def keys_of_used(self, numbers: Iterable[int]) -> Mapping[int, LaneKey]:
        """The same for lanes in which there are tasks: what this process has seen before need not be read again."""
        asked = set(numbers)
        remembered = {number: self._stored[number] for number in asked & self._stored.keys()}
        if len(remembered) == len(asked):
            return remembered
        found = await self.keys(asked - remembered.keys())
        self._remember(found)
        return {**remembered, **found}

    def forget(self, numbers: Iterable[int]) -> None:
        """These lanes were deleted: the next task in one of them brings its key again."""
        for number in numbers:
            self._stored.pop(number, None)

    async def _find(self, numbers: Iterable[int]) -> dict[int, LaneKey]:
        with self._store.reading():
            found = await self._store.lanes.find({"_id": {"$in": [*numbers]}}, {"key": 1}).to_list()
        return {lane["_id"]: LaneKey.from_text(lane["key"]) for lane in found}

    async def _learn(self, numbers: Iterable[int]) -> dict[int, LaneKey]:
        found: dict[int, LaneKey] = {}
        for number in numbers:
            with self._store.reading():
                document = await self._one_task(number)
            if document is not None:
                found[number] = lane_key(task_of(document))
        return found

    async def _one_task(self, number: int) -> Document | None:
        """A task of this lane, whether it waits or runs; the latter is looked for among all that run."""
        waiting = {"dispatch.place": {"$exists": True}, "dispatch.lane": number}
        live = {"dispatch.node": {"$exists": True}, "dispatch.lane": number}
        tasks = self._store.tasks
        return await tasks.find_one(waiting, TASK_FIELDS) or await tasks.find_one(live, TASK_FIELDS)

    async def _put(self, keys: Mapping[int, LaneKey]) -> None:
        if not keys:
            return
        stored = await self._find(keys)
        missing = [number for number in keys if number not in stored]
        if missing:
            await self._insert([_document(number, keys[number]) for number in missing])
            stored |= await self._find(missing)
        for number, key in keys.items():
            # A lane that was forgotten at this very moment is healed by `keys`.
            if stored.get(number, key) != key:
                raise StoreCorrupt(f"Lanes {stored[number].to_text()} and {key.to_text()} have one number", lane=number)
        self._remember(keys)

    def _remember(self, keys: Mapping[int, LaneKey]) -> None:
        if len(self._stored) >= _REMEMBERED:
            self._stored.clear()
        self._stored.update(keys)

    async def _insert(self, lanes: list[Document]) -> None:
        with self._store.writing():
            try:
                await self._store.lanes.insert_many(lanes, ordered=False)
            except BulkWriteError as error:
                # Another process met the lane at the same moment.
                if not is_duplicate(error):
                    raise


def _document(number: int, key: LaneKey) -> Document:
    return {"_id": number, "key": key.to_text(), "tenant": key.tenant, "reason": None}
