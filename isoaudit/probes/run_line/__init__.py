"""Command lines that start a container: `docker run`, `podman run` and their kin.

Others who find such a line, tokenised in their own way (a unit's ExecStart, the runArgs of a
devcontainer), begin at `words.RunWord` and `service.service_node`.
"""
