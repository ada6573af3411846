"""Engines with canned answers, and a dockerd among the processes of a made-up machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docker_tapes import write_process

from isoaudit.model import Record
from isoaudit.probes.docker.engine import engine_record
from isoaudit.transports import EngineApi, FileStat
from isoaudit.transports.local import LocalFiles
from isoaudit.transports.tape import replay


class Owned(LocalFiles):
    """Files below a folder, root's whoever runs the tests, but for what `owners` says."""

    def __init__(self, root: Path, owners: dict[str, int] | None = None) -> None:
        super().__init__(str(root))
        self._owners = owners or {}

    def stat(self, path: str) -> FileStat:
        """Return what a path is, with the owner that the test wants."""
        seen = super().stat(path)
        owner = self._owners.get(path, 0)
        return {**seen, "uid": owner, "gid": owner}


DOCKER_29 = {"Version": "29.3.1", "Platform": {"Name": "Docker Engine - Community"}}


def answering(
    info: dict[str, Any] | None = None,
    version: dict[str, Any] | None = None,
    endpoint: str = "unix:///var/run/docker.sock",
    *,
    engine: str = "docker",
    **lists: list[dict[str, Any]],
) -> EngineApi:
    """Return an engine with these answers; `lists` are its networks and plugins."""
    attributes = {"endpoint": endpoint, "engine": engine, "local": endpoint.startswith("unix")}
    answers: dict[str, Any] = {"info": info or {}, "version": version or {}, **lists}
    calls = {json.dumps([name]): {"answer": answer} for name, answer in answers.items()}
    return replay({"attributes": attributes, "calls": calls}, EngineApi)


def write_dockerd(root: Path, *words: str, config: dict[str, Any] | None = None) -> Path:
    """Write a dockerd that was started with some options; return its folder in /proc."""
    folder = write_process(root, 9)
    (folder / "comm").write_text("dockerd\n")
    (folder / "cmdline").write_text("\0".join(("/usr/bin/dockerd", *words)) + "\0")
    (folder / "exe").symlink_to("/usr/bin/dockerd")
    if config is not None:
        (root / "etc/docker").mkdir(parents=True)
        (root / "etc/docker/daemon.json").write_text(json.dumps(config))
    return folder


def dockerd(
    root: Path, *words: str, config: dict[str, Any] | None = None, api: EngineApi | None = None
) -> Record:
    """Return the record of a dockerd that was started with some options."""
    write_dockerd(root, *words, config=config)
    return engine_record(api or answering(), Owned(root))
