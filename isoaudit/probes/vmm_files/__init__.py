"""Configuration files of VMMs: Firecracker, QEMU, cloud-hypervisor, and Kata, which starts them."""
