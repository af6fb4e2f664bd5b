"""Settings, audit log and kept answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from skalds.adapters.mongo import kept_answer
from skalds.adapters.mongo.kept_answer import MANY, Counted, KeptAnswer
from skalds.model.audit import AuditEntry
from skalds.ports.engine import Engine
from skalds.testing import conformance

pytestmark = pytest.mark.integration


class TestSettingsStore(conformance.SettingsStoreSuite):
    pass


class TestAuditLog(conformance.AuditLogSuite):
    pass


async def test_names_and_texts_of_any_spelling_are_kept(engine: Engine) -> None:
    settings = {name: f"{name} {{}}" for name in ("$set", "a.b", "", "$$ROOT", "ä\x00", "x" * 300)}
    await engine.settings.write(dict(settings))
    assert await engine.settings.read() == settings
    await engine.settings.write(dict.fromkeys(settings))
    assert await engine.settings.read() == {}


async def test_settings_of_one_write_are_never_seen_apart(engine: Engine, other: Engine) -> None:
    names = [f"setting-{number}" for number in range(5)]

    async def write(writer: Engine, text: str) -> None:
        for _ in range(10):
            await writer.settings.write(dict.fromkeys(names, text))
            await writer.settings.write({**dict.fromkeys(names), "last": text})

    async def read(until: asyncio.Future[Any]) -> int:
        readings = 0
        while not until.done():
            found = dict(await other.settings.read())
            found.pop("last", None)
            assert found == {} or (len(found) == 5 and len({*found.values()}) == 1)
            readings += 1
        return readings

    writers = asyncio.gather(write(engine, "one"), write(other, "two"))
    assert await read(writers) > 1
    await writers


async def test_entries_of_several_writers_have_numbers_of_their_own(engine: Engine, other: Engine) -> None:
    entries = [AuditEntry(number, "ada", "task.cancelled", f"task-{number}") for number in range(40)]
    await asyncio.gather(
        *((other if entry.at % 2 else engine).settings.write({f"{entry.at}": ""}, entry) for entry in entries)
    )
    read = await engine.audit.page(100)
    numbers = [entry.number for entry in read]
    assert numbers == sorted({*numbers}, reverse=True)
    assert sorted(entry.at for entry in read) == list(range(40))


async def test_values_of_any_shape_are_recorded(engine: Engine) -> None:
    value = {"$where": {"a.b": [1, None, 2**60, "\x00"]}, "": {}}
    await engine.settings.write({"a": ""}, AuditEntry(1, "ada", "task.cancelled", "$x", before=value, after=[value]))
    [entry] = await engine.audit.page(1)
    assert (entry.before, entry.after) == (value, [value])
    assert list(await engine.audit.page(0)) == []
    assert list(await engine.audit.page(1, before=2**70)) == [entry]


def _asked(tasks: int) -> tuple[list[int], Callable[[], Awaitable[Counted[int]]]]:
    """Answers 1, 2, …, each said to be counted over so many tasks."""
    answers: list[int] = []

    async def ask() -> Counted[int]:
        answers.append(len(answers) + 1)
        await asyncio.sleep(0)
        return Counted(answers[-1], tasks)

    return answers, ask


async def test_answer_over_few_tasks_is_always_a_new_one() -> None:
    answers, ask = _asked(MANY - 1)
    kept = KeptAnswer(ask)
    assert [await kept.get() for _ in range(3)] == answers == [1, 2, 3]


async def test_answer_over_many_tasks_is_kept_for_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(kept_answer, "_now", lambda: now)
    answers, ask = _asked(MANY)
    kept = KeptAnswer(ask)
    assert await asyncio.gather(*(kept.get() for _ in range(5))) == [1] * 5
    now += 1.9
    assert await kept.get() == 1
    now += 0.2
    assert await kept.get() == 2
    assert answers == [1, 2]


async def test_answer_that_took_long_is_kept_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(kept_answer, "_now", lambda: now)

    async def ask() -> Counted[float]:
        nonlocal now
        now += 3
        return Counted(now, MANY)

    kept = KeptAnswer(ask)
    assert await kept.get() == 103
    now += 14
    assert await kept.get() == 103
    now += 2
    assert await kept.get() == 122


async def test_answer_that_failed_is_not_kept() -> None:
    async def ask() -> Counted[int]:
        raise ConnectionError

    kept = KeptAnswer(ask)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await kept.get()
