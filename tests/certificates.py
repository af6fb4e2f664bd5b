"""A certificate for servers on this machine."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Certificate(NamedTuple):
    """Signed by itself, so that it is also what it is checked against."""

    file: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """A new one for 127.0.0.1, valid for two days."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(made.key),
        "-out",
        str(made.file),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return made
