"""A git repository made for one test, with a configuration of its own and nobody else's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repo:
    """A repository in a folder; `git("commit", …)` runs git there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        for name, value in (
            ("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false"),
        ):  # fmt: skip
            self.git("config", name, value)

    def git(self, *words: str) -> str:
        """Run git and return what it says; a failure fails the test."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, check=True, capture_output=True
        )
        return done.stdout.decode()

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self) -> str:
        """Commit everything there is; return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        return self.git("rev-parse", "HEAD").strip()
