"""`skalds doctor` as it is typed, against the real servers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.ports import free_port
from skalds.testing.services.redis_server import RedisServer
from tests.architecture.source_tree import ROOT

pytestmark = pytest.mark.integration

Servers = dict[str, str]


@pytest.fixture
def servers(mongo_server: MongoServer, kafka_server: KafkaServer, redis_server: RedisServer) -> Servers:
    return {
        "MONGO_HOST": mongo_server.uri,
        "DB_NAME": "doctor",
        "KAFKA_HOST": kafka_server.bootstrap,
        "REDIS_URL": redis_server.uri,
    }


def typed(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "skalds.cli.main", "doctor", *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_three_servers_that_are_well(servers: Servers, tmp_path: Path) -> None:
    done = typed(tmp_path, **servers)

    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line and line[0] != " "][:4] == [
        "Settings",
        "MongoDB",
        "Kafka",
        "Redis",
    ]
    assert "wrong" not in done.stdout


def test_json_says_the_same(servers: Servers, tmp_path: Path) -> None:
    done = typed(tmp_path, "--json", **servers)
    told: dict[str, Any] = json.loads(done.stdout)

    assert (told["engine"], told["ok"], done.returncode) == ("distributed", True, 0)
    assert {finding["server"] for finding in told["findings"]} == {"Settings", "MongoDB", "Kafka", "Redis"}
    assert {finding["verdict"] for finding in told["findings"]} <= {"ok", "warning"}


def test_one_server_that_is_away_does_not_hide_the_others(servers: Servers, tmp_path: Path) -> None:
    done = typed(tmp_path, "--json", **servers | {"MONGO_HOST": f"mongodb://me:geheim@127.0.0.1:{free_port()}/"})
    told: dict[str, Any] = json.loads(done.stdout)

    assert (told["ok"], done.returncode) == (False, 1)
    assert {finding["server"] for finding in told["findings"] if finding["verdict"] == "wrong"} == {"MongoDB"}
    assert "round trip" in {finding["check"] for finding in told["findings"]}
    assert "geheim" not in done.stdout + done.stderr
