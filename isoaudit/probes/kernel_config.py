"""What the running kernel was built with: its CONFIG_ options.

Sources: kernel.org kbuild/kconfig; proc(5) for /proc/config.gz; Debian and Fedora put the same text
beside the kernel. Only /proc/config.gz is the kernel's own word, the others are files about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from isoaudit.model import Reason, Vantage
from isoaudit.transports.base import Files, Unreadable

_OWN = "/proc/config.gz"
_LIMIT = 4_194_304
"""Bytes of text at most: ten times what a distribution's kernel has."""

_SET = re.compile(r"\nCONFIG_(\w+)=(.*)")
_NOT_SET = re.compile(r"\n# CONFIG_(\w+) is not set")
_HOW = "Load the module configs, or install the distribution's /boot/config file of this kernel."


@dataclass(frozen=True, slots=True)
class KernelConfig(Mapping[str, str]):
    """Options by name without CONFIG_: `y`, `m`, `n` for "is not set", or another value's text.

    An option that this kernel does not know, or whose conditions are not met, is no key. Either
    way it is not built; where an old kernel had no such choice the difference matters.
    """

    options: Mapping[str, str]
    source: str
    vantage: Vantage

    def __getitem__(self, option: str) -> str:
        return self.options[option].strip('"')

    def __iter__(self) -> Iterator[str]:
        return iter(self.options)

    def __len__(self) -> int:
        return len(self.options)


def kernel_config(files: Files) -> KernelConfig | Unreadable:
    """Return the options of the running kernel, or why they cannot be read."""
    try:
        return _parsed(_whole(files.read_gzip(_OWN, _LIMIT), _OWN), _OWN, Vantage.KERNEL)
    except Unreadable as error:
        if not error.absent:
            return error
    try:
        return _beside_the_kernel(files)
    except Unreadable as error:
        return error


def _beside_the_kernel(files: Files) -> KernelConfig:
    """Return the options from the file that was installed with the running kernel."""
    release = files.read_text("/proc/sys/kernel/osrelease").strip()
    places = (f"/boot/config-{release}", f"/lib/modules/{release}/config")
    for path in places:
        try:
            return _parsed(_whole(files.read_text(path, _LIMIT), path), path, Vantage.DECLARED)
        except Unreadable as error:
            if not error.absent:
                raise
    raise Unreadable(Reason.NOT_SUPPORTED, f"no configuration at {_OWN}, {', '.join(places)}", _HOW)


def _whole(text: str, path: str) -> str:
    """Return a text that was read to its end: behind a cut, options would seem not to be built."""
    if len(text.encode()) >= _LIMIT:
        raise Unreadable(Reason.LIMIT, f"{path} is longer than {_LIMIT} bytes")
    return text


def _parsed(text: str, source: str, vantage: Vantage) -> KernelConfig:
    lines = f"\n{text}"
    options = dict.fromkeys(_NOT_SET.findall(lines), "n")
    options.update(_SET.findall(lines))
    if not options:
        raise Unreadable(Reason.PARSE_ERROR, f"{source} holds no option")
    return KernelConfig(options, source, vantage)
