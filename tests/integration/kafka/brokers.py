"""Brokers with a listener and settings of a test's own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from skalds.testing.services.kafka_server import KafkaServer, prepare_kafka
from skalds.testing.services.place import Place
from skalds.testing.services.programs import kafka_program
from skalds.testing.services.unavailable import Unavailable


class Listener(NamedTuple):
    """One more way into a broker; clients are told to come to `advertised`."""

    protocol: str
    port: int
    advertised: int


@contextmanager
def broker_with(folder: Path, listener: Listener, settings: Mapping[str, str]) -> Iterator[KafkaServer]:
    """A broker that has this listener too, and these settings."""
    try:
        program = kafka_program()
    except Unavailable as error:
        pytest.skip(str(error))
    [server] = prepare_kafka(program, [Place(folder, os.getpid())])
    file = folder / "server.properties"
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    lines["listeners"] += f",EXTRA://127.0.0.1:{listener.port}"
    lines["advertised.listeners"] += f",EXTRA://127.0.0.1:{listener.advertised}"
    lines["listener.security.protocol.map"] += f",EXTRA:{listener.protocol}"
    file.write_text("".join(f"{name}={value}\n" for name, value in {**lines, **settings}.items()))
    server.start()
    try:
        yield server
    finally:
        server.discard()
