"""The Pod Security Standards: every control, field, container kind and version of a change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pod_security_cases import CASES, LISTS, NEWEST, Case, good_container, merged, pod_of
from pod_security_judging import CATALOGUE, failing, findings
from pod_security_oracle import violated

from isoaudit.errors import UsageError
from isoaudit.model import Status
from isoaudit.rules.select import gate_of, select

BASELINE = set(range(1, 13))
CHANGES = (0, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37)
NUMBERS = {check_id: int(check_id[4:]) for check_id in CATALOGUE if check_id.startswith("PSS-")}
CONTROLS = {
    CATALOGUE[check_id].references["pss"][0].partition("/")[2]: number
    for check_id, number in NUMBERS.items()
}


@pytest.mark.parametrize("where", LISTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_fails_just_what_it_should(case: Case, where: str) -> None:
    """In each list of containers, at each version at which the row expects something."""
    for minor, expected in case.fails.items():
        found = failing(pod_of(case, where), "restricted", minor)

        assert expected == found["odd"], minor
        if case.own or not case.pod:
            assert set() == {n for n in found["other"] if n not in expected}


@pytest.mark.parametrize("check", sorted(NUMBERS))
def test_every_control_has_a_case_that_fails_and_one_that_passes(check: str) -> None:
    """The table above leaves no control out."""
    number = NUMBERS[check]
    assert any(number in fails for case in CASES for fails in case.fails.values())
    assert any(number not in fails for case in CASES for fails in case.fails.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_baseline_is_the_part_of_restricted_below_it(case: Case) -> None:
    """What baseline refuses, restricted refuses by the same controls."""
    pod = pod_of(case, "containers")
    for minor in case.fails:
        weaker, stricter = (failing(pod, level, minor) for level in ("baseline", "restricted"))

        assert weaker == {name: numbers & BASELINE for name, numbers in stricter.items()}


_OF_POD = {
    "hostNetwork": [True, False], "hostPID": [True], "hostIPC": [True], "hostUsers": [True, False],
    "os": [{"name": "windows"}, {"name": "linux"}],
    "volumes": [[{"name": "a", kind: {"path": "/a"}}, {"name": "b", "emptyDir": {}}]
                for kind in ("hostPath", "nfs", "secret", "image")],
}  # fmt: skip
_SHARED = {
    "runAsNonRoot": [True, False], "runAsUser": [0, 1],
    "seccompProfile": [{"type": word} for word in ("RuntimeDefault", "Localhost", "Unconfined")],
    "appArmorProfile": [{"type": word} for word in ("RuntimeDefault", "Unconfined")],
    "seLinuxOptions": [{"type": "spc_t"}, {"type": "container_engine_t"}, {"user": "a"}, {}],
    "windowsOptions": [{"hostProcess": True}, {"hostProcess": False}],
}  # fmt: skip
_NAMES = (
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_notsent_lowat",
    "kernel.sem",
)
_SYSCTLS = [[{"name": name, "value": "1"}] for name in _NAMES]
_OWN = _SHARED | {
    "privileged": [True, False], "procMount": ["Default", "Unmasked"],
    "allowPrivilegeEscalation": [True, False],
    "capabilities": [{"drop": ["ALL"]}, {"drop": ["all"]}, {"add": ["CHOWN"]},
                     {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, {"add": ["SYS_ADMIN"]}],
}  # fmt: skip
_REST = {
    "ports": [[{"containerPort": 80}], [{"containerPort": 80, "hostPort": 80}]],
    "livenessProbe": [{"httpGet": {"port": 1, "host": "a"}}, {"tcpSocket": {"port": 1}}],
    "lifecycle": [{"preStop": {"httpGet": {"port": 1, "host": "a"}}}],
}
_NOTES = {
    "container.apparmor.security.beta.kubernetes.io/a": ["unconfined", "runtime/default"],
    "container.seccomp.security.alpha.kubernetes.io/a": ["unconfined", "docker/default"],
    "seccomp.security.alpha.kubernetes.io/pod": ["unconfined", "localhost/x"],
}


def _some(table: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in table.items()})


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    spec = draw(_some(_OF_POD))
    spec["securityContext"] = draw(_some(_SHARED | {"sysctls": _SYSCTLS}))
    for index, where in enumerate(LISTS):
        own = {"name": "abc"[index], "securityContext": draw(_some(_OWN)), **draw(_some(_REST))}
        good = merged(good_container(own["name"]), draw(_some(_REST)))
        spec[where] = [draw(st.sampled_from([own, good]))]
    notes = draw(_some(_NOTES))
    return {"kind": "Pod", "metadata": {"name": "p", "annotations": notes}, "spec": spec}


@given(pods(), st.sampled_from(CHANGES))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_pod_is_judged_as_the_standards_word_it(pod: dict[str, Any], minor: int) -> None:
    """A second reading of the standards, of whole pods and without any facts, agrees."""
    found = failing(pod, "restricted", minor)

    expected = {CONTROLS[control] for control in violated(pod, minor)}
    assert expected == set().union(*found.values())


@given(pods(), st.sampled_from(CHANGES))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_baseline_refuses_restricted_refuses(pod: dict[str, Any], minor: int) -> None:
    """The levels are ordered, at every version."""
    refused = [any(failing(pod, level, minor).values()) for level in ("baseline", "restricted")]

    assert refused != [True, False]


def _inside(kind: str, template: dict[str, Any]) -> dict[str, Any]:
    head = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}}
    if kind == "Pod":
        return {**template, **head, "metadata": {**template["metadata"], "name": "web"}}
    if kind == "CronJob":
        return {**head, "spec": {"jobTemplate": {"spec": {"template": template}}}}
    if kind == "PodTemplate":
        return {**head, "template": template}
    if kind in {"List", "PodList"}:
        return {"kind": kind, "items": [_inside("Pod", template)]}
    return {**head, "spec": {"template": template}}


@pytest.mark.parametrize(
    "kind", ["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job",
             "CronJob", "PodTemplate", "List", "PodList"],
)  # fmt: skip
@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case.name)
def test_every_kind_of_workload_gives_its_pod_the_same_verdicts(case: Case, kind: str) -> None:
    """Whoever makes the pod, it is the pod that is judged."""
    pod = pod_of(case, "initContainers")

    expected = failing(_inside("Pod", pod), "restricted", NEWEST)
    assert expected == failing(_inside(kind, pod), "restricted", NEWEST)


def test_a_refusal_names_the_control_the_field_and_its_place() -> None:
    """Whoever reads it knows which line to change, of the pod's own setting too."""
    pod = pod_of(Case("", {}, pod={"securityContext": {"runAsUser": 0}}), "containers")
    found = findings(pod, "restricted", NEWEST)["odd"]
    (finding,) = (one for one in found if one.status is Status.FAIL)

    assert "runAsUser: spec.securityContext.runAsUser is 0" == finding.message
    assert ("pod.json", '"runAsUser": 0') == _line(pod, finding.location)


