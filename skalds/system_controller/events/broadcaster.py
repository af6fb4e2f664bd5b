"""Fan-out: each event is encoded once, its bytes are shared by all who get it, and nobody waits for anybody.

publish ─► log ─► buffer of each subscription ─► its connection
            └───► a client that comes back with its last id
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from skalds.system_controller.events import frames
from skalds.system_controller.events.event_log import Event, EventLog
from skalds.system_controller.events.frames import RESET, Value
from skalds.system_controller.events.subscription import Subscription

LINGER_SECONDS = 60.0
"""How long events are kept up after the last listener has gone: most come back."""


class Broadcaster:
    """Passes the events of one stream on to its subscriptions and keeps the log from which they resume."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self._to_all: set[Subscription] = set()
        self._to_one: dict[str, set[Subscription]] = {}
        self._left_at: float | None = None

    def __len__(self) -> int:
        return len(self._to_all) + sum(map(len, self._to_one.values()))

    def subscribe(self, subscription: Subscription, greeting: Value, last_id: str = "", picture: bytes = b"") -> None:
        """Adds a listener; it begins with what it missed after `last_id`, or else with how things stand (`picture`).

        A `last_id` that cannot be resumed is answered with a reset.
        """
        seen = self.log.number_of(last_id) if last_id else None
        if seen is not None:
            missed = self.log.since(seen, subscription.key)
            pieces = [frames.encode(greeting), *(event.frames for event in missed)]
            subscription.begin(pieces, missed[-1].number or seen if missed else seen)
        else:
            opening = [greeting, RESET] if last_id else [greeting]
            subscription.begin(self._opening(opening, picture), self.log.position)
        audience = self._to_all if subscription.key is None else self._to_one.setdefault(subscription.key, set())
        audience.add(subscription)

    def _opening(self, values: Sequence[Value], picture: bytes) -> Sequence[bytes]:
        """These frames, the picture, and last the id: whoever loses the connection before has not seen everything."""
        here = self.log.id_of(self.log.position)
        if picture:
            return [*map(frames.encode, values), picture, frames.mark(here)]
        return [*map(frames.encode, values[:-1]), frames.encode(values[-1], here)]

    def leave(self, subscription: Subscription, now: float) -> None:
        """Removes a listener at `now` (monotonic s)."""
        self._left_at = now
        key = subscription.key
        audience = self._to_all if key is None else self._to_one.get(key, set())
        audience.discard(subscription)
        if key is not None and not audience:
            self._to_one.pop(key, None)

    def is_heard(self, now: float) -> bool:
        """Whether somebody listens, or did a moment ago."""
        return len(self) > 0 or (self._left_at is not None and now - self._left_at < LINGER_SECONDS)

    def wants(self, key: str) -> bool:
        """Whether anybody would get an event about `key` at this moment."""
        return bool(self._to_all) or key in self._to_one

    def is_watched(self, key: str) -> bool:
        """Whether somebody listens to `key` alone."""
        return key in self._to_one

    def publish(self, events: Sequence[Event], position: int = 0) -> None:
        """Tells of numbered events, in their order, and moves on to `position`; numbers already passed are skipped."""
        news = [event for event in events if event.number is not None and event.number > self.log.position]
        for event in news:
            self.log.append(event)
        self.log.advance(position)
        for shared, audience in self._shares(news):
            for subscription in audience:
                subscription.offer(shared.frames, len(news), shared.number)

    def publish_passing(self, events: Sequence[Event]) -> None:
        """Tells how things stand, but only to those who have nothing else to send."""
        for shared, audience in self._shares(events):
            for subscription in audience:
                if subscription.is_drained:
                    subscription.offer(shared.frames)

    def reset(self, position: int) -> None:
        """The chain of events is broken: everyone has to read everything again."""
        numbers_begin_anew = position < self.log.position
        self.log.restart(position)
        marked, plain = frames.encode(RESET, self.log.id_of(position)), frames.encode(RESET)
        for subscription in self._everyone():
            # Without an id where that would repeat the last one: the ids a client sees only grow.
            moves_on = numbers_begin_anew or position > subscription.last_number
            subscription.replace(marked if moves_on else plain, position)

    def keep_alive(self) -> None:
        """Breaks the silence of every connection, and cuts those that have stalled."""
        position = self.log.position
        marked, plain = frames.keep_alive(self.log.id_of(position)), frames.keep_alive()
        for subscription in self._everyone():
            subscription.cut_if_stalled()
            moves_on = position > subscription.last_number
            subscription.offer(marked if moves_on else plain, 1, position if moves_on else None)

    def _shares(self, events: Sequence[Event]) -> Iterable[tuple[Event, Sequence[Subscription]]]:
        """The events joined into one, for each audience that gets them."""
        if events and self._to_all:
            yield _joined(events), list(self._to_all)
        if self._to_one:
            by_key: dict[str, list[Event]] = {}
            for event in events:
                if event.key in self._to_one:
                    by_key.setdefault(event.key, []).append(event)
            for key, about in by_key.items():
                yield _joined(about), list(self._to_one.get(key, ()))

    def _everyone(self) -> Sequence[Subscription]:
        return list(chain(self._to_all, *self._to_one.values()))


def _joined(events: Sequence[Event]) -> Event:
    return events[0] if len(events) == 1 else events[-1]._replace(frames=b"".join(event.frames for event in events))
