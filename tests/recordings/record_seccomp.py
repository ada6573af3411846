"""Records what filters a dockerd loads by default, for the unit tests of isoaudit.seccomp.

Called as root from the root of a checkout, with dockerd, runc and gcc installed:
    python tests/recordings/record_seccomp.py
Starts a dockerd of the lab's own, one container for each entry of OPTIONS, and writes
tests/recordings/seccomp/docker-VERSION.json: for each the loaded filters (newest first, hexadecimal
`struct sock_filter`s) and the profile that dockerd handed to runc (config.json, linux.seccomp).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lab"), str(HERE.parents[1])]

from support.docker import docker_engine  # noqa: E402

from isoaudit.transports.ptrace import PtraceFilters  # noqa: E402

OPTIONS = {
    "default": (),
    "sys-admin": ("--cap-add", "SYS_ADMIN"),
    "no-capabilities": ("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
}


def main() -> None:
    """Record every container of OPTIONS."""
    recorded = {}
    with docker_engine() as engine:
        version = engine.cli("version", "--format", "{{.Server.Version}}")
        for name, options in OPTIONS.items():
            engine.create(f"isorec-{name}", options)
            told = engine.inspect(f"isorec-{name}")
            pid = told["State"]["Pid"]
            start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            (bundle,) = engine.folder.glob(f"**/{told['Id']}/config.json")
            recorded[name] = {
                "profile": json.loads(bundle.read_text())["linux"]["seccomp"],
                "filters": PtraceFilters().read(pid, start),
            }
    file = HERE / "seccomp" / f"docker-{version.partition('+')[0]}.json"
    file.parent.mkdir(exist_ok=True)
    written = {"engine": f"docker {version}", "recorded_by": "record_seccomp.py", **recorded}
    file.write_text(json.dumps(written, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
