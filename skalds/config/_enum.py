"""The public enums of the configuration; a leaf that imports nothing from skalds."""

from enum import StrEnum


class LogLevelEnum(StrEnum):
    """How much is logged."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class LogFormatEnum(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


class SkaldEnvEnum(StrEnum):
    """What the installation is for."""

    DEV = "DEV"
    PRODUCTION = "PRODUCTION"


class SkaldModeEnum(StrEnum):
    """Where a node takes its tasks from."""

    EDGE = "edge"
    NODE = "node"
    SINGLE_PROCESS = "single_process"


class SystemControllerModeEnum(StrEnum):
    """Which duties a controller may take: each mode has those of the one before."""

    CONTROLLER = "CONTROLLER"
    MONITOR = "MONITOR"
    DISPATCHER = "DISPATCHER"

    @classmethod
    def list(cls) -> "list[str]":
        return [member.value for member in cls]


class DispatcherStrategyEnum(StrEnum):
    """How the dispatcher chooses among the nodes that can take a task."""

    LEAST_TASKS = "LEAST_TASKS"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"
    POWER_OF_TWO = "POWER_OF_TWO"
    WEIGHTED = "WEIGHTED"
    BIN_PACK = "BIN_PACK"
    SPREAD = "SPREAD"
    STICKY = "STICKY"
    LEAST_LOADED = "LEAST_LOADED"

    @classmethod
    def list(cls) -> "list[str]":
        return [member.value for member in cls]


class EngineEnum(StrEnum):
    """What keeps tasks, messages and presence."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


class KafkaSecurityEnum(StrEnum):
    """How a connection to Kafka is secured."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_tls(self) -> bool:
        return self.value.endswith("SSL")

    @property
    def has_login(self) -> bool:
        return self.value.startswith("SASL")


class KafkaSaslMechanismEnum(StrEnum):
    """How Kafka is shown the user name and the password."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
