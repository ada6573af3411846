"""Compose files: what each service asks its engine for."""
