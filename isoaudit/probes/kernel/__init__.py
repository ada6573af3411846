"""Reads what the host's kernel shows of a sandbox's processes, through /proc and the cgroup files.

Sources: proc(5), namespaces(7), user_namespaces(7), cgroups(7), mount_namespaces(7).
"""

from isoaudit.probes.kernel.asked import Asked
from isoaudit.probes.kernel.machine import Machine
from isoaudit.probes.kernel.sandbox import Sandbox, read_sandbox

__all__ = ["Asked", "Machine", "Sandbox", "read_sandbox"]
