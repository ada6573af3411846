"""What the firmware says: secure boot, and whose cloud the host is a machine of.

Sources: UEFI specification (variable SecureBoot of the global vendor), kernel.org
filesystems/efivarfs (four bytes of attributes come before the value), sysfs ABI
sysfs-class-dmi; the words by which providers name themselves in DMI are those cloud-init looks for.
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_EFI = "/sys/firmware/efi"
_SECURE_BOOT = f"{_EFI}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_DMI = "/sys/class/dmi/id"
_DMI_NAMES = ("sys_vendor", "product_name", "bios_vendor", "chassis_asset_tag")
_CLOUDS = {
    "aws": r"Amazon EC2",
    "gcp": r"Google Compute Engine",
    "azure": r"7783-7084-3265-9085-8269-3286-77",
    "oracle": r"OracleCloud\.com",
    "alibaba": r"Alibaba Cloud",
    "tencent": r"Tencent Cloud",
    "huawei": r"HUAWEICLOUD",
    "open-telekom": r"OpenTelekomCloud",
    "digitalocean": r"DigitalOcean",
    "hetzner": r"Hetzner",
    "akamai": r"Akamai|Linode",
    "vultr": r"Vultr",
    "scaleway": r"Scaleway",
    "exoscale": r"Exoscale",
    "upcloud": r"UpCloud",
    "openstack": r"OpenStack (?:Nova|Compute)",
}
_METADATA = (
    "Look for a rule: nft list ruleset | grep 169.254.169.254 (AWS: fd00:ec2::254 too), and at the "
    "instance's hop limit."
)


def note_firmware(sheet: Sheet) -> None:
    """Note whether the firmware is UEFI, secure boot, and the cloud with its metadata service."""
    _note_secure_boot(sheet)
    _note_cloud(sheet)
    # NOTE: rules of the packet filter are read through netlink; no file holds those in force.
    sheet.kernel.missing(
        "host.cloud.metadata_blocked",
        Reason.NOT_SUPPORTED,
        "the rules in force and the hop limit of the metadata service are in no file",
        _METADATA,
    )


def _note_secure_boot(sheet: Sheet) -> None:
    there, fact = sheet.exists(_EFI), "host.firmware.secure_boot"
    if there is None:
        for path in ("host.firmware.efi", fact):
            sheet.kernel.missing(path, Reason.NOT_SUPPORTED, f"{_EFI} cannot be looked at")
        return
    sheet.kernel.fact("host.firmware.efi", there, _EFI if there else f"{_EFI} absent")
    if not there:
        sheet.kernel.missing(fact, Reason.NOT_SUPPORTED, f"{_EFI} absent: not started by UEFI")
        return
    try:
        value = sheet.files.read_text(_SECURE_BOOT, 64)
    except Unreadable as error:
        sheet.lacks(fact, error, "efivarfs is not mounted, or this firmware has no secure boot",
                    f"Mount it: mount -t efivarfs efivarfs {_EFI}/efivars")  # fmt: skip
        return
    if len(value) == 5 and value[4] in "\0\1":
        sheet.kernel.fact(fact, value[4] == "\1", _SECURE_BOOT)
    else:
        sheet.kernel.missing(fact, Reason.PARSE_ERROR, f"{_SECURE_BOOT} is not one byte")


def _note_cloud(sheet: Sheet) -> None:
    fact = "host.cloud.provider"
    seen: list[str] = []
    for name in _DMI_NAMES:
        path = f"{_DMI}/{name}"
        try:
            seen.append(sheet.text(path, 1024))
        except Unreadable as error:
            if not sheet.absent(error, path):
                sheet.lacks(fact, error)
                return
    words = " / ".join(one for one in seen if one)
    found = next((name for name, look in _CLOUDS.items() if re.search(look, words)), None)
    if found is not None:
        sheet.kernel.fact(fact, found, f"{_DMI}: {words}")
    elif seen or sheet.known("host.virtualized") is False:
        sheet.kernel.fact(fact, "none", f"{_DMI}: {words}" if seen else "host.virtualized no")
    else:
        sheet.kernel.missing(
            fact,
            Reason.NOT_SUPPORTED,
            f"{_DMI} absent: this guest does not show whose machine it is",
            "Ask whoever provides it.",
        )
