"""CRI-O by its configuration: crio.conf and what is dropped in beside it.

Sources: crio.conf(5), crio.conf.d(5), crio(8).
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.probes.host.engines.toml import Settings, Table, drop_ins, read_if_there, read_toml
from isoaudit.transports import Files

CONFIG = "/etc/crio/crio.conf"
DROP_INS = "/etc/crio/crio.conf.d"
ROOT = "/var/lib/containers/storage"
CAPABILITIES = frozenset(
    {"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "SETGID", "SETUID", "SETPCAP",
     "NET_BIND_SERVICE", "KILL"}
)  # fmt: skip
"""default_capabilities as CRI-O ships them."""


def read_crio(files: Files, config: str = CONFIG, folder: str = DROP_INS) -> Settings:
    """Return CRI-O's settings, drop-ins over the file; raises Unreadable."""
    settings = Settings()
    data = read_if_there(files, config)
    if data is not None:
        settings.add(config, data)
    for path in drop_ins(files, folder):
        settings.add(path, read_toml(files, path))
    return settings


def addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what it serves beside its socket as `(purpose, address)`."""
    stream = settings.text("crio", "api", "stream_address")
    if stream is not None:
        yield "stream", f"{stream}:{settings.text('crio', 'api', 'stream_port') or '0'}"
    if settings.flag("crio", "metrics", "enable_metrics"):
        # NOTE: without metrics_host older releases listen on every address.
        host = settings.text("crio", "metrics", "metrics_host") or ""
        yield "metrics", f"{host}:{settings.number('crio', 'metrics', 'metrics_port') or 9090}"


def runtimes(settings: Settings) -> dict[str, Table]:
    """Return the runtimes it can start, by name."""
    table = settings.table("crio", "runtime", "runtimes")
    return {name: runtime for name, runtime in table.items() if isinstance(runtime, dict)}


def programs(settings: Settings) -> Iterator[str]:
    """Yield what its runtimes start; without a path the name is looked up in PATH."""
    for name, runtime in runtimes(settings).items():
        path = runtime.get("runtime_path")
        yield path if isinstance(path, str) and path else name


def pod_annotations(settings: Settings) -> Iterator[str]:
    """Yield the annotations that pods may change their own runtime with."""
    for runtime in runtimes(settings).values():
        listed = runtime.get("allowed_annotations")
        yield from (a for a in listed if isinstance(a, str)) if isinstance(listed, list) else ()


def extra_capabilities(settings: Settings) -> list[str]:
    """Return the capabilities that every container gets beyond those CRI-O ships."""
    listed = settings.texts("crio", "runtime", "default_capabilities") or []
    names = {name.upper().removeprefix("CAP_") for name in listed}
    return sorted(f"CAP_{name}" for name in names - CAPABILITIES)
