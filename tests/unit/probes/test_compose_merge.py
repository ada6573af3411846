"""Two compose files merged: a rule of the specification in each row."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_projects import merged, model, names, probe, read, write

from isoaudit.errors import DocumentError
from isoaudit.model import Location

ROWS = [
    # mappings
    ("{key1: a, key2: b}", "{key2: B, key3: c}", {"key1": "a", "key2": "B", "key3": "c"}),
    ("{deploy: {resources: {limits: {memory: 1m}}}}", "{deploy: {resources: {limits: {pids: 1}}}}",
     {"deploy": {"resources": {"limits": {"memory": "1m", "pids": 1}}}}),
    ("{image: a}", "{}", {"image": "a"}),
    ("{image: a}", "", {"image": "a"}),
    ("", "{image: a}", {"image": "a"}),
    ("{image: a}", "{image: null}", {"image": "a"}),
    ("{cap_add: [A]}", "{cap_add: }", {"cap_add": ["A"]}),
    ("{image: }", "{image: a}", {"image": "a"}),
    # lists
    ("{dns: [1.1.1.1]}", "{dns: [8.8.8.8]}", {"dns": ["1.1.1.1", "8.8.8.8"]}),
    ("{dns: 1.1.1.1}", "{dns: [8.8.8.8]}", {"dns": ["1.1.1.1", "8.8.8.8"]}),
    ("{security_opt: [a:b]}", "{security_opt: [c:d]}", {"security_opt": ["a:b", "c:d"]}),
    ("{cap_add: [A, B]}", "{cap_add: [B, C]}", {"cap_add": ["A", "B", "C"]}),
    ("{cap_drop: [A]}", "{cap_drop: [A]}", {"cap_drop": ["A"]}),
    ("{group_add: [a]}", "{group_add: [a]}", {"group_add": ["a", "a"]}),
    ("{tmpfs: /a}", "{tmpfs: [/b]}", {"tmpfs": ["/a", "/b"]}),
    ("{tmpfs: ['/a:size=1m']}", "{tmpfs: ['/a:size=2m']}", {"tmpfs": ["/a:size=2m"]}),
    ("{profiles: [a]}", "{profiles: [a, b]}", {"profiles": ["a", "b"]}),
    # what is replaced
    ("{command: [echo, foo]}", "{command: [echo, bar]}", {"command": ["echo", "bar"]}),
    ("{command: [echo, foo]}", "{command: echo bar}", {"command": "echo bar"}),
    ("{entrypoint: [a]}", "{entrypoint: [b]}", {"entrypoint": ["b"]}),
    ("{healthcheck: {test: [CMD, a], retries: 3}}", "{healthcheck: {test: [CMD, b]}}",
     {"healthcheck": {"test": ["CMD", "b"], "retries": 3}}),
    # unique entries
    ("{volumes: ['foo:/work']}", "{volumes: ['bar:/work']}", {"volumes": ["bar:/work"]}),
    ("{volumes: ['foo:/work', 'a:/b']}", "{volumes: ['bar:/work:ro']}",
     {"volumes": ["bar:/work:ro", "a:/b"]}),
    ("{volumes: ['foo:/work']}", "{volumes: [{type: bind, source: /, target: /work}]}",
     {"volumes": [{"type": "bind", "source": "/", "target": "/work"}]}),
    ("{volumes: ['foo:/work']}", "{volumes: ['foo:/other']}",
     {"volumes": ["foo:/work", "foo:/other"]}),
    ("{volumes: ['/work']}", "{volumes: ['bar:/work']}", {"volumes": ["bar:/work"]}),
    ("{ports: ['8080:80']}", "{ports: ['8443:443']}", {"ports": ["8080:80", "8443:443"]}),
    ("{ports: ['8080:80']}", "{ports: ['8080:80/tcp']}", {"ports": ["8080:80/tcp"]}),
    ("{ports: ['8080:80']}", "{ports: ['8080:80/udp']}", {"ports": ["8080:80", "8080:80/udp"]}),
    ("{ports: ['8080:80']}", "{ports: ['127.0.0.1:8080:80']}",
     {"ports": ["8080:80", "127.0.0.1:8080:80"]}),
    ("{ports: ['8080:80']}", "{ports: [{target: 80, published: '8080'}]}",
     {"ports": [{"target": 80, "published": "8080"}]}),
    ("{secrets: [a]}", "{secrets: [{source: b, target: /run/secrets/a}]}",
     {"secrets": [{"source": "b", "target": "/run/secrets/a"}]}),
    ("{secrets: [a]}", "{secrets: [a, b]}", {"secrets": ["a", "b"]}),
    ("{configs: [a]}", "{configs: [{source: b, target: /a}]}",
     {"configs": [{"source": "b", "target": "/a"}]}),
    ("{devices: ['/dev/a:/dev/x']}", "{devices: ['/dev/b:/dev/x']}",
     {"devices": ["/dev/b:/dev/x"]}),
    ("{devices: [/dev/a]}", "{devices: [/dev/b]}", {"devices": ["/dev/a", "/dev/b"]}),
    ("{expose: ['80']}", "{expose: ['80', '81']}", {"expose": ["80", "81"]}),
    # mappings and lists that stand for each other
    ("{environment: {A: a, B: b}}", "{environment: [B=c, C]}",
     {"environment": ["A=a", "B=c", "C"]}),
    ("{environment: [A=a]}", "{environment: {A: b, C: }}", {"environment": ["A=b", "C"]}),
    ("{environment: {A$B: a}}", "{environment: {C: c}}", {"environment": ["A$$B=a", "C=c"]}),
    ("{sysctls: {a: 1}}", "{sysctls: [a=2, b=3]}", {"sysctls": ["a=2", "b=3"]}),
    ("{labels: {a: 1}}", "{labels: {a: 2}}", {"labels": ["a=2"]}),
    ("{extra_hosts: {a: 1.1.1.1}}", "{extra_hosts: ['a=1.1.1.1', 'b=2.2.2.2']}",
     {"extra_hosts": ["a=1.1.1.1", "b=2.2.2.2"]}),
    ("{env_file: a.env}", "{env_file: [a.env, {path: b.env}]}",
     {"env_file": ["a.env", {"path": "b.env"}]}),
    ("{networks: [a]}", "{networks: {b: {aliases: [x]}}}",
     {"networks": {"a": None, "b": {"aliases": ["x"]}}}),
    ("{networks: {a: {aliases: [x]}}}", "{networks: {a: {aliases: [x, y]}}}",
     {"networks": {"a": {"aliases": ["x", "y"]}}}),
    ("{networks: {a: }}", "{networks: ['${NET}']}", {"networks": ["a", "${NET}"]}),
    ("{depends_on: [a]}", "{depends_on: {b: {condition: service_healthy}}}",
     {"depends_on": {"a": None, "b": {"condition": "service_healthy"}}}),
    # what is merged in a way of its own
    ("{build: .}", "{build: {args: [A=1]}}", {"build": {"context": ".", "args": ["A=1"]}}),
    ("{build: {args: {A: 1}}}", "{build: {args: [A=2], privileged: true}}",
     {"build": {"args": ["A=2"], "privileged": True}}),
    ("{build: {context: a}}", "{build: b}", {"build": {"context": "b"}}),
    ("{logging: {driver: a, options: {x: 1}}}", "{logging: {options: {y: 2}}}",
     {"logging": {"driver": "a", "options": {"x": 1, "y": 2}}}),
    ("{logging: {driver: a, options: {x: 1}}}", "{logging: {driver: b}}",
     {"logging": {"driver": "b"}}),
    ("{logging: {driver: a, options: {x: 1}}}", "{logging: {driver: a, options: {x: 2}}}",
     {"logging": {"driver": "a", "options": {"x": 2}}}),
    ("{ulimits: {nofile: 1, core: 0}}", "{ulimits: {nofile: {soft: 2, hard: 3}}}",
     {"ulimits": {"nofile": {"soft": 2, "hard": 3}, "core": 0}}),
    ("{ulimits: {nofile: {soft: 1, hard: 2}}}", "{ulimits: {nofile: {hard: 3}}}",
     {"ulimits": {"nofile": {"soft": 1, "hard": 3}}}),
    ("{ulimits: {nofile: {soft: 1, hard: 2}}}", "{ulimits: {nofile: 3}}",
     {"ulimits": {"nofile": 3}}),
    # tags
    ("{image: a, ports: ['8080:80'], environment: {FOO: BAR}}",
     "{ports: !reset [], environment: {FOO: !reset null}}", {"image": "a", "environment": []}),
    ("{environment: [FOO=BAR, A=b]}", "{environment: {FOO: !reset null}}",
     {"environment": ["A=b"]}),
    ("{privileged: true}", "{privileged: !reset true}", {}),
    ("{privileged: !reset true}", "{image: a}", {"image": "a"}),
    ("{image: a}", "{build: {privileged: !reset true, context: .}}",
     {"image": "a", "build": {"context": "."}}),
    ("{cap_add: [A, !reset B]}", "{cap_add: [!reset A, C]}", {"cap_add": ["A", "C"]}),
    ("{ports: ['8080:80']}", "{ports: !override ['8443:443']}", {"ports": ["8443:443"]}),
    ("{build: {privileged: true, context: .}}", "{build: !override {context: x}}",
     {"build": {"context": "x"}}),
    ("{image: a}", "!reset {image: b}", None),
    ("{image: a, privileged: true}", "!override {image: b}", {"image": "b"}),
    # variables
    ("{volumes: ['${X}/a:/work']}", "{volumes: ['bar:/work']}", {"volumes": ["bar:/work"]}),
    ("{volumes: ['foo:/${X}']}", "{volumes: ['bar:/${X}']}",
     {"volumes": ["foo:/${X}", "bar:/${X}"]}),
    ("{volumes: ['foo:${X:-/work}']}", "{volumes: ['bar:/work']}", {"volumes": ["bar:/work"]}),
    ("{cap_add: ['${X}']}", "{cap_add: ['${X}']}", {"cap_add": ["${X}", "${X}"]}),
]  # fmt: skip


@pytest.mark.parametrize(("base", "over", "expected"), ROWS)
def test_two_files(tmp_path: Path, base: str, over: str, expected: object) -> None:
    """What a service comes to of which both say something."""
    assert expected == merged(tmp_path, base, over)


@pytest.mark.parametrize(
    ("base", "over"),
    [
        ("{cap_add: [A]}", "{cap_add: {a: b}}"),
        ("{cap_add: [A]}", "{cap_add: B}"),
        ("{deploy: {a: b}}", "{deploy: c}"),
        ("{deploy: c}", "{deploy: {a: b}}"),
        ("{environment: {A: {b: c}}}", "{environment: [A=1]}"),
        ("{image: a}", "[a]"),
        ("[a]", "{image: a}"),
        ("{image: a}", "{image: b, image: c}"),
        ("{volumes: [[a]]}", "{volumes: [b]}"),
    ],
)
def test_a_service_that_does_not_merge_costs_only_itself(
    tmp_path: Path, base: str, over: str
) -> None:
    """It says where the two do not go together; the other one is read."""
    files = {
        "compose.yaml": f"services:\n  web: {base}\n  db: {{image: a}}\n",
        "compose.override.yaml": f"services:\n  web: {over}\n  db: {{privileged: true}}\n",
    }
    opened = probe(write(tmp_path, files))
    web, db = opened.find()

    with pytest.raises(DocumentError, match=r"^compose\.(override\.)?yaml:2:"):
        opened.collect(web)
    assert opened.collect(db).facts["container.privileged"][0].value is True


def test_every_fact_keeps_the_file_it_stands_in(tmp_path: Path) -> None:
    """With its line and column there; the target stands where its service does first."""
    files = {
        "compose.yaml": "services:\n  web:\n    image: a\n    cap_add: [A]\n    privileged: true\n",
        "compose.override.yaml": "services:\n  web:\n    privileged: false\n    ports: ['80:80']\n",
    }
    opened = probe(write(tmp_path, files))
    (target,) = opened.find()
    found = opened.collect(target)

    assert ("compose:compose.yaml#web", Location("compose.yaml", 2, 3)) == (
        target.id,
        target.location,
    )
    (privileged,) = found.facts["container.privileged"]
    assert (False, Location("compose.override.yaml", 3, 17)) == (
        privileged.value,
        privileged.location,
    )
    assert Location("compose.yaml", 3, 12) == found.facts["container.image.reference"][0].location
    (port,) = found.parts["port"][0].records
    assert Location("compose.override.yaml", 4, 13) == port.facts["port.host_port"].location


def test_sections_of_the_project_are_merged_too(tmp_path: Path) -> None:
    """A volume that the override makes a host path is one for the service of the first file."""
    files = {
        "compose.yaml": "services: {web: {volumes: ['data:/x']}}\nvolumes: {data: }\nname: a\n",
        "compose.override.yaml": "volumes: {data: {driver_opts: {type: none, device: /etc}}}\n"
        "services: {db: {image: b}}\nname: b\nx-a: 1\n",
    }
    (mount,) = read(write(tmp_path, files)).records("mount")

    assert ("bind", "/etc") == (mount["mount.kind"], mount["mount.source"])
    assert ["web", "db"] == names(tmp_path)
    document = model(tmp_path).value()
    assert ("b", 1) == (document["name"], document["x-a"])  # type: ignore[index]


def test_a_whole_section_is_taken_back(tmp_path: Path) -> None:
    """As one key is."""
    files = {
        "compose.yaml": "services: {web: {image: a}}\n",
        "compose.override.yaml": "services: !reset {}\n",
    }
    assert [] == names(write(tmp_path, files))


def test_paths_of_an_override_begin_in_the_folder_of_the_project(tmp_path: Path) -> None:
    """Not in the one where it lies."""
    files = {
        ".env": "COMPOSE_FILE=compose.yaml:deploy/prod.yaml\n",
        "compose.yaml": "services: {web: {image: a}}\n",
        "deploy/prod.yaml": "services: {web: {volumes: ['./data:/x']}}\n",
    }
    (mount,) = read(write(tmp_path, files)).records("mount")

    assert "data" == mount["mount.source"]


def test_merging_is_bounded(tmp_path: Path) -> None:
    """Thousands of documents that all say the same again end with an error of the service."""
    one = "services:\n  web:\n    security_opt: [" + ", ".join(["a:b"] * 500) + "]\n"
    opened = probe(write(tmp_path, {"compose.yaml": "---\n".join([one] * 100)}))
    (target,) = opened.find()

    with pytest.raises(DocumentError, match="more than 500,000 entries"):
        opened.collect(target)
