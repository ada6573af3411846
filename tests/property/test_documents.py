"""Strangers' files: nothing but the errors meant for them, and no secret in any fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoaudit.documents import yaml
from isoaudit.errors import TargetError
from isoaudit.model import FactSet
from isoaudit.probes.compose.probe import ComposeProbe
from isoaudit.probes.kubernetes.probe import KubernetesProbe
from isoaudit.targets.recognise import recognise

SECRET = "hunter22-do-not-tell"
_CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

_WORDS = st.sampled_from(
    ["true", "false", "host", "ALL", "SYS_ADMIN", "/", "/etc:/etc", "a:b:c:d", "80:80", "1-9:1-9",
     "0", "-1", "512m", "1e9", "1000", "root:0", "no-new-privileges", "seccomp:unconfined",
     "label:type:spc_t", "${A}", "${A:-b}", "$$", "${", "$A/$B", "c *:* rwm", "ns:/proc/1/ns/net",
     "service:x", "", "~", "=", ":", "\\\\.\\pipe\\x", "128Mi", "{{ .Values.x }}", "\x1b[31m", "é"]
)  # fmt: skip
_SCALARS = st.one_of(
    _WORDS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)


def _trees(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        _SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.sampled_from(keys), inner, max_size=5),
        ),
        max_leaves=12,
    )


_SERVICE_KEYS = [
    "privileged", "cap_add", "cap_drop", "security_opt", "user", "userns_mode", "pid", "ipc",
    "uts", "cgroup", "network_mode", "networks", "volumes", "tmpfs", "devices", "gpus", "ports",
    "environment", "env_file", "read_only", "mem_limit", "pids_limit", "cpus", "deploy", "build",
    "device_cgroup_rules", "post_start", "configs", "secrets", "extends", "image", "type",
    "source", "target", "published", "resources", "limits", "memory", "bind", "driver_opts",
    "device", "file", "name", "sysctls", "extra_hosts", "ulimits", "nofile", "hard", "logging",
    "driver", "options", "max-size", "restart", "restart_policy", "condition", "max_attempts",
    "blkio_config", "device_write_bps", "rate", "storage_opt", "size", "memswap_limit", "cpuset",
    "cpu_quota", "cpu_period", "cpu_rt_runtime", "oom_kill_disable", "oom_score_adj",
    "cgroup_parent", "external", "internal", "<<",
]  # fmt: skip
_POD_KEYS = [
    "name", "image", "securityContext", "privileged", "capabilities", "add", "drop", "runAsUser",
    "runAsNonRoot", "seccompProfile", "appArmorProfile", "type", "localhostProfile",
    "seLinuxOptions", "level", "procMount", "volumeMounts", "mountPath", "subPath", "subPathExpr",
    "mountPropagation", "readOnly", "volumeDevices", "devicePath", "resources", "limits", "memory",
    "cpu", "ports", "hostPort", "containerPort", "env", "value", "valueFrom", "envFrom", "volumes",
    "hostPath", "path", "emptyDir", "medium", "projected", "sources", "serviceAccountToken",
    "hostNetwork", "hostPID", "hostUsers", "containers", "initContainers", "metadata",
    "annotations", "windowsOptions", "hostProcess", "spec", "kind", "items", "sysctls",
    "hostAliases", "ephemeral-storage", "sizeLimit", "restartPolicy", "<<",
]  # fmt: skip


def _collect(text: str, probe_type: Callable[..., Any]) -> list[FactSet]:
    """Return every fact set; only the errors meant for a stranger's file may come up."""
    sets: list[FactSet] = []
    try:
        probe = probe_type(yaml.load_all(text, "f.yaml"), "f.yaml")
        targets = probe.find()
    except TargetError:
        return sets
    for target in targets:
        try:
            sets.append(probe.collect(target))
        except TargetError:
            continue
    return sets


