"""Counts what Python source files contain; the work of `skalds demo`."""

import ast
import io
import tokenize
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Counts(BaseModel):
    """What was found in some files; `unreadable` are files that are no valid Python source."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    classes: int = 0
    unreadable: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = self.model_dump(), other.model_dump()
        return Counts(**{name: mine[name] + theirs[name] for name in mine})


class SourceFiles(BaseModel):
    """The files one task reads."""

    paths: list[Path]


def survey(paths: Iterable[Path]) -> Counts:
    """Parses each file and adds up what is in it."""
    return sum((_survey_file(path) for path in paths), Counts())


def _survey_file(path: Path) -> Counts:
    source = path.read_bytes()
    lines = source.count(b"\n") + (not source.endswith(b"\n") and bool(source))
    try:
        # Decoded as the interpreter would, since some of the library is deliberately not UTF-8.
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        tree = ast.parse(source.decode(encoding))
    except (SyntaxError, ValueError, LookupError):
        return Counts(files=1, lines=lines, unreadable=1)
    nodes = list(ast.walk(tree))
    return Counts(
        files=1,
        lines=lines,
        functions=sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes),
        classes=sum(isinstance(node, ast.ClassDef) for node in nodes),
    )


class SourceSurvey(BaseTaskWorker[SourceFiles]):
    """Surveys the files of one task."""

    paths: Sequence[Path] = ()

    def initialize(self, data: SourceFiles) -> None:
        self.paths = data.paths

    @run_main_handler
    def main(self) -> dict[str, int]:
        return survey(self.paths).model_dump()


app = Skalds()
app.register_task_worker(SourceSurvey)
