"""What the settings come to for the drivers of Redis and Kafka: their addresses."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig

Config = SkaldConfig | SystemControllerConfig


def redis_url(config: Config) -> str:
    """The whole address of Redis, its password included."""
    parts = urlsplit(config.redis_url or _url_of_host(config))
    user = parts.username or quote(config.redis_username, safe="")
    password = parts.password or quote(config.redis_password, safe="")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}{place}", query=_with_certificates(config, parts.query)))


def kafka_servers(config: Config) -> str:
    """The bootstrap servers, each with its port."""
    brokers = config.kafka_host.split(",")
    return ",".join(one if _has_port(one) else f"{one}:{config.kafka_port}" for one in brokers)


def _url_of_host(config: Config) -> str:
    host = f"[{config.redis_host}]" if ":" in config.redis_host else config.redis_host
    scheme = "rediss" if config.redis_tls else "redis"
    return f"{scheme}://{host}:{config.redis_port}/{config.redis_db}"


def _with_certificates(config: Config, query: str) -> str:
    if config.redis_tls_ca_file is None or "ssl_ca_certs" in parse_qs(query):
        return query
    return "&".join(filter(None, (query, urlencode({"ssl_ca_certs": str(config.redis_tls_ca_file)}))))


def _has_port(broker: str) -> bool:
    return broker.rpartition("]")[2].count(":") == 1
