"""A MongoDB replica set of several members, for tests in which the primary changes."""

from contextlib import ExitStack
from pathlib import Path

from skalds.testing.services.group import Group
from skalds.testing.services.mongo_server import REPLICA_SET, MongoMember, initiate, start_member
from skalds.testing.services.place import Place
from skalds.testing.waiting import wait_for

_READY_SECONDS = 60.0


class MongoSet(Group[MongoMember]):
    """A replica set; its members elect another primary when that one is lost."""

    @property
    def uri(self) -> str:
        return f"mongodb://{self.bootstrap}/?replicaSet={REPLICA_SET}"

    def primary(self) -> MongoMember:
        """The member that is primary, waited for."""
        found = wait_for(self._find_primary, _READY_SECONDS)
        assert found is not None  # noqa: S101 - it was waited for
        return found

    def step_down(self, seconds: int = 10) -> None:
        """Has the primary give up its role; another member takes it."""
        self.primary().step_down(seconds)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once every member serves and one is primary."""
        super().wait_ready(seconds)
        self.primary()

    def _find_primary(self) -> MongoMember | None:
        return next((m for m in self.members if m.is_running and m.hello().get("isWritablePrimary")), None)


def start_mongo_set(program: Path, place: Place, count: int = 3) -> MongoSet:
    """Starts a new replica set; a lost primary is replaced within about two seconds instead of ten."""
    with ExitStack() as undo:
        members = []
        for number in range(count):
            members.append(member := start_member(program, place.below(f"member-{number}")))
            undo.callback(member.discard)
        initiate(members, electionTimeoutMillis=2_000, heartbeatIntervalMillis=500)
        started = MongoSet(members)
        started.wait_ready()
        undo.pop_all()
    return started
