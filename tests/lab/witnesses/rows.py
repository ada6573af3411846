"""The rows of witnesses.yaml: how a container is made, what is tried in it, what comes out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[1] / "witnesses.yaml"
_PLACES = {"cgroup1": "/sys/fs/cgroup/memory/release_agent"}
PLAIN = "plain"
REMAPPED = "remapped"
"""The lab's two engines: as it comes, and with its users remapped."""


@dataclass(frozen=True, slots=True)
class Row:
    """One witness in one container. `refusal` is "" where it crosses.

    `unknown` says why isoaudit cannot know it, if so.

    The words in braces of `options`, `act`, `says` and `leaves` are filled in by whoever made
    what they stand for.
    """

    number: int
    way: str
    witness: str
    options: str
    act: str
    engine: str
    image: str
    says: str
    leaves: str
    needs: tuple[str, ...]
    refusal: str
    unknown: str

    @property
    def crosses(self) -> bool:
        """Whether the witness has to get through."""
        return not self.refusal

    @property
    def lacking(self) -> list[str]:
        """What the row needs, and this host has not."""
        return [one for one in self.needs if not _is_here(one)]

    @property
    def container(self) -> tuple[str, str, str]:
        """What names the container: rows that want the same one share it."""
        return self.engine, self.image, self.options


def _is_here(need: str) -> bool:
    kernel, _, version = need.partition("-")
    if kernel != "linux":
        return Path(_PLACES.get(need, need)).exists()
    here = os.uname().release.split(".")
    return [int(word) for word in version.split(".")] <= [int(here[0]), int(here[1])]


def load() -> list[Row]:
    """Read every row, in the order of the file, numbered from 1."""
    groups = yaml.safe_load(FILE.read_text("utf-8"))
    pairs = [(group, row) for group in groups for row in group["rows"]]
    return [_row(number, group, row) for number, (group, row) in enumerate(pairs, 1)]


def _row(number: int, group: dict[str, Any], row: dict[str, Any]) -> Row:
    said = {key: value for key, value in group.items() if key != "rows"} | row
    assert ("crossed" in row) != ("refused" in row), f"row {number}: crossed, or refused"
    return Row(
        number=number,
        way=said["way"],
        witness=said["witness"],
        options=said["with"],
        act=said["act"],
        engine=said.get("engine", PLAIN),
        image=said.get("image", PLAIN),
        says=said.get("says", ""),
        leaves=said.get("leaves", ""),
        needs=tuple(said.get("needs", ())),
        refusal=said.get("refused", ""),
        unknown=said.get("unknown", ""),
    )
