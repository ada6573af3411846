"""Reports built by hand: what the golden files show."""

from collections.abc import Iterable, Sequence

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Location,
    Missing,
    Outcome,
    Part,
    Reason,
    Record,
    RunError,
    Severity,
    Status,
    Target,
    TargetResult,
    Value,
    Vantage,
)
from isoaudit.report.document import Report, RunInfo, Summary, Tally

ROOT = "Run isoaudit as root."
RUNNING = "Scan the running target."
RUN = RunInfo(
    "0f6c1f0a", "2026-08-01T10:00:00Z", "2026-08-01T10:00:02Z", ("default",),
    {"name": "build-07", "os": "Debian 13", "kernel": "6.12.48"}, "root", 2.1,
)  # fmt: skip

CHECKS = {
    "CAP-002": ("No capability is kept that the workload does not use", "medium", {
        "docker_run": "--cap-drop ALL, then --cap-add what is needed",
        "kubernetes": "securityContext.capabilities.drop: [ALL]"}),
    "CAP-003": ("No process holds CAP_SYS_ADMIN over the host", "critical", {
        "docker_run": "Leave out --cap-add SYS_ADMIN. If the workload mounts file systems, give "
                      "it a user namespace (userns-remap) or run it in a virtual machine",
        "compose": "Remove SYS_ADMIN from cap_add"}),
    "ESC-008": ("No engine socket is mounted", "critical", {
        "docker_run": "Leave out -v /var/run/docker.sock:/var/run/docker.sock",
        "compose": "Remove the volume; a rootless engine for this service keeps the feature",
        "kubernetes": "Remove the hostPath volume"}),
    "FS-001": ("The root file system is read-only", "medium", {
        "docker_run": "--read-only --tmpfs /tmp", "compose": "read_only: true",
        "kubernetes": "securityContext.readOnlyRootFilesystem: true"}),
    "HOST-021": ("Kernel same-page merging is off", "high", {
        "host": "echo 2 > /sys/kernel/mm/ksm/run"}),
    "LIM-001": ("Memory is limited", "low", {"docker_run": "--memory 512m"}),
    "NET-004": ("It does not use the host's network", "high", {
        "oci": "Add a network namespace without a path"}),
    "SEC-001": ("A seccomp filter is loaded", "high", {"docker_run": "Leave out unconfined"}),
    "VMD-014": ("No obsolete device model is emulated", "high", {
        "libvirt_xml": "<model type='virtio'/>"}),
    "VMG-001": ("The guest's kernel is supported", "medium", {}),
}  # fmt: skip


def about() -> dict[str, dict[str, object]]:
    return {
        check: {"title": title, "severity": severity, "tags": ["sample"],
                "rationale": "Why it matters.", "remediation": fix,
                "references": {"attack": ["T1611"]}}
        for check, (title, severity, fix) in CHECKS.items()
    }  # fmt: skip


def fact(path: str, value: Value, source: str, vantage: Vantage = Vantage.KERNEL,
         line: int | None = None) -> Fact:  # fmt: skip
    location = Location(source.partition(":")[0], line, 5) if line else None
    return Fact(path, value, source, vantage, location)


def fail(check: str, severity: Severity, message: str, *evidence: Fact) -> Finding:
    return Finding(Outcome(check, severity, Status.FAIL, message, evidence), "f" * 64)


def held(*checks: str) -> list[Finding]:
    return [Finding(Outcome(c, Severity.HIGH, Status.PASS, CHECKS[c][0]), "a" * 64) for c in checks]


def unknown(check: str, reason: Reason, how: str, severity: Severity = Severity.HIGH) -> Finding:
    entry = Missing("process.seccomp", reason, "this file does not say it", how)
    outcome = Outcome(check, severity, Status.UNKNOWN, CHECKS[check][0], (), (entry,))
    return Finding(outcome, "b" * 64)


def result(
    target: Target, findings: Iterable[Finding], facts: FactSet | None = None
) -> TargetResult:
    return TargetResult(target, facts or FactSet(), tuple(findings))