@pytest.mark.parametrize("probe_type", [ComposeProbe, KubernetesProbe])
@_CALM
@given(text=st.one_of(st.text(), st.text(alphabet="[]{}:-?&*!|>'\"%@`,#<\n a1")))
def test_any_text_raises_nothing_unforeseen(text: str, probe_type: Callable[..., Any]) -> None:
    """Noise, and noise made of YAML's own characters."""
    _collect(text, probe_type)
    _collect("services:\n  web:\n    " + text, probe_type)
    _collect("kind: Pod\nspec:\n  containers:\n    - " + text, probe_type)
    recognise(text, "a.yaml")


@settings(_CALM, max_examples=250)
@given(service=st.dictionaries(st.sampled_from(_SERVICE_KEYS), _trees(_SERVICE_KEYS), max_size=8),
       rest=st.dictionaries(st.sampled_from(["volumes", "networks", "secrets", "configs", "x"]),
                            _trees([*_SERVICE_KEYS, "a"]), max_size=3))  # fmt: skip
def test_any_service_gives_facts_or_an_error(service: dict[str, Any], rest: dict[str, Any]) -> None:
    """Every key with every kind of value; what is read can be written and read back."""
    text = pyyaml.safe_dump({"services": {"web": service}, **rest})
    for factset in _collect(text, ComposeProbe):
        assert factset == FactSet.from_json(factset.to_json())


@settings(_CALM, max_examples=250)
@given(
    pod=st.dictionaries(st.sampled_from(_POD_KEYS), _trees(_POD_KEYS), max_size=6),
    container=st.dictionaries(st.sampled_from(_POD_KEYS), _trees(_POD_KEYS), max_size=8),
)
def test_any_pod_gives_facts_or_an_error(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """Every key with every kind of value; what is read can be written and read back."""
    text = pyyaml.safe_dump({"kind": "Pod", "spec": {**pod, "containers": [container]}})
    for factset in _collect(text, KubernetesProbe):
        assert factset == FactSet.from_json(factset.to_json())


_NAMES = st.sampled_from(["DB_PASSWORD", "TOKEN", "LEVEL", "API_KEY", "x", "URL"])
_SHAPES = st.sampled_from(
    [SECRET, f"db://user:{SECRET}@host/db", f"${{P:-{SECRET}}}", f"a={SECRET}", f"${{A}}{SECRET}"]
)


@_CALM
@given(variables=st.dictionaries(_NAMES, _SHAPES, min_size=1), listed=st.booleans())
def test_no_secret_of_a_service_is_in_a_fact(variables: dict[str, str], listed: bool) -> None:
    """Neither one in the environment nor one on the command line."""
    environment: Any = [f"{n}={v}" for n, v in variables.items()] if listed else variables
    service = {
        "image": "a",
        "environment": environment,
        "command": ["serve", *variables.values()],
        "entrypoint": f"run --password {SECRET}",
        "labels": variables,
        "healthcheck": {"test": f"curl -u a:{SECRET}"},
        "build": {"context": ".", "args": variables},
        "post_start": [{"command": f"login {SECRET}", "environment": environment}],
    }
    (factset,) = _collect(pyyaml.safe_dump({"services": {"web": service}}), ComposeProbe)

    assert SECRET not in str(factset.to_json())


@_CALM
@given(variables=st.dictionaries(_NAMES, _SHAPES, min_size=1))
def test_no_secret_of_a_pod_is_in_a_fact(variables: dict[str, str]) -> None:
    """Neither one in the environment nor one on the command line."""
    container = {
        "name": "app",
        "image": "a",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "command": ["serve", *variables.values()],
        "args": [f"--password={SECRET}"],
        "livenessProbe": {"exec": {"command": [SECRET]}},
    }
    manifest = {
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": variables, "labels": variables},
        "spec": {"containers": [container]},
    }
    (factset,) = _collect(pyyaml.safe_dump(manifest), KubernetesProbe)

    assert SECRET not in str(factset.to_json())
