"""A file is what the tool takes it for, however it is written and whatever else stands in it."""

from __future__ import annotations

import time

import pytest

from isoaudit import bundle
from isoaudit.targets.recognise import recognise, recognised

POD = "apiVersion: v1\nkind: Pod\n"
OF_POD = '"apiVersion": "v1", "kind": "Pod"}'
COMPOSE = "services:\n  web:\n    image: a\n"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("compose", "compose.yaml", "x-a:\n  apiVersion: v1\n  kind: Pod\n" + COMPOSE),
        ("compose", "a.yaml", "x-a:\n  apiVersion: v1\n  kind: Pod\n" + COMPOSE),
        ("compose", "a.yaml", 'x-a: "\napiVersion: v1\nkind: Pod"\n' + COMPOSE),
        ("compose", "compose.yaml", "#!/usr/bin/env docker\n" + COMPOSE),
        ("compose", "a.yaml", "#!/usr/bin/env docker\n" + COMPOSE),
        ("compose", "compose.yaml", COMPOSE.replace("services", '"serv\\x69ces"')),
        ("compose", "a.yaml", COMPOSE.replace("services", "!!str services")),
        ("compose", "a.yaml", COMPOSE.replace("services", "? services\n")),
        ("compose", "a.yaml", "x-a: &a services\n" + COMPOSE.replace("services", "*a ")),
        ("compose", "a.yaml", "<<: &a {version: '3'}\n" + COMPOSE),
        ("compose", "a.yaml", "x-a: &a\n  services: {web: {image: a}}\n<<: *a\n"),
        ("compose", "a.yaml", COMPOSE.replace("\n", "\r")),
        ("compose", "a.yaml", COMPOSE.replace("\n", "\u2028")),
        ("compose", "a.yaml", "{\n  # c\n  services: {web: {image: a}},\n}\n"),
        ("compose", "a.yaml", "--- {'services': {web: {image: a}}}\n"),
        ("compose", "a.yaml", "  services:\n    web:\n      image: a\n"),
        ("compose", "compose.yaml", "  include: [a.yaml]\n"),
        ("compose", "compose.yaml", "{include: [a.yaml]}\n"),
        ("kubernetes", "a.yaml", POD.replace("\n", "\r")),
        ("kubernetes", "a.yaml", POD.replace("kind", '"k\\u0069nd"')),
        ("kubernetes", "a.yaml", "? apiVersion\n: v1\n? kind\n: Pod\n"),
        ("kubernetes", "a.yaml", "!!str apiVersion: v1\n&k kind: Pod\n"),
        ("kubernetes", "a.json", '{"metadata": {"schema_version": "1"}, ' + OF_POD),
        ("kubernetes", "a.json", '{"a": {"isoaudit_bundle": "1"}, ' + OF_POD),
        ("kubernetes", "a.json", '{"a": {"boot-source": "", "kernel_image_path": ""}, ' + OF_POD),
        ("kubernetes", "a.json", '{"a": {"ociVersion": "1", "process": 1}, ' + OF_POD),
        ("oci", "a.json", '{"ociVersion": "1", "process": {}, "x": {' + OF_POD + "}"),
        ("libvirt_xml", "a.xml", "<!-- <Envelope x /ovf/envelope/ --><domain type='kvm'/>"),
        ("quadlet", "a.container", "#" * 70_000 + "\n[Container]\nImage=a\n"),
        ("vmx", "a.vmx", "#" * 70_000 + '\nconfig.version = "8"\n'),
    ],
)  # fmt: skip
def test_a_disguised_file_is_recognised(kind: str, name: str, text: str) -> None:
    """Neither other spellings of a key nor the words of another kind let a file be passed by."""
    assert kind == recognise(text, name)


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  ? App\\Service\n  : {class: A}\n",
        "&a services:\n  - image: a\n",
        '"a\\tb": 1\nservices: [{image: x}]\n',
        "? a\n: [",
        "jobs:\n  a:\n    services:\n      db: {image: a}\n",
    ],
)
def test_what_is_no_workload_is_none_when_looked_at_closely(text: str) -> None:
    """Another tool's services, and what cannot be composed, are passed by."""
    assert recognise(text, "a.yaml") is None


def test_a_script_may_start_machines_and_containers() -> None:
    """A QEMU command does not hide the containers that the same script runs."""
    text = "#!/bin/sh\nqemu-system-x86_64 -version\ndocker run --privileged a\n"
    assert ["qemu", "docker_run"] == recognised(text, "a.sh")


def test_a_word_further_in_makes_no_bundle() -> None:
    """Only what begins as a bundle is one."""
    assert not bundle.is_bundle(b'{"kind": "Pod", "x": {"isoaudit_bundle": "1"}}')


@pytest.mark.parametrize(
    "piece",
    [
        "? ",
        "- ",
        "{&a ",
        '"\\a',
        "!a",
        "*a ",
        "\r",
        "<<:",
        "{ ",
        " services",
        "services\n",
        "{services",
    ],
)
def test_a_look_behind_the_veil_takes_no_time(piece: str) -> None:
    """No text holds the search up."""
    start = time.process_time()
    recognise(piece * (400_000 // len(piece)), "a.yaml")
    assert time.process_time() - start < 5
