"""The repository names no package registry, no download address and nobody's home folder."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

# Written in pieces, so that this file passes its own test.
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("yarnpkg", "com"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
            ("maven", "org"),
            ("deb", "debian", "org"),
        ]
    )
)
HOME = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/[\w.]")
LOCK_FILES = re.compile(r"(^|/)(requirements/.*\.txt|.*\.lock|package-lock\.json)$")


def repository_files() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {name: text_of(name) for name in repository_files()}


def found(texts: dict[str, str], pattern: re.Pattern[str]) -> dict[str, str]:
    return {name: match[0] for name, text in texts.items() if (match := pattern.search(text))}


def test_no_file_names_a_package_registry(texts: dict[str, str]) -> None:
    assert found(texts, REGISTRY) == {}


def test_no_file_names_a_home_folder(texts: dict[str, str]) -> None:
    assert found(texts, HOME) == {}


def test_lock_files_hold_no_address(texts: dict[str, str]) -> None:
    locks = {name: text for name, text in texts.items() if LOCK_FILES.search(name)}

    assert {"requirements/base.txt", "requirements/dev.txt", "requirements/services.txt"} <= locks.keys()
    assert found(locks, re.compile(r"\w+://|--(?:extra-)?index-url|--find-links|--trusted-host")) == {}


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "services.txt"])
def test_every_pinned_requirement_has_hashes(name: str) -> None:
    lines = (Path(ROOT) / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    requirements = [line for line in lines if line and not line.lstrip().startswith("#")]

    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
