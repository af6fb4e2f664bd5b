"""The public logger: loguru's, with two ways to make something stand out."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loguru

from skalds.runtime.log_setup import configure_logging

if TYPE_CHECKING:
    from loguru import Logger as _LoguruLogger
else:
    _LoguruLogger = object


class Logger(_LoguruLogger):
    """Everything loguru's logger does, and `block` and `panel`."""

    def __init__(self, wrapped: "loguru.Logger") -> None:
        self._wrapped = wrapped

    def block(self, title: str, *lines: str | Iterable[str], log_level: str = "INFO") -> None:
        """Logs a title with lines below it; a list of lines counts as its lines."""
        body = [text for line in lines for text in ([line] if isinstance(line, str) else line)]
        self._log_box(title, body, log_level)

    def panel(self, text: object, title: str | None = None, log_level: str = "INFO") -> None:
        """Logs a text in a frame."""
        self._log_box(title or "", str(text).splitlines(), log_level)

    def _log_box(self, title: str, body: list[str], log_level: str) -> None:
        # One record per line, so that no log line is ever split.
        for line in _draw_box(title, body):
            self._wrapped.opt(depth=2).log(log_level, line)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return getattr(self._wrapped, name)


logger = Logger(loguru.logger)


def init_logger(
    logger_name: str, level: str = "INFO", log_path: str = "logs", process_id: str = "", rotation: str = "20"
) -> None:
    """Sends the log of this process to standard error and to a file under `log_path`, rotated at `rotation` MB."""
    name = "_".join(part for part in (logger_name, process_id) if part)
    safe_name = "".join(character if character.isalnum() or character in "._-" else "_" for character in name)
    configure_logging(level, file=Path(log_path) / f"{safe_name}.log", rotation_mb=int(rotation))


def _draw_box(title: str, body: list[str]) -> Iterator[str]:
    width = max(map(len, [*body, f" {title} " if title else ""]), default=0)
    heading = f" {title} " if title else ""
    yield f"╭─{heading:─<{width}}─╮"
    yield from (f"│ {line:<{width}} │" for line in body)
    yield f"╰─{'':─<{width}}─╯"
