"""Starts and stops servers when run with `python -m skalds.testing.services`."""

from skalds.testing.services.command import app

if __name__ == "__main__":
    app()
