"""A kubelet's settings: its flags over its configuration file over the defaults of either.

Source: kubernetes.io reference kubelet-config.v1beta1 and kubelet(8) flags. Defaults differ: with
a configuration file anonymous=false, Webhook and port 0; with flags alone true, AlwaysAllow, 10255.
"""

from __future__ import annotations

from dataclasses import dataclass

from isoaudit.documents import yaml
from isoaudit.errors import DocumentError
from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_CONFIG = "/var/lib/kubelet/config.yaml"
_DROP_INS = "config-dir"
_EMBEDDING = frozenset({"k3s", "k3s-server", "k3s-agent", "k0s", "kubelite", "rke2"})
"""Processes that have a kubelet within them and set it up by means of their own."""

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class _Setting:
    """One setting: fact, flag, place in the file, default with a file and without one."""

    name: str
    flag: str
    keys: tuple[str, ...]
    with_file: bool | int | str
    without_file: bool | int | str


_SETTINGS = (
    _Setting(
        "anonymous", "anonymous-auth", ("authentication", "anonymous", "enabled"), False, True
    ),
    _Setting(
        "authorization", "authorization-mode", ("authorization", "mode"), "Webhook", "AlwaysAllow"
    ),
    _Setting("read_only_port", "read-only-port", ("readOnlyPort",), 0, 10_255),
    _Setting(
        "client_ca_set", "client-ca-file", ("authentication", "x509", "clientCAFile"), False, False
    ),
)


def note_kubelet(sheet: Sheet) -> None:
    """Note whether a kubelet runs here and, if so, what it lets in."""
    try:
        pid, name = _process(sheet)
        configured = _exists(sheet, _CONFIG)
    except Unreadable as error:
        sheet.lacks("host.kubelet.present", error)
        return
    if not pid and not configured:
        sheet.kernel.fact("host.kubelet.present", False, f"no kubelet in /proc, {_CONFIG} absent")
        return
    source = f"/proc/{pid}/comm {name}" if pid else _CONFIG
    sheet.kernel.fact("host.kubelet.present", True, source)
    if name in _EMBEDDING:
        _note_unknown(
            sheet, Reason.NOT_SUPPORTED, f"{name} sets up the kubelet within it", "See its flags."
        )
        return
    _note_settings(sheet, pid)


def _process(sheet: Sheet) -> tuple[str, str]:
    """Return pid and name of a kubelet, or of what embeds one; raises Unreadable."""
    pids = [name for name in sheet.files.list_names("/proc") if name.isdigit()]
    if "1" not in pids:
        raise Unreadable(
            Reason.PERMISSION_DENIED, "/proc hides the processes of others", "Run isoaudit as root."
        )
    for pid in pids:
        try:
            name = sheet.text(f"/proc/{pid}/comm")
        except Unreadable as error:
            # NOTE: a process that ended meanwhile is none; one hidden from us could be a kubelet.
            if error.absent or error.reason is Reason.VANISHED:
                continue
            raise
        if name == "kubelet" or name in _EMBEDDING:
            return pid, name
    return "", ""


def _exists(sheet: Sheet, path: str) -> bool:
    try:
        sheet.files.stat(path)
    except Unreadable as error:
        if error.absent:
            return False
        raise
    return True


def _note_settings(sheet: Sheet, pid: str) -> None:
    try:
        flags = _flags(sheet.files.read_text(f"/proc/{pid}/cmdline")) if pid else {}
        file = flags.get("config", "" if pid else _CONFIG)
        root = yaml.load(sheet.text(file), file) if file else None
        values = [(one, *_resolve(one, flags, root, pid)) for one in _SETTINGS]
    except Unreadable as error:
        _note_unknown(sheet, error.reason, error.cause, error.remedy)
        return
    except (DocumentError, ValueError) as error:
        _note_unknown(sheet, Reason.PARSE_ERROR, str(error), "Correct the kubelet's settings.")
        return
    for setting, value, source, from_flags in values:
        if _DROP_INS in flags and not from_flags:
            detail = f"--{_DROP_INS} {flags[_DROP_INS]}: files there may say otherwise"
            _note_one_unknown(sheet, setting, Reason.NOT_SUPPORTED, detail, "See /configz.")
            continue
        notes: Notes = sheet.kernel if from_flags else sheet.declared
        notes.fact(f"host.kubelet.{setting.name}", value, source)


def _flags(cmdline: str) -> dict[str, str]:
    """Return the long options of a command line; a bare one is `true`, the last one stands."""
    words = [word for word in cmdline.split("\0") if word][1:]
    flags: dict[str, str] = {}
    for place, word in enumerate(words):
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        following = words[place + 1] if place + 1 < len(words) else "-"
        if not equals:
            value = "true" if following.startswith("-") else following
        flags[name] = value
    return flags


def _resolve(
    setting: _Setting, flags: dict[str, str], root: yaml.Node | None, pid: str
) -> tuple[bool | int | str, str, bool]:
    """Return value, source and whether the running process's flags are what it rests on."""
    if setting.flag in flags:
        source = f"/proc/{pid}/cmdline --{setting.flag}"
        return _convert(setting, flags[setting.flag]), source, True
    if root is None:
        source = f"/proc/{pid}/cmdline has no --{setting.flag} and no --config: kubelet's default"
        return setting.without_file, source, True
    node = root.get(*setting.keys)
    path = ".".join(setting.keys)
    if node is None or not node.text():
        return setting.with_file, f"{root.file} does not set {path}: kubelet's default", False
    return _convert(setting, node.text()), f"{node.location} {path}", False


def _convert(setting: _Setting, text: str) -> bool | int | str:
    """Return a setting's text in its fact's type; raises ValueError."""
    if setting.name == "client_ca_set":
        return bool(text)
    if isinstance(setting.with_file, bool):
        if text in _TRUE | _FALSE:
            return text in _TRUE
        raise ValueError(f"{setting.flag}: {text[:40]!r} is neither true nor false")
    return int(text) if isinstance(setting.with_file, int) else text


def _note_unknown(sheet: Sheet, reason: Reason, detail: str, remedy: str) -> None:
    for setting in _SETTINGS:
        _note_one_unknown(sheet, setting, reason, detail, remedy)


def _note_one_unknown(
    sheet: Sheet, setting: _Setting, reason: Reason, detail: str, remedy: str
) -> None:
    sheet.declared.missing(f"host.kubelet.{setting.name}", reason, detail, remedy)
