"""What a file is, by its content."""

from __future__ import annotations

import time

import pytest

from isoaudit.targets.recognise import recognise

SERVICES = "services:\n  web:\n    image: a\n"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("compose", "a.yaml", SERVICES),
        ("compose", "compose.yaml", "{services: {web: {image: a}}}"),
        ("compose", "compose.yaml", "{\n  # about\n  name: x, 'services': {}}"),
        ("kubernetes", "a.yaml", "? apiVersion\n: v1\n? kind\n: Pod\n"),
        ("kubernetes", "a.yaml", "!!str apiVersion: v1\n&k kind: Pod\n"),
        ("kubernetes", "a.json", '{"api\\u0056ersion": "v1", "\\u006bind": "Pod"}'),
        ("docker_run", "run.sh", "D=docker\n$D run --privileged a\n"),
        ("docker_run", "run.sh", 'CMD="docker run --privileged"\nif x; then exec $CMD a; fi\n'),
        ("docker_run", "run.zsh", "docker run a\n"),
        ("compose", "a.yaml", "# about\nname: x\n\n" + SERVICES),
        ("compose", "a.yaml", SERVICES.replace("\n", "\r\n")),
        ("compose", "a.yaml", "services:  # all\n\n  # one\n  web:\n    build: .\n"),
        ("compose", "a.yaml", "services: {web: {image: a}}\n"),
        ("compose", "a.yaml", '"services":\n  web: {"image": a}\n'),
        ("compose", "compose.yaml", "services:\n  web: {}\n"),
        ("compose", "docker-compose.prod.yml", "services: []\n"),
        ("compose", "compose.yaml", "include: [other.yaml]\n"),
        ("compose", "a.json", '{"name": "x",\n  "services": {"web": {"image": "a"}}}'),
        ("compose", "compose.json", '{"x-a": 1, "services": {}}'),
        ("kubernetes", "a.yaml", "apiVersion: v1\nkind: Pod\n"),
        ("kubernetes", "a.yaml", "---\nkind: Pod\napiVersion: v1\n"),
        ("kubernetes", "a.json", '{"apiVersion":"v1","kind":"List","items":[]}'),
        ("kubernetes", "a.json", '{\n  "kind": "Pod",\n  "apiVersion": "v1"\n}'),
        ("kubernetes", "a.yaml", "- apiVersion: v1\n  kind: Pod\n"),
        ("libvirt_xml", "a.xml", "<!-- a -->\n<domain type='kvm'>\n</domain>"),
        ("libvirt_xml", "a.xml", "<domstatus><domain/></domstatus>"),
        ("libvirt_xml", "a.xml", "<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY a '>'>]><domain>"),
        ("libvirt_xml", "a.xml", "<domainsnapshot><name>s</name><domain type='kvm'/>"),
        ("firecracker", "a.json", '{"boot-source": {"kernel_image_path": "/k"}}'),
        ("kata", "a.toml", "# a\n[hypervisor.qemu] # b\nx = 1\n[runtime]\n"),
        ("dockerfile", "Dockerfile", "# a\nARG X\nFROM $X\n"),
        ("dockerfile", "Dockerfile.alpine", "from a\n"),
        ("dockerfile", "web.Dockerfile", "FROM a\n"),
        ("dockerfile", "web.dockerfile", "  FROM a\n"),
        ("dockerfile", "Containerfile", "FROM a\n"),
        ("devcontainer", "devcontainer.json", '// a\n{"image": "a"}'),
        ("devcontainer", ".devcontainer.json", '{"dockerComposeFile" : "a"}'),
        ("kata", "a.toml", "[hypervisor.clh]\r\n[agent.kata]\r\n"),
        ("qemu", "run.sh", "#!/bin/sh\nexec qemu-system-x86_64 \\\n  -m 1G\n"),
        ("qemu", "run", "#!/bin/sh\n/usr/bin/qemu-kvm -m 1G\n"),
        ("qemu", "-", "qemu-system-aarch64 -M virt\n"),
        ("qemu", "q35.cfg", '# a\n\n[device "a"]\n  driver = "b"\n'),
        ("cloud_hypervisor", "run.sh", "cloud-hypervisor \\\n --kernel k\n"),
        ("vmx", "a.vmx", '.encoding = "UTF-8"\nvirtualHW.version = "19"\n'),
        ("xl", "a.cfg", "name = 'a'\nmemory = 512\ndisk = []\n"),
        (
            "ovf",
            "a.ovf",
            "<?xml version='1.0'?><Envelope a='b' xmlns='http://schemas.dmtf.org/ovf/envelope/1'>",
        ),
        ("ovf", "a.xml", "<ovf:Envelope xmlns:ovf='http://schemas.dmtf.org/ovf/envelope/2'>"),
        ("bundle", "a.json", '{"isoaudit_bundle": "1"}'),
        ("result", "a.json", '{"schema_version": "1"}'),
    ],
)
def test_what_is_recognised(kind: str, name: str, text: str) -> None:
    """By top-level keys and root elements, in every spelling."""
    assert kind == recognise(text, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile.dockerignore", "FROM a\n"),
        ("Dockerfiles", "FROM a\n"),
        ("Dockerfile.md", "# Images\n\n    FROM a\n"),
        ("Dockerfile", "all:\n\techo FROM a\n"),
        ("devcontainer.json", '{"name": "a"}'),
        ("a.yaml", ""),
        ("a.yaml", "a: b\n"),
        ("a.json", '{"services": ["a"]}'),
        ("package.json", '{"name": "x", "dependencies": {}}'),
        ("Chart.yaml", "apiVersion: v2\nname: chart\n"),
        ("pom.xml", "<project><modelVersion/></project>"),
        ("services.yaml", "services:\n    _defaults:\n        autowire: true\n"),
        (".gitlab-ci.yml", "services:\n  - postgres\ntest:\n  image: a\n"),
        (".gitlab-ci.yml", "services:\n- name: postgres\ntest:\n  image: a\n"),
        (".gitlab-ci.yml", "include:\n  - local: a\ntest:\n  image: a\n"),
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.hypervisor.x]\n"),
        ("a.toml", "[hypervisor.qemu]\n"),
        ("a.toml", SERVICES),
        ("build.sh", "#!/bin/sh\ncat > compose.yaml <<EOF\n" + SERVICES + "EOF\n"),
        ("build.sh", "# qemu-system-x86_64 -m 1G\napt install qemu-system-x86\n"),
        (".gitlab-ci.yml", "test:\n  script:\n    - qemu-system-x86_64 -m 1G\n"),
        ("setup.cfg", "[metadata]\nname = x\n"),
        ("app.cfg", "[device]\ndriver = x\n"),
        ("app.cfg", "name = x\nmemory = 1\n"),
        ("a.json", '{"boot-source": "cdrom"}'),
        ("a.xml", "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'/>"),
        ("net.xml", "<network><dns/><domain name='a.org'/></network>"),
        ("api.xml", "<?xml version='1.0'?>\n<api><!-- <domain> --><domain x='1'/></api>"),
        ("job.yaml", "jobs:\n  test:\n    services:\n      db: {image: a}\n"),
    ],
)
def test_what_is_left_alone(name: str, text: str) -> None:
    """Other tools' files, though some words are the same."""
    assert recognise(text, name) is None


@pytest.mark.parametrize("name", ["a.yaml", "a.sh", "a.toml", "a.cfg", "a.vmx", "a.ovf", "a.json"])
@pytest.mark.parametrize(
    "text",
    ["\n" * 4_000_000, " " * 4_000_000, "services:\n" + "#\n" * 1_000_000, "{ " * 2_000_000,
     "services:\n" * 400_000, "- " * 2_000_000, "'" * 4_000_000, "<a:Envelope " * 300_000,
     "[hypervisor.q" * 300_000, "qemu-kvm" * 500_000, "qemu-kvm \\\n" * 300_000,
     "[device " * 500_000, "<!-- -->" * 500_000, "<!DOCTYPE a []" * 300_000,
     "<? " * 500_000, "<!DOCTYPE a [" + "] " * 2_000_000],
    ids=["lines", "blanks", "comments", "braces", "services", "dashes", "quotes", "envelopes",
         "tables", "words", "joined", "groups",
         "remarks", "doctypes", "instructions", "subsets"],
)  # fmt: skip
def test_recognising_is_linear(text: str, name: str) -> None:
    """A file of megabytes that is none costs no more than a look."""
    started = time.process_time()
    recognise(text, name)

    assert time.process_time() - started < 2
