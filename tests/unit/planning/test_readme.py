"""The table of the README is the life cycle."""

from pathlib import Path

from skalds import planning
from skalds.planning.lifecycle import LIFE_CYCLE

README = Path(planning.__path__[0]) / "README.md"
HEADER = "| from | to | by | when |"


def rows_of_the_readme() -> list[list[str]]:
    lines = README.read_text(encoding="utf-8").splitlines()
    table = lines[lines.index(HEADER) + 2 :]
    end = next(place for place, line in enumerate([*table, ""]) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[:end]]


def test_readme_shows_every_move_and_no_other() -> None:
    moves = [[move.source, move.target, ", ".join(sorted(move.actors)), move.occasion] for move in LIFE_CYCLE]

    assert rows_of_the_readme() == moves


def test_no_two_rows_name_the_same_move_of_the_same_actor() -> None:
    moves = [(move.source, move.target, actor) for move in LIFE_CYCLE for actor in move.actors]

    assert len(set(moves)) == len(moves)
