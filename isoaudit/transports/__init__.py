"""How a target is reached: files of this machine, an engine's API, libvirt; with record and replay."""

from isoaudit.transports.base import EngineApi, Files, FileStat, LibvirtApi, Unreadable

__all__ = ["EngineApi", "FileStat", "Files", "LibvirtApi", "Unreadable"]
