"""Whether a newer kernel than the running one is installed and waits for a reboot.

Sources: update-notifier's /run/reboot-required, the boot folder's and /lib/modules' naming, and the
x86 boot protocol's version string, which a kernel image carries uncompressed near its start.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_FACT = "host.kernel.reboot_required"
_FLAGS = ("/run/reboot-required", "/var/run/reboot-required")
_IMAGE = "vmlinuz-"
_HEAD = 32_768


def note_reboot(sheet: Sheet) -> None:
    """Note whether a reboot is due, from a flag file or from what is installed."""
    for flag in _FLAGS:
        seen = sheet.stat(flag)
        if isinstance(seen, Unreadable):
            sheet.kernel.lacks(seen.missing(_FACT, sheet.kernel.vantage))
            return
        if seen is not None:
            sheet.kernel.fact(_FACT, True, f"{flag} exists")
            return
    try:
        release = sheet.text("/proc/sys/kernel/osrelease")
        folder, installed = _installed(sheet)
    except Unreadable as error:
        sheet.kernel.lacks(error.missing(_FACT, sheet.kernel.vantage))
        return
    if release not in installed:
        sheet.kernel.missing(
            _FACT,
            Reason.NOT_SUPPORTED,
            f"{release} is not among the kernels installed here",
            "Compare the running kernel with the one that its image or firmware provides.",
        )
        return
    newer = [name for name in installed if is_newer(name, release)]
    if newer:
        newest = max(newer, key=_numbers)
        sheet.kernel.fact(_FACT, True, f"{folder} has {newest}, {release} runs")
        return
    _note_same_release(sheet, release, folder)


def is_newer(name: str, running: str) -> bool:
    """Say whether a kernel release is a newer one of the same flavour."""
    return _flavour(name) == _flavour(running) and _numbers(name) > _numbers(running)


def _installed(sheet: Sheet) -> tuple[str, list[str]]:
    """Return the folder that tells and the releases in it; raises Unreadable for neither."""
    boot = sheet.names("/boot")
    if isinstance(boot, Unreadable):
        raise boot
    images = [name.removeprefix(_IMAGE) for name in boot if name.startswith(_IMAGE)]
    images = [name for name in images if name[:1].isdigit()]
    if images:
        return "/boot", images
    names = sheet.names("/lib/modules")
    if isinstance(names, Unreadable):
        raise names
    return "/lib/modules", [name for name in names if name[:1].isdigit()]


def _note_same_release(sheet: Sheet, release: str, folder: str) -> None:
    """Note the answer where no newer release is there: the same one may have been rebuilt."""
    source = f"{folder}: none newer than {release}"
    if folder != "/boot":
        sheet.kernel.fact(_FACT, False, source)
        return
    try:
        image = sheet.files.read_text(f"/boot/{_IMAGE}{release}", _HEAD)
        running = sheet.text("/proc/sys/kernel/version")
    except Unreadable as error:
        sheet.kernel.lacks(error.missing(_FACT, sheet.kernel.vantage))
        return
    built = re.search(re.escape(release) + r" \([^)]{1,200}\) (#[ -~]{1,200})", image)
    if built is None:
        sheet.kernel.fact(_FACT, False, source)
    elif built[1].startswith(running):
        sheet.kernel.fact(_FACT, False, f"{source}, and its image is the build that runs")
    else:
        sheet.kernel.fact(_FACT, True, f"/boot/{_IMAGE}{release} is another build: {built[1]}")


def _numbers(release: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", release)]


def _flavour(release: str) -> str:
    """Return what is not version: `cloud-amd` of 6.1.0-18-cloud-amd64."""
    words = [word for word in release.split("-")[1:] if word[:1].isalpha()]
    variant = re.search(r"\+(?!deb\d)[a-z]+", release)
    return "-".join(word.rstrip("0123456789") for word in words) + (variant[0] if variant else "")
