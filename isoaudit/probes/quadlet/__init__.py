"""Podman's Quadlet: unit files that systemd's generator turns into lines of `podman run`."""
