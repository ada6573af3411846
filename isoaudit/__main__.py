"""Starts isoaudit. `--version` answers from here, without importing anything that takes time."""

from __future__ import annotations

import sys

from isoaudit import __version__


def main() -> None:
    """Run the command line and exit."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"isoaudit {__version__}\n")
        return
    from isoaudit.cli.app import run

    run()


if __name__ == "__main__":
    main()
