"""What can be changed of a dispatcher while it runs: strategy, interval and pause."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skalds.model.audit import AuditEntry
from skalds.planning.strategies.strategy import Strategy
from skalds.ports.settings_store import SettingsStore
from skalds.runtime.log_setup import log_event
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy, parse_changes


class DispatchControl:
    """The policy in force: what is configured, with what the store has on top."""

    def __init__(
        self, configured: DispatchPolicy, settings: SettingsStore, strategies: Mapping[str, Callable[[], Strategy]]
    ) -> None:
        self._configured = self._policy = configured
        self._settings = settings
        self._strategies = strategies
        self._readings = 0
        self._shown = 0

    @property
    def policy(self) -> DispatchPolicy:
        return self._policy

    @property
    def names(self) -> Sequence[str]:
        """The names of all strategies."""
        return list(self._strategies)

    def make_strategy(self, name: str | None = None) -> Strategy:
        """A fresh instance of the strategy of this name, or of the one in force."""
        return self._strategies[name or self._policy.strategy]()

    async def foresee(self, changes: Mapping[str, Any]) -> DispatchPolicy:
        """What would be in force after `change`; raises what that raises."""
        wanted = parse_changes(changes, self._strategies)
        stored = {name: text for name, text in {**await self._settings.read(), **wanted}.items() if text is not None}
        return self._configured.overlaid(stored, self._strategies)

    async def change(self, changes: Mapping[str, Any], audited: AuditEntry | None = None) -> bool:
        """Sets any of strategy, interval (s) and paused, across restarts; None goes back to what is configured.

        All or nothing; raises `ValidationFailed` naming the wrong fields. Says whether anything is different now.
        """
        await self._settings.write(parse_changes(changes, self._strategies), audited)
        return await self.refresh()

    async def refresh(self) -> bool:
        """Takes in what was set at run time, here or through another controller; says whether anything changed."""
        self._readings += 1
        reading = self._readings
        stored = await self._settings.read()
        if reading < self._shown:
            return False  # one that began later has seen at least as much
        self._shown = reading
        before = self._policy
        now = self._policy = self._configured.overlaid(stored, self._strategies)
        if now.strategy != before.strategy:
            reason = now.strategy_source
            log_event("INFO", "strategy.changed", before=before.strategy, now=now.strategy, reason=reason)
        if now.paused != before.paused:
            log_event("WARNING" if now.paused else "INFO", "dispatch.paused", paused=now.paused)
        return now != before
