#!/bin/bash
# What not to do: every line here is a way to the host. Nothing in it is real.

options=(--privileged --pid=host)

docker run -d --name runner "${options[@]}" \
  -v /var/run/docker.sock:/var/run/docker.sock:ro \
  -v /:/host \
  example/ci-runner:latest

sudo podman run -itd --network host --cap-add=SYS_ADMIN,SYS_PTRACE \
  --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
  registry.example/example/monitor:2.1

if [ -n "$DEBUG" ]; then
  docker run --rm -p 8080:80 -eDATABASE_PASSWORD=not-a-real-password --device /dev/kmsg \
    $EXTRA_OPTIONS example/web:1.4 serve --verbose
fi
