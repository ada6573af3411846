"""Kubernetes manifests: what each container of a pod asks for."""
