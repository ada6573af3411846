"""Dockerfiles: what the image that they build by default brings along, and how it is built."""
