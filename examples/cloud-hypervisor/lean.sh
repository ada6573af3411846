#!/bin/sh
# A microVM with no more than it needs.
exec cloud-hypervisor \
    --kernel /var/lib/libvirt/boot/vmlinux \
    --cpus boot=1 --memory size=512M \
    --disk path=/var/lib/libvirt/images/lean.raw,readonly=on,image_type=raw \
    --net tap=tap1,mac=12:34:56:78:90:ac \
    --serial tty --console off \
    --seccomp true --landlock
