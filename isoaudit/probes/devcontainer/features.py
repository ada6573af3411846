"""What features of a devcontainer add to the way its container is started.

Source: github.com/devcontainers/features, the devcontainer-feature.json of each. One that is
not in the tables may ask for anything that the file itself can ask for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_OFFICIAL = re.compile(
    r"(?:[a-z0-9.:-]{1,200}/devcontainers/features/)?([a-z0-9-]{1,60})"
    r"(?::[^@/]{0,60}|@sha256:[0-9a-f]{64})?"
)

ADDED: Mapping[str, tuple[str, ...]] = {
    "docker-in-docker": (
        "--privileged",
        "--mount=type=volume,source=dind-var-lib-docker,target=/var/lib/docker",
    ),
    "docker-outside-of-docker": (
        "--mount=type=bind,source=/var/run/docker.sock,target=/var/run/docker-host.sock",
        "--security-opt=label=disable",
    ),
    "go": ("--cap-add=SYS_PTRACE", "--security-opt=seccomp=unconfined"),
    "rust": ("--cap-add=SYS_PTRACE", "--security-opt=seccomp=unconfined"),
    "kubectl-helm-minikube": (
        "--mount=type=volume,source=minikube-config,target=/home/vscode/.minikube",
    ),
    "nix": ("--mount=type=volume,source=nix-store,target=/nix",),
}
"""Options by the feature that adds them. `docker-from-docker` is an older name."""

_ALIASES = {"docker-from-docker": "docker-outside-of-docker"}
_NOTHING = frozenset(
    {"common-utils", "git", "git-lfs", "github-cli", "node", "python", "java", "ruby", "php"}
    | {"dotnet", "azure-cli", "aws-cli", "terraform", "sshd", "powershell", "hugo"}
)
"""Features that install programs and ask for nothing that bears on isolation."""


def added(name: str) -> tuple[str, ...] | None:
    """Return the options that a feature adds; None for one that is not known."""
    match = _OFFICIAL.fullmatch(name)
    if match is None:
        return None
    feature = _ALIASES.get(match[1], match[1])
    return () if feature in _NOTHING else ADDED.get(feature)
