"""isoaudit audits how well workloads are isolated: containers, virtual machines and their hosts."""

# NOTE: a literal, because reading installed metadata costs more than everything `--version` does.
__version__ = "0.1.0"
