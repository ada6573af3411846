#!/bin/sh
# A virtual machine with no more than it needs. What a variable holds, nobody can say beforehand.
exec qemu-system-x86_64 \
    -name guest=lean \
    -nodefaults -no-user-config -display none \
    -machine q35,mem-merge=off -accel kvm -cpu host -m 1G -smp 2 \
    -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
    -blockdev driver=file,filename=/var/lib/libvirt/images/lean.raw,node-name=file0 \
    -blockdev driver=raw,file=file0,node-name=disk0 \
    -device virtio-blk-pci,drive=disk0 \
    -netdev tap,id=n0,ifname=tap-lean,script=no,downscript=no \
    -device virtio-net-pci,netdev=n0,mac="$MAC" \
    -chardev socket,id=qmp,path=/run/vm/lean/qmp.sock,server=on,wait=off \
    -mon chardev=qmp,mode=control \
    -serial stdio
