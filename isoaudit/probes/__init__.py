"""Reads evidence: one module per kind of source, each turning what it sees into facts."""
