"""Options for keys of a test's own on the Redis of the run, single or Cluster."""

import os

import pytest

from skalds.adapters.redis.options import RedisOptions

pytest.register_assert_rewrite("skalds.testing.conformance")


@pytest.fixture(params=["single", "cluster"])
def options(request: pytest.FixtureRequest) -> RedisOptions:
    name = {"single": "redis_server", "cluster": "redis_cluster"}[request.param]
    return RedisOptions(url=request.getfixturevalue(name).uri, prefix=f"t{os.urandom(4).hex()}", read_seconds=0)
