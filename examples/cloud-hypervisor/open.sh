#!/bin/sh
# A microVM with its filters off, a whole disk and a device of the host: what not to do.
cloud-hypervisor \
    --kernel /srv/vm/vmlinux \
    --cpus boot=2 --memory size=1G,mergeable=on,shared=on \
    --disk path=/srv/vm/root.qcow2 path=/dev/sdb \
    --net tap=tap0,mac=12:34:56:78:90:ab \
    --fs tag=home,socket=/run/virtiofs.sock \
    --device path=/sys/bus/pci/devices/0000:03:00.0/ \
    --serial tty --console off \
    --seccomp false
