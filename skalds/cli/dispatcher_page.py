"""What `skalds dispatcher` prints."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import render_facts
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.time_text import duration_text, moment_text, now_ms

_SOURCES = {
    "runtime": "set while running; stronger than configuration until: skalds dispatcher strategy --reset",
    "argument": "from the controller's command line",
    "environment": "from DISPATCHER_STRATEGY of the controller's environment",
    ".env": "from DISPATCHER_STRATEGY in the controller's .env",
}
_WAITING_COLUMNS = (Column("lanes", right=True), Column("wait for"))


async def show_status(session: Session) -> int:
    """Prints how the dispatcher is doing."""
    answer = await session.client.system.dispatcher()
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_status(answer, now_ms(), session.screen.width))
    return 0


async def show_strategy(session: Session) -> int:
    """Prints the strategy in use, and who chose it."""
    return _print_strategy(session, await session.client.system.dispatcher())


async def switch_strategy(session: Session, name: str | None) -> int:
    """Switches to `name`, or back to what is configured."""
    return _print_strategy(session, await session.client.system.set_strategy(name))


def render_status(status: Mapping[str, Any], now: int, width: int) -> list[Text]:
    """Facts, then the waiting lanes by reason."""
    lines = render_facts(_facts(status, now), width)
    waiting = (status["lastPass"] or {}).get("waitingLanes") or {}
    rows = [(str(count), Cell(reason, "yellow")) for reason, count in sorted(waiting.items())]
    return [*lines, *([Text(), *render_table(_WAITING_COLUMNS, rows, width)] if rows else [])]


def _facts(status: Mapping[str, Any], now: int) -> Iterator[tuple[str, Cell | str]]:
    leader, ours = status["leader"], status["leading"]
    yield (
        "leader",
        Cell(f"{leader}{' (this controller)' if ours else ''}" if leader else "nobody", "" if leader else "red"),
    )
    yield "term", str(status["term"])
    yield "strategy", _strategy_words(status)
    yield "available", ", ".join(status["strategies"])
    yield "nodes", f"{status['available_skalds']} online; tasks on nodes: {status['total_skald_tasks']}"
    yield "assigned", f"{status['assignedTotal']:,} since this controller started"
    last = status["lastPass"]
    if last is None:
        yield "last pass", "none yet"
    else:
        age = duration_text(now - last["at"])
        yield (
            "last pass",
            f"{moment_text(last['at'])} ({age} ago): {last['assigned']} assigned in {last['durationMs']:.1f} ms",
        )


def _print_strategy(session: Session, status: Mapping[str, Any]) -> int:
    if session.screen.as_json:
        session.screen.data(status)
    else:
        session.screen.show([_strategy_words(status)])
    return 0


def _strategy_words(status: Mapping[str, Any]) -> str:
    source = status["strategySource"]
    return f"{status['strategy']} ({': '.join([source, *([_SOURCES[source]] if source in _SOURCES else [])])})"
