"""Opens each kind of probe over the transport it reads through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoaudit.documents import yaml
from isoaudit.documents.beside import Beside
from isoaudit.model import Reason
from isoaudit.probes.base import Probe
from isoaudit.probes.table import Effort, Opened
from isoaudit.transports.base import Unreadable

if TYPE_CHECKING:
    from isoaudit.transports.ptrace import Filters


def open_host(_uri: str, _effort: Effort) -> Opened:
    """Open the probe of this machine."""
    from isoaudit.probes.host import HostProbe
    from isoaudit.transports.host_root import host_files

    return Opened(HostProbe(host_files(table="1")))


def open_proc(_uri: str, effort: Effort) -> Opened:
    """Open the probe of the sandboxes that /proc shows."""
    from isoaudit.probes.proc import ProcProbe
    from isoaudit.transports.host_root import host_files

    probe = ProcProbe(host_files(), _loaded(effort))
    return Opened(probe, "proc", locate=probe.locate, unseen=probe.unseen)


def open_vmm(_uri: str, effort: Effort) -> Opened:
    """Open the probe of the virtual machines whose VMMs /proc shows."""
    from isoaudit.probes.vmm.probe import VmmProbe
    from isoaudit.transports.host_root import host_files

    probe = VmmProbe(host_files(), _loaded(effort))
    return Opened(probe, "vmm", locate=probe.locate, unseen=probe.unseen)


def open_docker(uri: str, effort: Effort) -> Opened:
    """Open the probe of a docker engine; raises Unreadable."""
    return _open_engine("docker", uri, effort)


def open_podman(uri: str, effort: Effort) -> Opened:
    """Open the probe of a podman API service; raises Unreadable."""
    return _open_engine("podman", uri, effort)


def open_libvirt(uri: str, effort: Effort) -> Opened:
    """Open the probe of a libvirt connection; raises Unreadable."""
    from isoaudit.probes.libvirt import LibvirtProbe
    from isoaudit.transports.host_root import host_files
    from isoaudit.transports.libvirt import connect

    api = connect(uri or "qemu:///system")
    probe = LibvirtProbe(api, host_files() if api.local else None, _loaded(effort))
    return Opened(probe, api.uri, api.local, close=api.close)


def open_ssh(uri: str, effort: Effort) -> Opened:
    """Open the probe of a guest; raises Unreadable."""
    from isoaudit.probes.guest.probe import GuestProbe
    from isoaudit.transports.ssh import connect

    api = connect(uri, effort.timeout)
    return Opened(GuestProbe(api, deep=effort.deep), api.uri, local=False, close=api.close)


def open_compose(text: str, shown: str, beside: Beside | None = None) -> Probe:
    """Open the probe of a compose file and the files it is one with; raises DocumentError."""
    from isoaudit.probes.compose.files import project_documents
    from isoaudit.probes.compose.probe import ComposeProbe

    return ComposeProbe(project_documents(text, shown, beside or Beside(None, shown)), shown)


def open_kubernetes(text: str, shown: str) -> Probe:
    """Open the probe of Kubernetes manifests; raises DocumentError."""
    from isoaudit.probes.kubernetes.probe import KubernetesProbe

    return KubernetesProbe(yaml.load_all(text, shown), shown)


def open_domain_xml(text: str, shown: str) -> Probe:
    """Open the probe of a libvirt domain's XML; raises DocumentError."""
    from isoaudit.probes.domain_xml import DomainXmlProbe

    return DomainXmlProbe(text, shown)


def _open_engine(engine: str, uri: str, effort: Effort) -> Opened:
    from isoaudit.probes.docker.engine import engine_record
    from isoaudit.probes.docker.probe import DockerProbe
    from isoaudit.transports.docker import connect
    from isoaudit.transports.endpoints import find_endpoints
    from isoaudit.transports.host_root import host_files

    usual = [e for e in find_endpoints() if (e.uri == uri if uri else e.engine == engine)]
    if not usual and not uri:
        raise Unreadable(
            Reason.UNREACHABLE,
            f"no socket of {engine} was found here",
            _HOW_TO_START[engine],
        )
    certificates = usual[0].certificates if usual else ""
    api = connect(uri or usual[0].uri, effort.timeout, certificates)
    files = host_files() if api.local else None
    return Opened(
        DockerProbe(api, files, _loaded(effort)),
        api.endpoint,
        api.local,
        lambda: engine_record(api, files),
        api.close,
    )


def _loaded(effort: Effort) -> Filters | None:
    """Return what reads seccomp filters, None where that was not asked for."""
    if not effort.deep:
        return None
    from isoaudit.probes.kernel.restarting import may_restart
    from isoaudit.transports.ptrace import PtraceFilters

    return PtraceFilters(may_restart)


_HOW_TO_START = {
    "docker": "Start dockerd, or set DOCKER_HOST, or name it: docker+unix:///PATH#NAME",
    "podman": "Start its API: podman system service --time=0 unix:///run/podman/podman.sock",
}
