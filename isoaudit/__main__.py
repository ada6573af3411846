"""Starts isoaudit. `--version` answers from here, without importing anything that takes time."""

from __future__ import annotations

import gc
import sys

from isoaudit import __version__


def main() -> None:
    """Run the command line and exit."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"isoaudit {__version__}\n")
        return
    # What is loaded first stays to the end; looking through it for garbage costs a tenth of a scan.
    gc.set_threshold(50_000, 20, 20)
    from isoaudit.cli.app import run

    try:
        run()
    finally:
        gc.freeze()  # what is left goes with the process: no last look through it either


if __name__ == "__main__":
    main()
