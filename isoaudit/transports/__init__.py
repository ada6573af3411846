"""How a target is reached: files here, an engine's API, libvirt; recorded and replayed."""

from isoaudit.transports.base import EngineApi, Files, FileStat, LibvirtApi, Unreadable

__all__ = ["EngineApi", "FileStat", "Files", "LibvirtApi", "Unreadable"]
