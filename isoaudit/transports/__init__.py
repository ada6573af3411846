"""How a target is reached: files here, an engine's API, libvirt, SSH; recorded and replayed."""

from isoaudit.transports.base import EngineApi, Files, FileStat, GuestApi, LibvirtApi, Unreadable

__all__ = ["EngineApi", "FileStat", "Files", "GuestApi", "LibvirtApi", "Unreadable"]
