"""The kinds of file that declare a workload: what each is called, and what reads it.

A new one is a line here, the module that this line names, and what `targets/recognise.py` knows it
by. What a file of the kind can say stands in `facts/vocabulary/files.py`, where that is not all.
"""

from __future__ import annotations

from fnmatch import translate
from typing import NamedTuple

from isoaudit.model.words import Kind
from isoaudit.regex import regex

_YAML = (".yaml", ".yml", ".json")


class Dialect(NamedTuple):
    """One kind of file.

    `name` is the word of addresses, facts and checks, `title` that of messages. `reader` is where
    its probe is made of a text and the name it is shown by: `module:callable`, loaded when used.
    `suffixes` are the ends of names by which such a file is looked for below a folder, `names`
    patterns of whole names for files that have no suffix of their own (`Dockerfile*`). `beside`
    says that its reader also takes what lies beside the file (`documents.beside.Beside`), and
    `several` that files may be named as one, with commas in between.
    """

    name: str
    title: str
    kind: Kind
    reader: str
    suffixes: tuple[str, ...]
    names: tuple[str, ...] = ()
    beside: bool = False
    several: bool = False


DIALECTS = (
    Dialect("compose", "compose", Kind.CONTAINER, "isoaudit.probes.open:open_compose", _YAML,
            beside=True, several=True),
    Dialect("kubernetes", "Kubernetes", Kind.CONTAINER, "isoaudit.probes.open:open_kubernetes",
            _YAML),
    Dialect("oci", "an OCI bundle", Kind.CONTAINER, "isoaudit.probes.oci.probe:OciProbe",
            (".json",)),
    Dialect("systemd", "a service unit of systemd", Kind.CONTAINER,
            "isoaudit.probes.systemd_file.probe:SystemdFileProbe", (".service",), beside=True),
    Dialect("libvirt_xml", "libvirt domain XML", Kind.VM, "isoaudit.probes.open:open_domain_xml",
            (".xml",)),
    Dialect("firecracker", "Firecracker's JSON", Kind.VM,
            "isoaudit.probes.vmm_files.firecracker:FirecrackerProbe", (".json",)),
    Dialect("kata", "Kata's configuration", Kind.VM,
            "isoaudit.probes.vmm_files.kata:KataProbe", (".toml",)),
    Dialect("qemu", "QEMU commands", Kind.VM,
            "isoaudit.probes.vmm_files.qemu:QemuProbe", (".sh", ".cfg")),
    Dialect("cloud_hypervisor", "cloud-hypervisor commands", Kind.VM,
            "isoaudit.probes.vmm_files.cloud_hypervisor:CloudHypervisorProbe", (".sh",)),
    Dialect("vmx", "VMware's vmx", Kind.VM, "isoaudit.probes.exports.vmx:VmxProbe", (".vmx",)),
    Dialect("xl", "Xen's xl.cfg", Kind.VM, "isoaudit.probes.exports.xl:XlProbe", (".cfg",)),
    Dialect("docker_run", "docker run lines", Kind.CONTAINER,
            "isoaudit.probes.run_line.probe:DockerRunProbe",
            (".sh", ".bash", ".ksh", ".zsh", ".mk"),
            ("Makefile", "makefile", "GNUmakefile"), beside=True),
    Dialect("quadlet", "Podman's Quadlet", Kind.CONTAINER,
            "isoaudit.probes.quadlet.probe:QuadletProbe", (".container", ".pod", ".kube"),
            beside=True),
    Dialect("ovf", "OVF", Kind.VM, "isoaudit.probes.exports.ovf:OvfProbe", (".ovf", ".xml")),
    Dialect("dockerfile", "Dockerfile", Kind.CONTAINER,
            "isoaudit.probes.dockerfile.probe:DockerfileProbe", (),
            ("Dockerfile*", "*.Dockerfile", "*.dockerfile", "Containerfile*")),
    Dialect("devcontainer", "devcontainer.json", Kind.CONTAINER,
            "isoaudit.probes.devcontainer.probe:DevcontainerProbe", (),
            ("devcontainer.json", ".devcontainer.json"), beside=True),
)  # fmt: skip

SUFFIXES = tuple(sorted({suffix for dialect in DIALECTS for suffix in dialect.suffixes}))
NAMES = tuple(sorted({name for dialect in DIALECTS for name in dialect.names}))
_NAMED = regex("|".join(translate(pattern) for pattern in NAMES) or r"(?!)")


def may_declare(name: str) -> bool:
    """Say whether a file of this name, without its folder, may declare a workload."""
    return name.endswith(SUFFIXES) or _NAMED.match(name) is not None
