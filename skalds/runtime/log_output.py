"""Where the lines of a process's log go, and which of them."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from skalds.runtime.log_file import LogFile
from skalds.runtime.log_line import LineWriter
from skalds.runtime.log_sampling import LogSampler, Suppressed

if TYPE_CHECKING:
    from loguru import Record

_TELL_SECONDS = 1.0


class LogOutput:
    """A stream and perhaps a file; what the sampler leaves out is told in a `log.suppressed` line of its own.

    Loguru calls `admits` for each record and `write` with those that were admitted, from any thread, and `stop`.
    """

    def __init__(
        self,
        stream: TextIO,
        file: LogFile | None,
        write_line: LineWriter,
        sampler: LogSampler,
        is_event: Callable[["Record"], bool],
    ) -> None:
        self._stream = stream
        self._file = file
        self._write_line = write_line
        self._sampler = sampler
        self._is_event = is_event
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._file_fails = False

    def admits(self, record: "Record") -> bool:
        """Whether this record is to be written; free messages of users always are."""
        if not self._is_event(record):
            return True
        level = record["level"]
        with self._lock:
            self._tell(self._sampler.over())
            admitted = self._sampler.admits(record["message"], (level.no, level.name))
            if not admitted and self._timer is None:
                self._timer = threading.Timer(_TELL_SECONDS, self._tell_later)
                self._timer.daemon = True
                self._timer.start()
        return admitted

    def write(self, line: str) -> None:
        with self._lock:
            self._put(line)

    def stop(self) -> None:
        """Tells what is still to be told; the stream stays open."""
        with self._lock:
            self._tell(self._sampler.rest())
            if self._timer is not None:
                self._timer.cancel()
            if self._file is not None:
                self._file.close()
                self._file = None

    def _tell_later(self) -> None:
        with self._lock:
            self._timer = None
            self._tell(self._sampler.over())

    def _tell(self, suppressed: Sequence[Suppressed]) -> None:
        for event, count, (_, level) in suppressed:
            fields = {"event": event, "count": count}
            self._put(f"{self._write_line(_now(), level, 'log.suppressed', fields)}\n")

    def _put(self, line: str) -> None:
        self._stream.write(line)
        self._stream.flush()
        if self._file is None:
            return
        try:
            self._file.write(line)
            self._file_fails = False
        except OSError as error:
            if not self._file_fails:
                self._file_fails = True
                self._stream.write(f"{self._write_line(_now(), 'ERROR', 'log.file_failed', {'error': error})}\n")


def _now() -> datetime:
    return datetime.now().astimezone()
