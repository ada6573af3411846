"""Addresses of engines: kept without what could be a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoaudit.facts.engine_address import engine_address, host_of, path_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("tcp://dind:2375", "tcp://dind:2375"),
        ("  tcp://Dind:2375/ ", "tcp://Dind:2375"),
        ("proxy:2375", "tcp://proxy:2375"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("ssh://root@build.example:22/run/docker.sock", "ssh://build.example:22"),
        ("tcp://user:hunter2@proxy:2375/v1?token=abc#x", "tcp://proxy:2375"),
        ("docker-container://builder", "docker-container://builder"),
        ("kube-pod://builder?namespace=ci", "kube-pod://builder"),
        ("", ""),
        ("tcp://", ""),
        ("tcp://a b:1", ""),
        ("tcp://${HOST}:2375", ""),
        ("tcp://ghp_0123456789abcdefghijklmnopqrstuvwxyz:2375", ""),
        ("unix:///run/x?password=y z", "unix:///run/x"),
        ("tcp://user:a/b@dind", ""),
        ("tcp://dind:2375/@secret", ""),
        ("javascript://x", ""),
        ("tcp://dind:2375\x1b[31m", ""),
    ],
)
def test_scheme_host_and_port_are_all_that_is_kept(value: str, shown: str) -> None:
    """Users, passwords, paths of URLs and queries go; what is no address is none."""
    assert shown == engine_address(value)


def test_host_and_path_of_an_address() -> None:
    """A socket has a path and no host."""
    assert ("::1", "") == (host_of("tcp://[::1]:2375"), path_of("tcp://[::1]:2375"))
    assert ("dind", "") == (host_of("tcp://Dind:2375"), path_of("tcp://dind"))
    assert ("", "/run/x.sock") == (host_of("unix:///run/x.sock"), path_of("unix:///run/x.sock"))


@given(st.text(alphabet="s3cr!t:/@?#&=", max_size=20), st.sampled_from(["", "#", "?", "/"]))
def test_what_stands_beside_the_host_is_never_kept(secret: str, sign: str) -> None:
    """Whatever a password, path or query holds."""
    shown = engine_address(f"tcp://dind:2375{sign}{secret}" if sign else f"tcp://u:{secret}@dind")
    assert shown in {"", "tcp://dind:2375", "tcp://dind"}
