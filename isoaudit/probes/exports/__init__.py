"""Exports and configurations of other hypervisors: VMware, Xen, and OVF, which many write."""
