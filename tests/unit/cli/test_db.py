"""`skalds db` as typed."""

from pathlib import Path

import pytest

from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.cli.main import main
from skalds.testing import FakeClock, a_task


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    engine = await SqliteEngine.open(tmp_path / "data", FakeClock(), role="controller")
    await engine.intake.submit([a_task(id=id_) for id_ in ("a", "b", "c")])
    await engine.close()
    return tmp_path / "data"


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["db", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_backup_prints_size_and_tasks(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("backup", tmp_path / "copy.db", "--data", data) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'copy.db'}: 3 tasks, 1")


def test_backup_without_a_name_goes_into_the_data_directory(data: Path) -> None:
    assert _run("backup", "--data", data) == 0
    assert len(list((data / "backups").glob("skalds-*.db"))) == 1


def test_backup_refuses_to_overwrite(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "copy.db").write_text("mine")
    assert _run("backup", tmp_path / "copy.db", "--data", data) == 2
    assert "--force" in capsys.readouterr().err
    assert _run("backup", tmp_path / "copy.db", "--data", data, "--force") == 0


def test_check_of_a_sound_database(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("check", "--data", data) == 0
    assert "sound, 3 tasks" in capsys.readouterr().out


def test_check_of_a_damaged_database(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "skalds.db").write_bytes(b"nonsense" * 1000)
    assert _run("check", "--data", data) == 2
    told = capsys.readouterr().err
    assert "skalds db restore" in told
    assert len(told.splitlines()) == 1


def test_restore_says_where_the_database_before_is(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run("backup", tmp_path / "copy.db", "--data", data)
    assert _run("restore", tmp_path / "copy.db", "--data", data) == 0
    assert str(data / "skalds.replaced.db") in capsys.readouterr().out


def test_restore_is_refused_while_a_controller_runs(data: Path, tmp_path: Path) -> None:
    _run("backup", tmp_path / "copy.db", "--data", data)
    lock = SqliteEngine.controller_lock(data)
    assert _run("restore", tmp_path / "copy.db", "--data", data) == 3
    lock.release()