def report(results: Sequence[TargetResult], errors: Sequence[RunError] = (),
           run: RunInfo = RUN) -> Report:  # fmt: skip
    tally = sum((Tally.of(one.findings) for one in results), Tally())
    passed = not tally.severity(Severity.CRITICAL)
    reasons = () if passed else ("critical findings",)
    summary = Summary(len(results), tally, passed, reasons)
    return Report(run, about(), results, errors, summary, "sample-1", "0.1.0")


def runner() -> TargetResult:
    target = Target("docker:ci-runner", Kind.CONTAINER, "ci-runner", "running", "4c1f", "",
                    "unix:///var/run/docker.sock", "build-07", None, ("docker:4c1f",))  # fmt: skip
    source = fact("mount.source", "/run/docker.sock", "/proc/48213/mountinfo")
    read_only = fact("mount.read_only", True, "/proc/48213/mountinfo")
    powers = [
        fail("CAP-003", Severity.CRITICAL, f"{name} holds CAP_SYS_ADMIN over the host",
             fact("process.name", name, f"/proc/{pid}/status"),
             fact("process.user_namespace", "host", f"/proc/{pid}/ns/user"),
             fact("process.capabilities.effective", ("CAP_CHOWN", "CAP_SYS_ADMIN"),
                  f"/proc/{pid}/status CapEff"))
        for pid, name in ((48213, "dockerd"), (48300, "sh"), (48311, "runner"), (48312, "node"))
    ]  # fmt: skip
    facts = FactSet.of(
        [fact("container.privileged", False, "/proc/48213/status"),
         fact("container.privileged", True, "docker inspect HostConfig", Vantage.ENGINE)],
        [Part("mount", Vantage.KERNEL, (Record.of([source, read_only]),)),
         Part("device", Vantage.ENGINE, ())],
        [Missing("process", Reason.PERMISSION_DENIED, "/proc/48400", ROOT, Vantage.KERNEL)],
    )  # fmt: skip
    return result(target, [
        fail("ESC-008", Severity.CRITICAL, "The socket of dockerd is mounted at "
             "/run/docker.sock: whoever can write to it is root on the host", source, read_only),
        *powers,
        fail("FS-001", Severity.MEDIUM, "The root file system is writable"),
        fail("LIM-001", Severity.LOW, "Memory is not limited"),
        fail("NET-004", Severity.HIGH, "It uses the host's network",
             fact("container.network", "host", "docker inspect HostConfig.NetworkMode",
                  Vantage.ENGINE)),
        unknown("SEC-001", Reason.NOT_REQUESTED, "Add --deep."),
        unknown("CAP-002", Reason.PERMISSION_DENIED, ROOT, Severity.CRITICAL),
        unknown("VMG-001", Reason.PERMISSION_DENIED, ROOT),
    ], facts)  # fmt: skip


def api() -> TargetResult:
    target = Target("docker:api", Kind.CONTAINER, "api", "running", host="build-07",
                    engine="unix:///var/run/docker.sock")  # fmt: skip
    return result(target, [*held("CAP-003", "ESC-008", "SEC-001", "NET-004"),
                           fail("FS-001", Severity.MEDIUM, "The root file system is writable"),
                           Finding(Outcome("VMG-001", Severity.LOW, Status.NOT_APPLICABLE, "x")),
                           ])  # fmt: skip


def database() -> TargetResult:
    target = Target("libvirt:erp-db", Kind.VM, "erp-db", "running", engine="qemu:///system")
    claim = fact("guest.kernel.release", "6.1.0-40", "ssh uname -r", Vantage.GUEST)
    return result(target, [
        fail("VMD-014", Severity.HIGH, "The floppy controller is emulated",
             fact("vm.devices.models", ("floppy", "rtl8139", "cirrus", "usb-tablet", "sound"),
                  "/proc/3120/cmdline", Vantage.VMM), claim),
        fail("VMG-001", Severity.MEDIUM, "Guest kernel 6.1.0-40 is old", claim),
        Finding(Outcome("SEC-001", Severity.HIGH, Status.ERROR,
                        "vm.x < 3: no such overload: int < string")),
        unknown("CAP-003", Reason.OTHER_HOST, "Scan the running workload on its host."),
    ])  # fmt: skip


