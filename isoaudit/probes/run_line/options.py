"""The options of `run` and `create` by engine: which there are, and which of them take a value.

Sources: docs.docker.com (docker container run), podman-run(1) and podman-create(1) of podman 4 and
5, nerdctl's command reference. All that is needed to tell an option from a value, and both from the
image; what an option means stands in `asked.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from isoaudit.probes.compose.origin import DOCKER, NERDCTL, PODMAN

ENGINES: Mapping[str, str] = {
    "docker": DOCKER,
    "podman": PODMAN,
    "podman-remote": PODMAN,
    "nerdctl": NERDCTL,
}
"""Programs that start containers, by the engine whose options they take."""

VERBS = frozenset({"run", "create"})
GROUP = "container"
"""`docker container run` is `docker run`."""


class Syntax(NamedTuple):
    """The options of one command. `values` take a value, `flags` may have one after `=`.

    `shorts` are the letters, `aliases` old names. `split` are the lists whose values are split at
    commas.
    """

    values: frozenset[str]
    flags: frozenset[str]
    shorts: Mapping[str, str]
    aliases: Mapping[str, str]
    split: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHARED_VALUES = _words("""
    add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent
    cgroupns cidfile cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus
    cpuset-mems detach-keys device device-cgroup-rule device-read-bps device-read-iops
    device-write-bps device-write-iops dns dns-option dns-search entrypoint env env-file expose gpus
    group-add health-cmd health-interval health-retries health-start-interval health-start-period
    health-timeout hostname ip ip6 ipc label label-file link-local-ip log-driver log-opt mac-address
    memory memory-reservation memory-swap memory-swappiness mount name network network-alias
    oom-score-adj pid pids-limit platform publish pull restart runtime security-opt shm-size
    stop-signal stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume volumes-from
    workdir
""")
_SHARED_FLAGS = _words("""
    detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged
    publish-all quiet read-only rm sig-proxy tty
""")
_SHARED_SHORTS = {
    **{"a": "attach", "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname"},
    **{"i": "interactive", "l": "label", "m": "memory", "p": "publish", "P": "publish-all"},
    **{"q": "quiet", "t": "tty", "u": "user", "v": "volume", "w": "workdir"},
}
_SHARED_ALIASES = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option",
                   "dns-opts": "dns-option"}  # fmt: skip

_DOCKER_VALUES = _words("""
    cpu-count cpu-percent domainname io-maxbandwidth io-maxiops isolation kernel-memory link
    volume-driver
""")
_PODMAN_VALUES = _words("""
    arch authfile cert-dir cgroup-conf cgroups chrootdirs conmon-pidfile creds decryption-key
    env-merge gidmap group-entry health-log-destination health-max-log-count health-max-log-size
    health-on-failure health-startup-cmd health-startup-interval health-startup-retries
    health-startup-success health-startup-timeout hosts-file hostuser image-volume init-ctr
    init-path os passwd-entry personality pidfile pod pod-id-file preserve-fd preserve-fds
    rdt-class requires retry retry-delay sdnotify seccomp-policy secret shm-size-systemd
    signature-policy subgidname subuidname systemd timeout tz uidmap umask unsetenv variant
""")
_PODMAN_FLAGS = _words("""
    env-host http-proxy no-hostname no-hosts passwd read-only-tmpfs replace rmi rootfs tls-verify
    unsetenv-all
""")
_PODMAN_SPLIT = _words("""
    add-host annotation cap-add cap-drop device device-cgroup-rule device-read-bps device-read-iops
    device-write-bps device-write-iops env-file gidmap group-add publish sysctl uidmap ulimit
""")
_NERDCTL_VALUES = _words("""
    blkio-weight-device cgroup-conf cosign-certificate-identity
    cosign-certificate-identity-regexp cosign-certificate-oidc-issuer
    cosign-certificate-oidc-issuer-regexp cosign-key domainname ipfs-address isolation kernel-memory
    label-file pidfile pod rdt-class snapshotter umask verify volume-driver
""")
_NERDCTL_FLAGS = _words("rootfs systemd-cgroup")
_NERDCTL_SPLIT = _words("""
    add-host cap-add cap-drop device env-file group-add network publish security-opt sysctl ulimit
""")

SYNTAX: Mapping[str, Syntax] = {
    DOCKER: Syntax(
        _SHARED_VALUES | _DOCKER_VALUES,
        _SHARED_FLAGS | {"use-api-socket"},
        _SHARED_SHORTS,
        _SHARED_ALIASES,
    ),
    PODMAN: Syntax(
        _SHARED_VALUES | _PODMAN_VALUES,
        _SHARED_FLAGS | _PODMAN_FLAGS,
        _SHARED_SHORTS,
        _SHARED_ALIASES,
        _PODMAN_SPLIT,
    ),
    NERDCTL: Syntax(
        _SHARED_VALUES | _NERDCTL_VALUES,
        _SHARED_FLAGS | _NERDCTL_FLAGS,
        _SHARED_SHORTS,
        _SHARED_ALIASES,
        _NERDCTL_SPLIT,
    ),
}

GLOBALS: Mapping[str, Syntax] = {
    DOCKER: Syntax(
        _words("config context host log-level tlscacert tlscert tlskey"),
        _words("debug help tls tlsverify version"),
        {"c": "context", "D": "debug", "H": "host", "l": "log-level", "v": "version"},
        {},
    ),
    PODMAN: Syntax(
        _words("""
            cdi-spec-dir cgroup-manager config conmon connection context db-backend events-backend
            hooks-dir host identity imagestore log-level module namespace network-backend
            network-cmd-path network-config-dir out pull-option root runroot runtime runtime-flag
            ssh storage-driver storage-opt tls-ca tls-cert tls-key tmpdir url volumepath
        """),
        _words("help noout remote syslog transient-store version"),
        {"c": "connection", "r": "remote", "h": "help", "v": "version", "H": "url"},
        {},
    ),
    NERDCTL: Syntax(
        _words("""
            a address bridge-ip cdi-spec-dirs cgroup-manager cni-netconfpath cni-path data-root
            dns dns-opts dns-search global-dns host host-gateway-ip hosts-dir n namespace
            snapshotter storage-driver userns-remap
        """),
        _words("debug debug-full experimental help insecure-registry kube-hide-dupe version"),
        {"a": "address", "H": "host", "n": "namespace", "h": "help", "v": "version"},
        {},
    ),
}
"""The options between the program and its command."""
