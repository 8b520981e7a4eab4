"""Builds the service from its settings and launches it: `python app.py`. `tastemaker serve` does the same."""

from __future__ import annotations

import sys

from serving import logs
from serving.server import run
from serving.service import Service
from serving.settings import load_settings
from store.errors import TastemakerError


def announce(address: str) -> None:
    """Say where the page is."""
    sys.stderr.write(f"Tastemaker is at {address}\n")


def main() -> int:
    """Serve until Ctrl-C; 2 where the settings or the data do not allow it."""
    try:
        settings = load_settings()
        logs.configure(settings.log_format, settings.log_level)
        with Service.open(settings) as service:
            run(service, announce=announce)
    except TastemakerError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
