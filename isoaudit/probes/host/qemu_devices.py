"""The devices that libvirt gives every VM, and which of a list are more than those.

Source: cgroup_device_acl in the qemu.conf that releases of libvirt ship.
"""

from __future__ import annotations

import re

_SHIPPED = re.compile(r"/dev/(?:null|full|zero|random|urandom|ptmx|kvm|kqemu|rtc|hpet|userfaultfd)")


def beyond_shipped(devices: list[str]) -> list[str]:
    """Return the devices of a cgroup_device_acl that no release of libvirt ships."""
    return [device for device in devices if not _SHIPPED.fullmatch(device)]
