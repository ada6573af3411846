"""Facts of a domain's processors: the model the guest sees, what it may do, where it runs.

Sources: libvirt's "Domain XML format", CPU model and topology, CPU tuning; its cpu_map; QEMU's
target/i386/cpu.c for what `host` and `max` turn on.
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.domain_xml.spots import LIBVIRT_DEFAULT, Spot, Writer

_NESTING = frozenset({"vmx", "svm"})
_GIVEN = frozenset({"require", "force", ""})
_AS_HOST = frozenset({"host-passthrough", "maximum"})
_QUOTAS = ("quota", "global_quota")
_HOW = "Scan the running domain: libvirt then shows every feature."


def read_cpu(domain: Spot, writer: Writer, x86: bool) -> None:
    """Note mode, model and features, and with them whether VMs can be nested."""
    cpu = domain.child("cpu")
    mode, why = _mode(cpu)
    writer.fact("vm.cpu.mode", mode, cpu or domain, "mode" if cpu else "", why)
    model = cpu.child("model") if cpu else None
    where = model or cpu or domain
    writer.fact("vm.cpu.model", model.text if model else "", where, "", "" if model else "none")
    features = list(cpu.children("feature")) if cpu else []
    shown = sorted(_shown(f) for f in features if f.get("policy") != "optional")
    writer.fact("vm.cpu.features", shown, cpu or domain, "", "" if features else "none")
    if x86:
        _read_nesting(domain, mode, features, writer)
        _read_counters(domain, mode, writer)


def _mode(cpu: Spot | None) -> tuple[str, str]:
    if cpu is None:
        return "default", LIBVIRT_DEFAULT
    if cpu.get("mode"):
        return cpu.get("mode"), ""
    return ("custom" if cpu.child("model") else "default"), LIBVIRT_DEFAULT


def _shown(feature: Spot) -> str:
    sign = "+" if feature.get("policy") in _GIVEN else "-"
    return sign + feature.get("name")


def _read_nesting(domain: Spot, mode: str, features: list[Spot], writer: Writer) -> None:
    """Note whether vmx or svm reaches the guest; only a running domain's list is complete."""
    path = "vm.cpu.nested"
    said = [f for f in features if f.get("name") in _NESTING]
    given = next((f for f in said if f.get("policy") in _GIVEN), None)
    cpu = domain.child("cpu")
    if given is not None:
        writer.fact(path, True, given, "policy")
    elif said and all(f.get("policy") in {"disable", "forbid"} for f in said):
        writer.fact(path, False, said[0], "policy")
    elif mode == "custom" and cpu is not None:
        # NOTE: of the models in libvirt's cpu_map none has vmx, and some of AMD's have svm; where
        # check='full' every feature is listed in which the guest differs from its model.
        model = _has_svm(cpu.child("model"))
        if not model or cpu.get("check") == "full":
            why = "its model has svm" if model else "not among its features"
            writer.fact(path, model, cpu, "", why)
        else:
            writer.missing(path, Reason.NOT_DECLARED, "the CPU model may have svm", _HOW)
    else:
        writer.missing(path, Reason.OTHER_HOST, f"the host decides what CPU mode {mode} has", _HOW)


def _has_svm(model: Spot | None) -> bool:
    """Say whether a model has svm in libvirt's list (cpu_map/x86_*.xml)."""
    return model is None or model.text.startswith(("EPYC", "Opteron", "Dhyana", "phenom", "qemu64"))


def _read_counters(domain: Spot, mode: str, writer: Writer) -> None:
    """Note whether there are performance counters: asked for, or because the mode has them."""
    path, pmu = "vm.cpu.pmu", domain.child("features/pmu")
    if pmu is not None:
        writer.fact(path, pmu.get("state", "on") == "on", pmu, "state")
    elif domain.get("type") == "qemu":
        writer.fact(path, False, domain, "type", "emulation has none")
    elif mode == "host-model" or domain.get("type") not in {"kvm", ""}:
        writer.missing(path, Reason.OTHER_HOST, "the host decides whether there are counters",
                       "Say <pmu state='off'/> in <features>.")  # fmt: skip
    else:
        spot = domain.child("cpu") or domain
        writer.fact(path, mode in _AS_HOST, spot, "", f"QEMU's default for CPU mode {mode}")


def read_cpu_tuning(domain: Spot, writer: Writer) -> None:
    """Note limits on CPU time and on disks, and what is bound to which CPUs."""
    tuning = domain.child("cputune")
    limit = next((s for n in _QUOTAS for s in _children(tuning, n) if _is_limit(s)), None)
    writer.fact("vm.cpu.limited", limit is not None, limit or domain, "",
                "" if limit else "no quota")  # fmt: skip
    vcpu = domain.child("vcpu")
    count = int(vcpu.text) if vcpu and vcpu.text.isascii() and vcpu.text.isdecimal() else 1
    pins = {spot.get("vcpu") for spot in _children(tuning, "vcpupin")}
    all_bound = bool(vcpu and vcpu.get("cpuset")) or len(pins) >= count
    writer.fact("vm.cpu.pinned", all_bound, tuning or vcpu or domain)
    emulator = tuning.child("emulatorpin") if tuning else None
    bound = emulator is not None or bool(vcpu and vcpu.get("cpuset"))
    writer.fact("vm.cpu.emulator_pinned", bound, emulator or vcpu or domain)
    threads = domain.child("iothreads")
    known = threads is not None and threads.text.isascii() and threads.text.isdecimal()
    number = int(threads.text) if threads and known else 0
    writer.fact("vm.iothreads", number, threads or domain, "", "" if threads else "none")


def _children(parent: Spot | None, name: str) -> list[Spot]:
    return list(parent.children(name)) if parent else []


def _is_limit(quota: Spot) -> bool:
    """Say whether a quota limits: 0 and less are none."""
    return quota.text.isascii() and quota.text.isdecimal() and int(quota.text) > 0
