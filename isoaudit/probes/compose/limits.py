"""The limits of a compose service, its image, and the shorthands that hand privileges out."""

from __future__ import annotations

from collections.abc import Callable

from isoaudit.facts.redaction import redact_text
from isoaudit.probes.compose.hooks import note_hooks
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import Word, number, size, truth
from isoaudit.regex import regex

_DEPLOY = ("deploy", "resources", "limits")
_PERIOD = 100_000.0  # microseconds, the kernel's default of cpu_period
_MICROSECONDS = {"us": 1.0, "ms": 1_000.0, "s": 1_000_000.0}
_AMOUNT = regex(r"([-+]?(?:[0-9]{1,12}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}))(us|ms|s)?")


def note_limits(service: Service) -> None:
    """Note the limits of memory, tasks and CPU time; 0 and -1 stand for no limit."""
    memory = memory_limit(service)
    _note_limit(service, "container.limits.memory", "bytes", memory, _bytes)
    _note_tasks(service)
    _note_cpu(service)


def _note_tasks(service: Service) -> None:
    path, tasks = "container.limits.pids", service.word(*_DEPLOY, "pids")
    tasks = tasks or service.word("pids_limit")
    default = service.origin.pids_limit
    if tasks is not None or not default:
        _note_limit(service, path, "count", tasks, number)
        return
    remark = f"no {service.key('pids_limit')}: {ENGINE_DEFAULT}"
    service.facts.default(f"{path}.set", True, remark)
    service.facts.default(f"{path}.count", default, remark)


def memory_limit(service: Service) -> Word | None:
    """Return the limit of memory as it was written, None if there is none."""
    return service.word(*_DEPLOY, "memory") or service.word("mem_limit")


def _note_cpu(service: Service) -> None:
    """Note the share of CPU time: in CPUs, or in microseconds of a period."""
    path = "container.limits.cpu"
    cpus, quota = service.word(*_DEPLOY, "cpus") or service.word("cpus"), service.word("cpu_quota")
    said = cpus or quota
    if said is None:
        service.facts.default(
            f"{path}.set",
            False,
            f"no {service.key('cpus')} or {service.key('cpu_quota')}: {ENGINE_DEFAULT}",
        )
        return
    amount = _amount(said)
    note(service.facts, f"{path}.set", amount > 0, said)
    if amount <= 0:
        return
    period = service.word("cpu_period") if cpus is None else None
    if period is not None and period.depends:
        service.facts.unknown(f"{path}.millicores", period.open, FOLLOW)
        return
    whole = 1.0 if cpus is not None else (period and _amount(period)) or _PERIOD
    service.facts.say(f"{path}.millicores", int(amount * 1000 / whole), said.node)


def note_settings(service: Service) -> None:
    """Note the image, the runtime and the switches that stand for themselves."""
    _note_image(service)
    _note_runtime(service)
    _note_switch(service, "container.rootfs.read_only", "read_only")
    _note_switch(service, "container.engine_api_injected", "use_api_socket")
    if service.origin.project:
        _note_build(service)
        note_hooks(service)


def _note_build(service: Service) -> None:
    build = service.get("build")
    if build is not None and build.is_map:
        _note_switch(service, "container.build.privileged", "build", "privileged")
        _note_entitlements(service)
    else:
        service.facts.default("container.build.privileged", False, ENGINE_DEFAULT)
        service.facts.default("container.build.entitlements", (), ENGINE_DEFAULT)


def _note_entitlements(service: Service) -> None:
    """Note what of the builder's host the build is let have: by name, or as its network."""
    path, network = "container.build.entitlements", service.word("build", "network")
    asked = service.words("build", "entitlements")
    asked += (
        [network] if network is not None and (network.depends or network.text == "host") else []
    )
    unknown = next((said for said in asked if said.depends), None)
    if unknown is not None:
        service.facts.unknown(path, unknown.open, FOLLOW)
    elif asked:
        names = ["network=host" if said is network else said.text[:100] for said in asked]
        service.facts.say(path, tuple(names), asked[0].node)
    else:
        service.facts.default(path, (), f"no entitlements: {ENGINE_DEFAULT}")


def _note_limit(
    service: Service, path: str, unit: str, said: Word | None, read: Callable[[Word], int]
) -> None:
    if said is None:
        service.facts.default(f"{path}.set", False, f"no limit: {ENGINE_DEFAULT}")
        return
    if said.depends:
        service.facts.unknown(f"{path}.set", said.open, FOLLOW)
        return
    limit = read(said)
    service.facts.say(f"{path}.set", limit > 0, said.node)
    if limit > 0:
        service.facts.say(f"{path}.{unit}", limit, said.node)


def _bytes(said: Word) -> int:
    return 0 if said.text.strip().startswith("-") else size(said)


def _amount(said: Word) -> float:
    """Return a number, of a time the microseconds; 0 for what is not known."""
    if said.depends:
        return 0.0
    match = _AMOUNT.fullmatch(said.text.strip())
    if match is None:
        raise said.node.error(f"a number is expected here, not {said.node.text()[:40]!r}")
    return float(match[1]) * _MICROSECONDS[match[2] or "us"]


def _note_image(service: Service) -> None:
    reference, pinned = "container.image.reference", "container.image.pinned"
    image = service.word("image")
    if image is None:
        for path in (reference, pinned):
            service.facts.unknown(path, "no image: it is built, or named elsewhere")
        return
    note(service.facts, reference, redact_text(image.text), image)
    note(service.facts, pinned, "@" in image.text, image)


def _note_runtime(service: Service) -> None:
    path, said, default = "container.runtime", service.word("runtime"), service.origin.runtime
    remark = f"no {service.key('runtime')}: {ENGINE_DEFAULT}"
    if said is not None:
        note(service.facts, path, said.text, said)
    elif default:
        service.facts.default(path, default, remark)
    else:
        service.facts.beyond(path, f"{remark}, which its configuration names")


def _note_switch(service: Service, path: str, *keys: str) -> None:
    said = service.word(*keys)
    if said is None:
        service.facts.default(path, False, f"no {service.key('.'.join(keys))}: {ENGINE_DEFAULT}")
    else:
        note(service.facts, path, truth(said), said)
