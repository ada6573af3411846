"""The report document and its formats: what a run came to, for machines and for people."""
