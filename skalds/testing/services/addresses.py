"""The addresses of the three servers as the environment of a controller or node has them."""

from collections.abc import Mapping
from pathlib import Path

from skalds.testing.services.kinds import KAFKA, MONGO, REDIS
from skalds.testing.services.shared import SharedServices


def start_three(services: SharedServices) -> dict[str, str]:
    """Starts what does not run yet; returns what to put into the environment."""
    services.forget_missing()
    mongo, redis, kafka = services.get(MONGO), services.get(REDIS), services.get(KAFKA)
    return {
        "MONGO_HOST": mongo.uri,
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
        "KAFKA_HOST": kafka.host,
        "KAFKA_PORT": str(kafka.port),
    }


def write_addresses(path: Path, addresses: Mapping[str, str]) -> None:
    """Writes lines that a shell can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text("".join(f"{line}\n" for line in lines_of(addresses)))
    unfinished.rename(path)


def lines_of(addresses: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in addresses.items()]
