"""containerd by its configuration: what the CRI plugin grants, what listens, what is started.

Sources: containerd-config.toml(5), containerd's docs/cri/config.md and docs/managed-opt of releases
1.7 and 2.1 (format versions 1 to 3, `imports`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from isoaudit.model import Reason
from isoaudit.probes.host.engines.toml import Settings, Table, drop_ins, read_if_there, read_toml
from isoaudit.transports import Files, Unreadable

CONFIG = "/etc/containerd/config.toml"
ROOT = "/var/lib/containerd"
_DROP_INS = "/etc/containerd/conf.d"
_CRI_OF_FORMATS = ("io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri")
"""Names of the plugin that starts pods, in the formats 3, 2 and 1."""

_SERVER = "io.containerd.grpc.v1.cri"
_MOST_IMPORTS = 50


class Containerd(NamedTuple):
    """One containerd's settings, and the name of its CRI plugin there; "" if nothing sets it."""

    settings: Settings
    cri: str

    @property
    def cri_enabled(self) -> bool:
        """Whether it serves Kubernetes."""
        disabled = set(self.settings.texts("disabled_plugins") or ())
        return disabled.isdisjoint(_CRI_OF_FORMATS)

    @property
    def runtimes(self) -> Table:
        """The runtimes of the CRI plugin by name."""
        return {
            name: runtime
            for name, runtime in self.plugin("containerd", "runtimes").items()
            if isinstance(runtime, dict)
        }

    def plugin(self, *keys: str) -> Table:
        """Return a table of the CRI plugin."""
        return self.settings.table("plugins", self.cri, *keys)


def read_containerd(files: Files, path: str) -> Containerd:
    """Return the settings of a configuration file and of what it imports; raises Unreadable.

    Without the file containerd goes by its defaults, which are those of empty settings.
    """
    data = read_if_there(files, path)
    if path == CONFIG and "imports" not in (data or {}):
        _refuse_drop_ins(files)
    settings = Settings()
    for place, layer in [] if data is None else [(path, data), *_imports(files, path, data)]:
        _refuse_conflict(settings, place, layer)
        settings.add(place, layer)
    plugins = settings.table("plugins")
    return Containerd(settings, next((n for n in _CRI_OF_FORMATS if n in plugins), _SERVER))


def addresses(one: Containerd) -> Iterator[tuple[str, str]]:
    """Yield what it serves beside its socket as `(purpose, address)`: on TCP, all of it."""
    settings = one.settings
    for section, key in (("grpc", "tcp_address"), ("debug", "address"), ("metrics", "address")):
        address = settings.text(section, key)
        if address and not address.startswith(("/", "unix:")):
            yield section, address
    if not one.cri_enabled:
        return
    for plugin in dict.fromkeys((one.cri, _SERVER)):
        address = settings.text("plugins", plugin, "stream_server_address")
        if address is not None:
            port = settings.text("plugins", plugin, "stream_server_port") or "0"
            yield "stream", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def programs(one: Containerd) -> Iterator[str]:
    """Yield what its runtimes start: a program, or the type that names a shim."""
    for runtime in one.runtimes.values():
        options = runtime.get("options")
        binary = options.get("BinaryName") if isinstance(options, dict) else None
        named = binary or runtime.get("runtime_path") or runtime.get("runtime_type")
        if isinstance(named, str) and named:
            yield named


def virtual_machines(one: Containerd) -> Iterator[str]:
    """Yield the runtimes that are virtual machines and still get the host's devices."""
    for name, runtime in one.runtimes.items():
        kind = str(runtime.get("runtime_type"))
        is_machine = any(word in kind for word in ("kata", "firecracker"))
        if is_machine and runtime.get("privileged_without_host_devices") is not True:
            yield name


def pod_annotations(one: Containerd) -> Iterator[str]:
    """Yield the annotations of pods and containers that its runtimes are handed."""
    for runtime in one.runtimes.values():
        for key in ("pod_annotations", "container_annotations"):
            listed: Any = runtime.get(key)
            yield from (a for a in listed if isinstance(a, str)) if isinstance(listed, list) else ()


def _imports(files: Files, path: str, data: Table) -> Iterator[tuple[str, Table]]:
    """Yield the files that a configuration imports, and what they import, each once."""
    todo, seen = [(path, data)], {path}
    while todo:
        importer, settings = todo.pop(0)
        patterns = settings.get("imports")
        for pattern in patterns if isinstance(patterns, list) else []:
            for place in _expand(files, importer, str(pattern)):
                if place in seen:
                    continue
                seen.add(place)
                if len(seen) > _MOST_IMPORTS:
                    raise Unreadable(Reason.LIMIT, f"{path} imports too many files")
                layer = read_toml(files, place)
                todo.append((place, layer))
                yield place, layer


def _expand(files: Files, importer: str, pattern: str) -> list[str]:
    """Return the paths that an import means: relative to the importer, `*` in the last word."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(importer), pattern))
    folder, name = posixpath.split(place)
    if "*" in folder or "?" in folder:
        raise Unreadable(Reason.NOT_SUPPORTED, f"{importer} imports {pattern}: not looked for")
    if not set(name) & set("*?["):
        return [place]
    return [path for path in drop_ins(files, folder) if fnmatchcase(posixpath.basename(path), name)]


def _refuse_drop_ins(files: Files) -> None:
    """Raise Unreadable if there are drop-ins that nothing imports: from 2.2 on they count so too.

    Which release it is cannot be told from the configuration.
    """
    if drop_ins(files, _DROP_INS, ".toml"):
        detail = f"{CONFIG} does not import {_DROP_INS}, whose files count by release"
        raise Unreadable(Reason.NOT_SUPPORTED, detail, "See containerd config dump.")


def _refuse_conflict(settings: Settings, path: str, layer: Table) -> None:
    """Raise Unreadable where a plugin is set up by two files and the format has no rule for that.

    containerd 2, which alone knows format 3, joins them; before it the one or the other stood.
    """
    if layer.get("version") == 3 or settings.number("version") == 3:
        return
    plugins = layer.get("plugins")
    twice = set(plugins if isinstance(plugins, dict) else ()) & set(settings.table("plugins"))
    if twice:
        detail = f"{path} and {settings.paths[0]} both set plugins.{sorted(twice)[0]}"
        raise Unreadable(Reason.NOT_SUPPORTED, detail, "See containerd config dump.")
