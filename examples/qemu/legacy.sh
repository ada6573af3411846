#!/bin/sh
# A virtual machine started by hand as they were ten years ago: what not to do.
qemu-system-x86_64 \
    -name legacy \
    -machine pc -accel tcg -m 1G -smp 2 \
    -drive file=/srv/vm/legacy.img,if=ide \
    -fda /srv/vm/boot.img \
    -netdev user,id=n0,hostfwd=tcp::2222-:22 -device rtl8139,netdev=n0 \
    -virtfs local,path=/home,mount_tag=home,security_model=passthrough \
    -usb -device usb-tablet \
    -vga cirrus -vnc 0.0.0.0:0 \
    -monitor tcp:0.0.0.0:4444,server,nowait
