"""Container engines that answer docker's API: docker itself, and podman."""
