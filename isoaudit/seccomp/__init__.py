"""What a seccomp filter lets through: decoding, evaluating, and what that leaves reachable.

Pure: it is given instructions, profiles and kernel options, and reads nothing but its own tables.
Sources: seccomp(2), the kernel's kernel/seccomp.c and net/core/filter.c, libseccomp, the OCI
runtime specification (config-linux, seccomp).
"""
