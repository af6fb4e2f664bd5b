"""What `skalds dispatcher` prints of the dispatcher itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import render_facts
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.time_text import counted, duration_text, moment_text, now_ms

_SETTINGS = {"strategy": "DISPATCHER_STRATEGY", "interval": "DISPATCHER_INTERVAL"}
_BACK = {
    "strategy": "skalds dispatcher strategy --reset",
    "interval": "skalds dispatcher interval --reset",
    "paused": "skalds dispatcher resume",
}
_REASON_COLUMNS = (Column("tasks", right=True), Column("wait for"))
_CLASS_COLUMNS = (Column("tasks", right=True), Column("of class", least=12))
_CLASSES_SHOWN = 20
_SHORT_WORDS = {"next": "the next pass"}
_REASON_WORDS = {"next": "their turn in the next pass", "later": "their moment, or another task"}


async def show_status(session: Session) -> int:
    """Prints how the dispatcher is doing."""
    answer = await session.client.system.dispatcher()
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_status(answer, now_ms(), session.screen.width))
    return 0


async def show_setting(session: Session, name: str) -> int:
    """Prints `strategy` or `interval` as in use, and who chose it."""
    return _print_setting(session, name, await session.client.system.dispatcher())


async def change(session: Session, name: str, value: Any) -> int:
    """Sets `strategy`, `interval` or `paused`; None goes back to what is configured."""
    return _print_setting(session, name, await session.client.dispatch.change_dispatcher({name: value}))


async def run_pass(session: Session) -> int:
    """Makes a pass and prints what it did."""
    report = await session.client.dispatch.run_dispatcher()
    if session.screen.as_json:
        session.screen.data(report)
    else:
        session.screen.show([_pass_words(report)])
    return 0


def render_status(status: Mapping[str, Any], now: int, width: int) -> list[Text]:
    """Facts, then what waits by reason and by class."""
    lines = render_facts(_facts(status, now), width)
    backlog = status["backlog"]
    reasons = [
        (f"{tasks:,}", Cell(_REASON_WORDS.get(reason, reason), "" if reason in _REASON_WORDS else "yellow"))
        for reason, tasks in backlog["byReason"].items()
    ]
    classes = [(f"{tasks:,}", name) for name, tasks in backlog["byClass"].items()]
    lines += [Text(), *render_table(_REASON_COLUMNS, reasons, width)] if reasons else []
    lines += [Text(), *render_table(_CLASS_COLUMNS, classes[:_CLASSES_SHOWN], width)] if classes else []
    more = len(classes) - _CLASSES_SHOWN
    return [*lines, Text(f"{more} more classes; all of them with: --json", "dim")] if more > 0 else lines


def _facts(status: Mapping[str, Any], now: int) -> Iterator[tuple[str, Cell | str]]:
    leader, ours = status["leader"], status["leading"]
    yield (
        "leader",
        Cell(f"{leader}{' (this controller)' if ours else ''}" if leader else "nobody", "" if leader else "red"),
    )
    yield "term", str(status["term"])
    if status["paused"]:
        yield "paused", Cell(_setting_words("paused", status), "yellow")
    yield "strategy", _setting_words("strategy", status)
    yield "available", ", ".join(status["strategies"])
    yield "interval", _setting_words("interval", status)
    yield "nodes", f"{status['available_skalds']} online; tasks on nodes: {status['total_skald_tasks']}"
    yield "waiting", _waiting_words(status["backlog"])
    rate = status["assignedPerSecond"]
    yield "assigned", f"{status['assignedTotal']:,} since this controller started; {rate:g}/s in the last minute"
    yield "pass took", _percentiles(status["passMs"])
    yield "task waited", _percentiles(status["waitMs"])
    last = status["lastPass"]
    if last is None:
        yield "last pass", "none yet"
    else:
        yield "last pass", f"{moment_text(last['at'])} ({duration_text(now - last['at'])} ago): {_pass_words(last)}"


def _waiting_words(backlog: Mapping[str, Any]) -> str:
    """How many wait, how many of them for nothing but nodes and limits, and what those wait for."""
    waiting, ready = counted(backlog["waiting"], "task"), backlog["ready"]
    reasons = {name: tasks for name, tasks in backlog["byReason"].items() if name != "later"}
    if not ready:
        return f"{waiting}, none of them ready" if backlog["waiting"] else waiting
    told = [f"{tasks:,} wait{'s' if tasks == 1 else ''} for {_SHORT_WORDS.get(name, name)}"
            for name, tasks in reasons.items()]  # fmt: skip
    how = f"{ready:,} of them " if ready < backlog["waiting"] else "all " if ready > 1 else ""
    return f"{waiting}, {how}ready: {', '.join(told)}"


def _percentiles(figures: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in figures.items()) if figures else ""


def _short(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 100 else duration_text(milliseconds)


def _pass_words(report: Mapping[str, Any]) -> str:
    return f"{report['assigned']} assigned in {report['durationMs']:.1f} ms"


def _print_setting(session: Session, name: str, status: Mapping[str, Any]) -> int:
    if session.screen.as_json:
        session.screen.data(status)
    else:
        session.screen.show([_setting_words(name, status)])
    return 0


def _setting_words(name: str, status: Mapping[str, Any]) -> str:
    """What is set, and why."""
    value, source = status[name], status[f"{name}Source"]
    shown = {"strategy": value, "interval": f"{value} s", "paused": "dispatching is paused"}[name]
    if name == "paused" and not value:
        shown = "dispatching goes on"
    setting = _SETTINGS.get(name)
    why = {
        "runtime": f"set while running; stronger than configuration until: {_BACK[name]}",
        "argument": "from the controller's command line",
        "environment": f"from {setting} of the controller's environment",
        ".env": f"from {setting} in the controller's .env",
    }
    return f"{shown} ({': '.join([source, *([why[source]] if source in why else [])])})"