def host() -> TargetResult:
    target = Target("host", Kind.HOST, "build-07", "running", host="build-07")
    return result(target, [
        fail("HOST-021", Severity.HIGH, "KSM merges pages of different virtual machines",
             fact("host.ksm.run", 1, "/sys/kernel/mm/ksm/run")),
        fail("LIM-001", Severity.LOW, "No limit on processes of users"),
        *held("CAP-003"),
    ])  # fmt: skip


def declared(name: str, file: str, line: int, *more: Finding) -> TargetResult:
    target = Target(f"kubernetes:{file}#Deployment/shop/{name}/{name}", Kind.CONTAINER, name,
                    "declared", dialect="kubernetes", location=Location(file, line))  # fmt: skip
    return result(target, [
        fail("CAP-002", Severity.MEDIUM, f"{name} keeps the default capabilities",
             fact("container.cap_drop", (), f"{file}:{line}", Vantage.DECLARED, line)),
        fail("FS-001", Severity.MEDIUM, "The root file system is writable"),
        unknown("SEC-001", Reason.NOT_DECLARABLE, RUNNING),
        unknown("CAP-003", Reason.OTHER_HOST, RUNNING),
        unknown("VMG-001", Reason.NOT_DECLARED, RUNNING, Severity.LOW),
        *more,
    ])  # fmt: skip


def machine() -> Report:
    """A machine with two containers, a VM and its host, seen as root."""
    errors = [
        RunError("podman", "discover", "/run/user/1000/podman/podman.sock: permission denied",
                 "Run isoaudit as that user, or as root.", asked=False),
        RunError("docker:gone", "find", "there is no container 'gone'", "Did you mean 'api'?"),
    ]  # fmt: skip
    return report([host(), api(), database(), runner()], errors)


def files() -> Report:
    """Manifests: one with a critical finding, and findings that all share."""
    socket = fail("ESC-008", Severity.CRITICAL, "The socket of containerd is mounted",
                  fact("mount.source", "/run/containerd/containerd.sock", "deploy/agent.yaml:31:13",
                       Vantage.DECLARED, 31))  # fmt: skip
    results = [declared(f"web-{n}", "deploy/web.yaml", 10 * n + 4) for n in range(3)]
    results.append(declared("agent", "deploy/agent.yaml", 17, socket))
    return report(results, run=RunInfo("1", "", "", ("default",), None, "user", 0.04))


def calm() -> Report:
    """One container in which no check failed."""
    target = Target("docker:api", Kind.CONTAINER, "api", "running", engine="unix:///x")
    undecided = unknown("SEC-001", Reason.PERMISSION_DENIED, ROOT)
    return report([result(target, [*held("CAP-003", "ESC-008", "FS-001"), undecided])])


def hostile() -> Report:
    """Names and values that try to take over the terminal, turn lines around or flood it."""
    evil = "\x1b[2J\x1b]0;owned\x07a\nPASS all\r\u202edesrever\u2066\u200b\u00ad\ud800\U000e0041"
    wide = "\u5bb9\u5668" * 12
    long = "n" * 10_000
    found = [
        fail("CAP-003", Severity.CRITICAL, f"{evil} holds {long}",
             fact("process.name", evil, f"/proc/1/{evil}"),
             fact("process.args", (long, evil), long)),
        unknown("SEC-001", Reason.PARSE_ERROR, f"Repair {evil}."),
        Finding(Outcome(f"X{evil}", Severity.LOW, Status.ERROR, long)),
    ]  # fmt: skip
    results = [
        result(Target(f"docker:{evil}", Kind.CONTAINER, evil, evil), found),
        result(Target(f"docker:{long}", Kind.CONTAINER, long, "running"), found),
        result(Target(f"docker:{wide}", Kind.CONTAINER, wide, "running"), found[:2]),
        result(Target(f"host{evil}", Kind.HOST, evil, ""), [fail("FS-001", Severity.LOW, evil)]),
    ]  # fmt: skip
    run = RunInfo(evil, evil, evil, (evil,), {"name": evil, "os": long, "kernel": evil}, "user", 1)
    return report(results, [RunError(evil, evil, long, evil), RunError(long, "", evil)], run)


def empty() -> Report:
    """Nothing was found; the host was looked at."""
    return report([])


ALL = {"machine": machine, "files": files, "calm": calm, "hostile": hostile, "empty": empty}
