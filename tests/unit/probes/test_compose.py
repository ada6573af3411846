"""Compose files as a whole: which services are found, and what stops one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared_facts import compose

from isoaudit.documents import yaml
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import Location, Target
from isoaudit.probes.compose.probe import ComposeProbe

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "compose"


def _probe(text: str) -> ComposeProbe:
    return ComposeProbe(yaml.load_all(text, "compose.yaml"), "compose.yaml")


def _find(text: str) -> list[Target]:
    return list(_probe(text).find())


def test_every_service_is_a_target() -> None:
    """A target is named by file and service and stands where the service's key does."""
    found = _find("services:\n  web: {image: a}\n  db:\n    image: b\n")

    assert ["compose:compose.yaml#web", "compose:compose.yaml#db"] == [t.id for t in found]
    assert Location("compose.yaml", 3, 3) == found[1].location
    assert ("declared", "compose", "db") == (found[1].state, found[1].dialect, found[1].name)


@pytest.mark.parametrize("text", ["", "x: 1\n", "services:\n", "services: {}\n", "---\n---\n"])
def test_a_file_without_services_has_no_targets(text: str) -> None:
    """No service is no target, and no error."""
    assert [] == _find(text)


def test_extensions_and_profiles_are_passed_by() -> None:
    """Keys with x- are no services; a service with a profile is one like any other."""
    found = _find("x-a: {}\nservices:\n  x-b: {}\n  debug: {profiles: [debug], image: a}\n")

    assert ["debug"] == [target.name for target in found]


@pytest.mark.parametrize("text", ["services: [web]\n", "services: web\n"])
def test_services_that_are_no_mapping_are_an_error_of_the_file(text: str) -> None:
    """Nothing can be listed of such a file."""
    with pytest.raises(DocumentError, match=r"compose.yaml:1:11: a mapping is expected"):
        _find(text)


def test_a_file_whose_only_include_cannot_be_read_is_an_error() -> None:
    """Nothing of it is audited, which must not look like nothing wrong."""
    with pytest.raises(DocumentError, match=r"^compose.yaml:1:11: an include that is not followed"):
        _find("include: [other.yaml]\n")


@pytest.mark.parametrize(
    "broken",
    [
        "[a]",
        "a",
        "{cap_add: {a: b}}",
        "{privileged: maybe}",
        "{privileged: [true]}",
        "{volumes: {a: b}}",
        "{volumes: [{type: bind}]}",
        "{ports: ['x:y']}",
        "{ports: ['70000:80']}",
        "{ports: [{published: 80}]}",
        "{device_cgroup_rules: [anything]}",
        "{mem_limit: lots}",
        "{pids_limit: 1e99999}",
        "{cpus: many}",
        "{deploy: [a]}",
        "{environment: [[a]]}",
        "{image: a, image: b}",
        "{security_opt: [{a: b}]}",
        "{post_start: [{privileged: []}]}",
    ],
)
def test_a_malformed_service_costs_only_itself(broken: str) -> None:
    """It is listed, says where it is broken when it is read, and leaves the others alone."""
    probe = _probe(f"services:\n  bad: {broken}\n  good: {{image: a}}\n")
    bad, good = probe.find()

    with pytest.raises(DocumentError, match=r"^compose\.yaml:2:"):
        probe.collect(bad)
    assert probe.collect(good).facts["container.image.reference"][0].value == "a"


def test_a_target_of_another_file_is_refused() -> None:
    """A service that is not there is an error, never an empty set of facts."""
    probe = _probe("services: {web: {}}\n")
    target = probe.find()[0]
    other = ComposeProbe([], "other.yaml")

    with pytest.raises(TargetError, match="no service 'web'"):
        other.collect(target)


def test_a_service_in_two_documents_is_merged() -> None:
    """Compose merges documents like files; half of a service would be a wrong one."""
    probe = _probe("services: {web: {image: a}}\n---\nservices: {web: {privileged: true}}\n")
    (target,) = probe.find()
    facts = probe.collect(target).facts

    assert "a" == facts["container.image.reference"][0].value
    assert facts["container.privileged"][0].value is True
    assert Location("compose.yaml", 3, 30) == facts["container.privileged"][0].location
    assert Location("compose.yaml", 1, 12) == target.location


def test_a_service_that_says_nothing_gets_the_engine_s_defaults() -> None:
    """Every default is resolved, and its source says whose it is."""
    seen = compose("image: example/web")

    expected = {
        "container.platform": "compose",
        "container.privileged": False,
        "container.runtime": "runc",
        "container.restart": "no",
        "container.rootfs.read_only": False,
        "container.user_namespace": "default",
        "container.seccomp.profile": "default",
        "container.apparmor.profile": "default",
        "container.selinux.disabled": False,
        "container.limits.memory.set": False,
        "container.limits.pids.set": False,
        "container.limits.cpu.set": False,
        "container.engine_api_injected": False,
        "container.build.privileged": False,
        "container.lifecycle.privileged": False,
        "container.namespace_paths": (),
        "process.name": "web",
        "process.main": True,
        "process.root_permitted": True,
        "process.no_new_privileges": False,
        "process.seccomp.mode": "filter",
        "process.user_namespace": "host",
        "process.namespaces.pid": "private",
    }
    assert expected == {path: seen.facts[path] for path in expected}
    assert (
        seen.sources["process.capabilities.bounding"]
        == "compose.yaml:2:3 (no cap_add or cap_drop: engine default)"
    )
    assert "the image decides" in seen.missing["process.uid"]
    assert "AppArmor" in seen.missing["process.apparmor.confined"]


def test_merge_keys_bring_settings_in() -> None:
    """What an anchor holds counts like what stands in the service."""
    text = (
        "x-base: &base {privileged: true, read_only: true}\n"
        "services:\n  web:\n    <<: *base\n    read_only: false\n"
    )
    probe = _probe(text)
    facts = probe.collect(probe.find()[0]).facts

    assert facts["container.privileged"][0].value is True
    assert facts["container.rootfs.read_only"][0].value is False


def test_what_a_service_inherits_is_no_default() -> None:
    """With `extends` an absent key proves nothing, and no list is known to its end."""
    seen = compose("extends: {service: base}\ncap_drop: [ALL]\nread_only: true\nvolumes: [/:/host]")

    assert seen.facts["container.rootfs.read_only"] is True
    for path in ("container.privileged", "process.capabilities.bounding", "process.seccomp.mode"):
        assert path not in seen.facts
        assert "cannot be followed" in seen.missing[path]
    assert "cannot be followed" in seen.incomplete("mount")
    assert ["/"] == [record["mount.source"] for record in seen.records("mount")]


def test_a_key_that_is_taken_back_is_absent() -> None:
    """`!reset` undoes a key; its value means nothing."""
    seen = compose("privileged: !reset true")

    assert seen.facts["container.privileged"] is False


@pytest.mark.parametrize("example", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_example_can_be_read(example: Path) -> None:
    """The shipped examples declare services, all of which give facts."""
    probe = ComposeProbe(yaml.load_all(example.read_text(), example.name), example.name)
    targets = probe.find()

    assert targets
    assert all(probe.collect(target).parts["process"] for target in targets)
