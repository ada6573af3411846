"""File systems that are the host's own wherever they are mounted.

Source: the kernel's documentation of file systems: those of which there is only one instance.
"""

from __future__ import annotations

from collections.abc import Mapping

HOSTS_OWN: Mapping[str, str] = {
    "configfs": "/sys/kernel/config",
    "debugfs": "/sys/kernel/debug",
    "devtmpfs": "/dev",
    "securityfs": "/sys/kernel/security",
    "tracefs": "/sys/kernel/tracing",
}
"""Where the host has them, by their types."""