def _line(pod: dict[str, Any], location: Any) -> tuple[str, str]:
    import json

    return location.file, json.dumps(pod, indent=1).splitlines()[location.line - 1].strip()


def test_what_must_be_set_and_is_not_is_told_at_the_container() -> None:
    """There is no line of its own for what nobody wrote."""
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "web"}]}}
    found = findings(pod, "restricted", NEWEST)["web"]
    (finding,) = (one for one in found if one.check == "PSS-014")

    words = "spec.containers[web].securityContext.allowPrivilegeEscalation is none, not false"
    assert f"allowPrivilegeEscalation: {words}" == finding.message


def test_an_annotation_for_no_container_is_told_all_the_same() -> None:
    """The standard looks at all of them; a name may be misspelt."""
    key = "container.apparmor.security.beta.kubernetes.io/misspelt"
    pod = pod_of(Case("", {}, notes={key: "unconfined"}), "containers")

    assert {"odd": {8}, "other": {8}} == failing(pod, "baseline", NEWEST)


@pytest.mark.parametrize("name", ["pss-baseline", "pss-restricted"])
def test_the_newest_version_holds_unless_one_is_named(name: str) -> None:
    """And so it does for @latest."""
    newest = select([name], CATALOGUE).checks
    assert newest == select([f"{name}@latest"], CATALOGUE).checks
    assert newest == select([f"{name}@1.{NEWEST}"], CATALOGUE).checks
    assert newest != select([f"{name}@1.{NEWEST - 1}"], CATALOGUE).checks
    assert gate_of([name]) == gate_of([f"{name}@1.20"])


@pytest.mark.parametrize(
    ("name", "words"),
    [("default@1.20", "no versions"), ("pss-baseline@2.0", "no profile"),
     ("pss-baseline@1.020", "no profile"), ("pss-baseline@", "no profile")],
)  # fmt: skip
def test_a_version_that_is_none_is_refused(name: str, words: str) -> None:
    """Nothing is judged by a guess."""
    with pytest.raises(UsageError, match=words):
        select([name], CATALOGUE)


def test_two_versions_at_once_are_refused() -> None:
    """Nobody guesses which of them was meant."""
    with pytest.raises(UsageError, match="different settings"):
        select(["pss-baseline@1.20", "pss-baseline"], CATALOGUE)


@pytest.mark.parametrize("name", ["default", "sensitive", "strict"])
def test_the_usual_profiles_do_not_say_everything_twice(name: str) -> None:
    """The controls, one by one, are for who asks for them."""
    assert not [check for check in select([name], CATALOGUE).checks if "pss" in check.tags]
