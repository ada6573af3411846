#!/bin/sh
# The service of examples/compose/hardened.yaml, started by hand.
set -eu

image=example/web@sha256:0000000000000000000000000000000000000000000000000000000000000000

docker run --detach --name web \
  --user 10001:10001 \
  --read-only \
  --cap-drop ALL \
  --cgroupns private \
  --security-opt no-new-privileges:true \
  --security-opt apparmor=docker-default \
  --tmpfs /tmp:rw,noexec,nosuid,nodev,size=16m \
  --volume data:/var/lib/web \
  --mount type=bind,source=./database_password.txt,target=/run/secrets/database_password,readonly \
  --network web \
  --publish 127.0.0.1:8080:8080 \
  --env DATABASE_PASSWORD_FILE=/run/secrets/database_password \
  --memory 256m --pids-limit 100 --cpus 0.5 \
  --restart unless-stopped \
  "$image"
