"""Where a server comes from: the environment first, then whatever way of starting one works."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from skalds.testing.services.carrier import Elsewhere
from skalds.testing.services.kind import Kind
from skalds.testing.services.kinds import KAFKA, KAFKA_CLUSTER, MONGO, MONGO_SET, REDIS, REDIS_CLUSTER
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.server import Endpoint, Server
from skalds.testing.services.shared import SharedServices
from skalds.testing.services.unavailable import NotOurs, Unavailable


class Sleeper(Server):
    """A process that is content to run."""

    @property
    def uri(self) -> str:
        return f"sleep://{self.bootstrap}"

    def answers(self) -> bool:
        return True

    def _is_listening(self) -> bool:
        return True


def start_sleeper(place: Place, because: str = "") -> Sleeper:
    carrier = LocalProcess.prepare(place, ["sleep", "infinity"])
    carrier.start()
    return Sleeper(Endpoint("127.0.0.1", free_port(), carrier, stands_in_because=because))


def refuse(reason: str) -> Callable[[Place], Sleeper]:
    def start(place: Place) -> Sleeper:
        LocalProcess.prepare(place.below("half-way"), ["sleep", "infinity"]).start()
        raise Unavailable(reason)

    return start


def sleepers(*start: Callable[[Place], Sleeper], **more: Callable[[Place, str], Sleeper]) -> Kind[Sleeper]:
    def build(endpoints: Sequence[Endpoint]) -> Sleeper:
        return Sleeper(*endpoints)

    return Kind("Sleeper", build, lambda: None, start, **more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "services", os.getpid(), tmp_path / "services")


@pytest.fixture
def services(place: Place) -> Iterator[SharedServices]:
    services = SharedServices(place)
    yield services
    services.discard()


def test_first_way_that_works_is_taken(services: SharedServices) -> None:
    found = services.get(sleepers(refuse("no engine"), start_sleeper, refuse("never asked")))

    assert found.is_running
    assert services.missing() == ()


def test_everybody_gets_the_same_server(services: SharedServices, place: Place) -> None:
    first = services.get(sleepers(start_sleeper))
    second = SharedServices(place).get(sleepers(refuse("already there")))

    assert (second.uri, second.pids) == (first.uri, first.pids)


def test_server_that_has_ended_is_replaced(services: SharedServices) -> None:
    before = services.get(sleepers(start_sleeper)).pids
    services.get(sleepers(start_sleeper)).kill()

    after = services.get(sleepers(start_sleeper))

    assert after.is_running
    assert after.pids != before


def test_what_cannot_be_had_is_told_to_everybody_with_every_reason(services: SharedServices, place: Place) -> None:
    for each in (services, SharedServices(place)):
        with pytest.raises(Unavailable, match="Sleeper: no engine; no program"):
            each.get(sleepers(refuse("no engine"), refuse("no program")))
    assert services.missing() == ("Sleeper: no engine; no program",)


def test_start_that_breaks_off_leaves_nothing_running(services: SharedServices, place: Place) -> None:
    with pytest.raises(Unavailable):
        services.get(sleepers(refuse("too late")))

    assert list(place.folder.rglob("pid")) == []


def test_missing_server_is_looked_for_again_when_that_is_wanted(services: SharedServices) -> None:
    with pytest.raises(Unavailable):
        services.get(sleepers(refuse("not yet")))
    services.forget_missing()

    assert services.get(sleepers(start_sleeper)).is_running


def test_imitation_is_taken_last_and_reported(services: SharedServices, place: Place) -> None:
    services.get(sleepers(refuse("no engine"), stand_in=start_sleeper))

    (line,) = SharedServices(place).missing()
    assert line == "Sleeper: no engine; an imitation stands in"


def test_imitation_is_never_given_to_those_who_break_it(place: Place) -> None:
    with pytest.raises(Unavailable, match="no engine"):
        sleepers(refuse("no engine"), stand_in=start_sleeper).start_new(place)


def test_discarding_ends_all_and_leaves_nothing(services: SharedServices, place: Place) -> None:
    found = services.get(sleepers(start_sleeper))
    services.discard()

    assert not found.is_running
    assert not place.folder.exists()


@pytest.mark.parametrize(
    ("environment", "kind", "uri"),
    [
        ({"MONGO_HOST": "mongodb://a:1,b:2/?replicaSet=x"}, MONGO, "mongodb://a:1,b:2/?replicaSet=x"),
        ({"REDIS_HOST": "a"}, REDIS, "redis://a:6379/0"),
        ({"REDIS_HOST": "a", "REDIS_PORT": "1", "REDIS_PASSWORD": "p"}, REDIS, "redis://:p@a:1/0"),
        ({"KAFKA_HOST": "a"}, KAFKA, "a:9092"),
        ({"KAFKA_HOST": "a", "KAFKA_PORT": "1"}, KAFKA, "a:1"),
    ],
)
def test_environment_names_servers(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], kind: Kind[Server], uri: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    named = kind.from_environment()

    assert named is not None
    assert named.uri == uri


@pytest.mark.parametrize("kind", [MONGO, REDIS, KAFKA, MONGO_SET, REDIS_CLUSTER, KAFKA_CLUSTER], ids=lambda k: k.name)
def test_empty_environment_names_none(monkeypatch: pytest.MonkeyPatch, kind: Kind[Server]) -> None:
    for name in ("MONGO_HOST", "REDIS_HOST", "KAFKA_HOST"):
        monkeypatch.setenv(name, "")

    assert kind.from_environment() is None


def test_named_server_may_not_be_broken() -> None:
    server = Sleeper(Endpoint("a", 1, Elsewhere("MONGO_HOST")))
    for harm in (server.start, server.stop, server.kill, server.pause, server.resume):
        with pytest.raises(NotOurs, match="MONGO_HOST"):
            harm()
    server.discard()
    assert server.is_running


def test_free_port_is_none_that_the_kernel_gives_to_clients() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert all(free_port() < lowest for _ in range(50))


def test_record_holds_the_whole_address(services: SharedServices, place: Place) -> None:
    services.get(sleepers(start_sleeper))

    (described,) = json.loads((place.folder / "sleeper.json").read_text())
    assert described.keys() == {field.name for field in fields(Endpoint)}
    assert described["carrier"] == f"process:{place.folder}/sleeper"
