"""Seccomp profiles of the lab's own, as `--security-opt seccomp=FILE` takes them."""

from __future__ import annotations

from typing import Any

_NEEDED = (
    "access", "arch_prctl", "brk", "capget", "capset", "chdir", "clock_nanosleep", "close",
    "close_range", "dup3", "epoll_ctl", "epoll_pwait", "execve", "exit", "exit_group",
    "faccessat2", "fchdir", "fcntl", "fstat", "fstatfs", "futex", "getdents64", "geteuid",
    "getgid", "getpid", "getppid", "getrandom", "gettid", "getuid", "lstat", "madvise", "mmap",
    "mprotect", "munmap", "nanosleep", "newfstatat", "openat", "poll", "ppoll", "prctl",
    "prlimit64", "read", "readlink", "readlinkat", "rseq", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "sched_yield", "select", "set_robust_list", "set_tid_address", "setgid",
    "setuid", "sigaltstack", "stat", "statx", "tgkill", "uname", "write",
)  # fmt: skip
"""System calls without which runc cannot start a busybox that sleeps."""

SECCOMP_PROFILES: dict[str, dict[str, Any]] = {
    "open": {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}],
    },
    "tight": {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": list(_NEEDED), "action": "SCMP_ACT_ALLOW"}],
    },
}
"""`open` is a filter that lets all but one call through; `tight` one that lets hardly any."""
