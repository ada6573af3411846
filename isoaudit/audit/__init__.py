"""The pipeline: addresses to evidence to findings, one target at a time."""

from isoaudit.audit.pipeline import Request, audit, collect

__all__ = ["Request", "audit", "collect"]
