"""A server with access control and TLS, used by somebody who may read and write one database and nothing else."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.mongo.connection import MongoStore, Session
from skalds.adapters.mongo.options import MongoOptions
from skalds.errors import ConfigurationError, StoreError, StoreUnavailable
from skalds.model.task import TaskLifecycleStatus
from skalds.testing import FakeClock
from skalds.testing.builders import a_task
from skalds.testing.conformance.steps import assigned, lead, to, told
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.place import Place
from skalds.testing.services.programs import mongo_program
from skalds.testing.services.unavailable import Unavailable
from tests.certificates import Certificate, make_certificate
from tests.fault_proxy import FaultProxy
from tests.integration.doctor.mongods import PASSWORD, start_guarded_mongod
from tests.integration.mongo.conftest import AGEING_STEP_MS, MongoEngine

pytestmark = pytest.mark.integration

DATABASE = "guarded"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def guarded(
    mongo_server: MongoServer, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[MongoServer]:
    place = Place(tmp_path_factory.mktemp("mongo") / "guarded", os.getpid())
    both = place.folder.parent / "both.pem"
    both.write_text(certificate.key.read_text() + certificate.file.read_text())
    files = ("--tlsCertificateKeyFile", str(both), "--tlsCAFile", str(certificate.file))
    try:
        # The users are made without TLS, from this machine.
        server = start_guarded_mongod(mongo_program(), place, DATABASE, "--tlsMode", "preferTLS", *files)
    except Unavailable as error:
        pytest.skip(f"{mongo_server.uri} is used, and no program for another one is here: {error}")
    yield server
    server.discard()


@pytest.fixture
def proxy(guarded: MongoServer) -> Iterator[FaultProxy]:
    with FaultProxy.before(guarded) as proxy:
        yield proxy


def options_for(port: int, certificate: Certificate, user: str = "writer") -> MongoOptions:
    with_tls = f"authSource=admin&directConnection=true&tls=true&tlsCAFile={certificate.file}"
    own = f"tlsCertificateKeyFile={certificate.file.parent / 'own.pem'}"
    (certificate.file.parent / "own.pem").write_text(certificate.key.read_text() + certificate.file.read_text())
    return MongoOptions(f"mongodb://{user}:{PASSWORD}@127.0.0.1:{port}/?{with_tls}&{own}", DATABASE)


async def opened(options: MongoOptions, clock: FakeClock) -> MongoEngine:
    return await MongoEngine.open(options, "controller", MemoryStore(AGEING_STEP_MS), clock)


@pytest.fixture
async def engine(guarded: MongoServer, certificate: Certificate) -> AsyncIterator[MongoEngine]:
    engine = await opened(options_for(guarded.port, certificate), FakeClock())
    yield engine
    await engine.close()


async def test_a_task_goes_its_way_by_the_rights_to_one_database(engine: MongoEngine) -> None:
    [task] = await assigned(engine, a_task())
    await engine.ledger.write([to(task, TaskLifecycleStatus.RUNNING)], durable=True)

    assert [change.status for change in await told(engine, 0)] == ["Created", "Assigning", "Running"]


async def test_who_leads_ends_what_another_process_of_the_same_user_left_open(
    engine: MongoEngine, proxy: FaultProxy, certificate: Certificate
) -> None:
    lease = await lead(engine)
    dying = await opened(options_for(proxy.port, certificate), FakeClock())

    async def work(session: Session) -> None:
        proxy.cut()
        with pytest.raises(StoreUnavailable):
            await dying.queue.lanes()
        raise KeyError

    with pytest.raises(KeyError):
        await dying.store.transact(work, lease=lease)
    async with asyncio.timeout(10):
        # Refused as long as the transaction holds the row.
        while not await is_taken(engine):
            pass
    proxy.heal()
    await dying.close()


async def is_taken(engine: MongoEngine) -> bool:
    try:
        await lead(engine, holder="successor")
    except StoreError:
        return False
    return True


async def test_a_server_whose_certificate_nobody_vouches_for_is_refused(
    guarded: MongoServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_certificate(tmp_path_factory.mktemp("other"))

    with pytest.raises(ConfigurationError, match="tlsCAFile"):
        await MongoStore.open(options_for(guarded.port, other))


async def test_a_wrong_name_is_told_without_the_password(guarded: MongoServer, certificate: Certificate) -> None:
    with pytest.raises(ConfigurationError) as raised:
        await MongoStore.open(options_for(guarded.port, certificate, user="nobody"))

    assert "a user name and password" in str(raised.value)
    assert PASSWORD not in str(raised.value)
