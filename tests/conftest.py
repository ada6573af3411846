"""What holds for all tests: a clean environment, and the option that rewrites golden files."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

_CHANGES_OUTPUT = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "DOCKER_HOST")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Rewrite tests/golden/*.txt from the output."
    )


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take away every variable that changes what isoaudit does, and give it its own cache."""
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name in _CHANGES_OUTPUT or name.startswith("ISOAUDIT_"):
                patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
