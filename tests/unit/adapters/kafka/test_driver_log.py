"""The driver's own lines."""

from loguru import logger

from skalds.adapters.kafka.driver_log import DriverLog


def test_storm_of_lines_becomes_a_few() -> None:
    told: list[int] = []
    sink = logger.add(lambda line: told.append(line.record["extra"]["lines"]), level="DEBUG")
    log = DriverLog("sender")
    for number in range(1_000):
        log.log(30, "%s [%s] %s", "FAIL", "name", number)
    logger.remove(sink)

    assert told == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
