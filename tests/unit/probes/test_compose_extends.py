"""What services inherit: from the same file, from others, and what cannot be followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_projects import model, names, probe, read, write

from isoaudit.errors import DocumentError
from isoaudit.model import Location


def test_a_service_of_the_same_file(tmp_path: Path) -> None:
    """What the service says itself wins; lists hold what both say."""
    text = """\
        services:
          base: {privileged: true, cap_add: [A], read_only: true, volumes: ['/:/host']}
          web:
            extends: base
            read_only: false
            cap_add: [B]
        """
    write(tmp_path, {"compose.yaml": text})
    seen = read(tmp_path)

    assert (True, False) == (
        seen.facts["container.privileged"],
        seen.facts["container.rootfs.read_only"],
    )
    assert "compose.yaml:2:22" == seen.sources["container.privileged"]
    assert ["/"] == [mount["mount.source"] for mount in seen.records("mount")]
    assert "" == seen.incomplete("mount")
    assert False is seen.facts["container.engine_api_injected"]
    assert ["base", "web"] == names(tmp_path)


def test_a_service_of_another_file(tmp_path: Path) -> None:
    """Its paths begin in its own folder; its variables are those of the project."""
    files = {
        ".env": "WHO=1000\n",
        "app/compose.yaml": "services: {web: {extends: {service: base, file: ../lib/base.yaml}}}\n",
        "app/.env": "WHO=1001\n",
        "lib/.env": "WHO=0\n",
        "lib/base.yaml": "services:\n  base:\n    extends: root\n    volumes: ['./data:/x']\n"
        "  root: {user: '$WHO', extends: {file: more/last.yaml, service: last}}\n",
        "lib/more/last.yaml": "services: {last: {devices: [/dev/kvm]}}\n",
    }
    write(tmp_path, files)
    seen = read(tmp_path, main="app/compose.yaml")

    assert 1001 == seen.facts["process.uid"]
    assert seen.sources["process.uid"].startswith("lib/base.yaml:5:16")
    assert ["lib/data"] == [mount["mount.source"] for mount in seen.records("mount")]
    (device,) = seen.factset.parts["device"][0].records
    assert Location("lib/more/last.yaml", 1, 29) == device.facts["device.path"].location


def test_an_override_may_extend_and_be_merged(tmp_path: Path) -> None:
    """What an override inherits is merged over the first file like what it says."""
    files = {
        "compose.yaml": "services: {web: {cap_add: [A], user: '1'}}\n",
        "compose.override.yaml": "services: {web: {extends: {file: b.yaml, service: b}}}\n",
        "b.yaml": "services: {b: {cap_add: [B], user: '0'}}\n",
    }
    node = model(write(tmp_path, files)).get("services", "web")

    assert node is not None
    assert {"cap_add": ["A", "B"], "user": "0"} == node.value()


def test_merge_keys_and_anchors_are_followed_first(tmp_path: Path) -> None:
    """They belong to YAML, and so to one file."""
    text = """\
        x-base: &base
          cap_add: [A]
          extends: root
        services:
          root: {privileged: true}
          web: {<<: *base, user: '5'}
        """
    node = model(write(tmp_path, {"compose.yaml": text})).get("services", "web")

    assert node is not None
    assert {"privileged": True, "cap_add": ["A"], "user": "5"} == node.value()


@pytest.mark.parametrize(
    ("extends", "why"),
    [
        ("gone", "there is no service 'gone'"),
        ("web", "extends itself"),
        ("{service: other}", "extends itself"),
        ("{service: base, file: gone.yaml}", "gone.yaml: no such file"),
        ("{service: base, file: ../../outside.yaml}", "outside"),
        ("{service: base, file: /etc/passwd}", "outside"),
        ("{service: base, file: text.yaml}", "text.yaml: cannot be read as a compose file"),
        ("{service: gone, file: base.yaml}", "there is no service 'gone'"),
        ("{service: base, file: '${WHERE}/base.yaml'}", "depends on ${WHERE}"),
        ("'${WHO}'", "depends on ${WHO}"),
        ("{file: base.yaml}", "needs a service"),
        ("[a]", "a mapping is expected"),
        ("{service: [a]}", "a single value is expected"),
        ("{service: circle, file: base.yaml}", "extends itself"),
        ("{service: list, file: base.yaml}", "cannot be merged"),
        ("{service: base, file: list.yaml}", "a mapping is expected"),
    ],
)
def test_what_cannot_be_followed_leaves_the_service_open(
    tmp_path: Path, extends: str, why: str
) -> None:
    """No absent key is a default then, and no list is known to its end; the rest is read."""
    files = {
        "compose.yaml": f"services:\n  web: {{extends: {extends}, read_only: true}}\n"
        "  other: {extends: web}\n  good: {image: a}\n",
        "base.yaml": "services: {base: {}, list: [a],\n"
        " circle: {extends: {file: base.yaml, service: round}}, round: {extends: circle}}\n",
        "text.yaml": "hunter2: [\n",
        "list.yaml": "[hunter2]\n",
    }
    write(tmp_path, files)
    seen = read(tmp_path)

    assert seen.facts["container.rootfs.read_only"] is True
    assert why in seen.missing["container.privileged"]
    assert why in seen.incomplete("mount")
    assert "hunter2" not in repr(seen)
    assert "container.privileged" in read(tmp_path, "other").missing
    assert read(tmp_path, "good").facts["container.privileged"] is False


def test_a_long_chain_ends(tmp_path: Path) -> None:
    """In either order, and without exhausting the stack."""
    forth = [f"  s{n}: {{extends: s{n - 1}}}" for n in range(1, 2000)]
    for chain in (forth, forth[::-1]):
        text = "\n".join(["services:", "  s0: {privileged: true}", *chain]) + "\n"
        write(tmp_path, {"compose.yaml": text})
        found = names(tmp_path)
        assert 2000 == len(found)
        assert read(tmp_path, "s50").facts["container.privileged"] is True
        last = read(tmp_path, "s1999")
        assert ("container.privileged" in last.facts) or "deep" in last.missing[
            "container.privileged"
        ]


def test_a_chain_that_grows_is_bounded(tmp_path: Path) -> None:
    """Each service adds to the list of the one before it."""
    text = "services:\n  s0: {security_opt: ['a:b']}\n" + "".join(
        f"  s{n}: {{extends: s{n - 1}, security_opt: ['a:{n}']}}\n" for n in range(1, 3000)
    )
    write(tmp_path, {"compose.yaml": text})

    assert "more than 500,000 entries" in read(tmp_path, "s2999").missing["container.privileged"]
    assert read(tmp_path, "s9").facts["container.privileged"] is False


def test_a_broken_service_is_broken_wherever_it_is_named(tmp_path: Path) -> None:
    """Whoever extends it is open, and it says itself where."""
    text = "services:\n  bad: {image: a, image: b}\n  web: {extends: bad}\n"
    opened = probe(write(tmp_path, {"compose.yaml": text}))
    bad, _ = opened.find()

    with pytest.raises(DocumentError, match=r"^compose.yaml:2:19: key 'image' stands twice"):
        opened.collect(bad)
    assert "stands twice" in read(tmp_path).missing["container.privileged"]
