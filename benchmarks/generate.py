"""Deployment files as people write them: no two alike, all from their number."""

from __future__ import annotations

_IMAGES = ("nginx:1.27", "redis:7.4", "postgres:16", "envoy:1.31", "fluent-bit:3")

_CONTAINER = """\
        - name: {name}
          image: {image}
          args: ["--port", "{port}", "--log-level", "info"]
          ports:
            - {{name: http, containerPort: {port}, protocol: TCP}}
          env:
            - {{name: LOG_LEVEL, value: info}}
            - name: POD_NAME
              valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}
            - name: DATABASE_PASSWORD
              valueFrom: {{secretKeyRef: {{name: database-{number}, key: password}}}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: "1", memory: {memory}Mi}}
          livenessProbe:
            httpGet: {{path: /healthz, port: http}}
            initialDelaySeconds: 10
            periodSeconds: 15
          readinessProbe:
            httpGet: {{path: /readyz, port: http}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: {readonly}
            capabilities: {{drop: [ALL]{added}}}
          volumeMounts:
            - {{name: config, mountPath: /etc/app, readOnly: true}}
            - {{name: data, mountPath: /var/lib/app}}
"""

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: team-{team}
  labels: {{app: app-{number}, app.kubernetes.io/part-of: shop}}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: app-{number}}}
  template:
    metadata:
      labels: {{app: app-{number}}}
      annotations: {{prometheus.io/scrape: "true"}}
    spec:
      serviceAccountName: app-{number}
      automountServiceAccountToken: {token}
      securityContext:
        runAsNonRoot: true
        runAsUser: {user}
        fsGroup: 2000
        seccompProfile: {{type: RuntimeDefault}}
      containers:
{containers}\
      volumes:
        - name: config
          configMap: {{name: app-{number}}}
        - name: data
          {volume}
"""

_COMPOSE = """\
name: shop-{number}
services:
  web:
    image: nginx:1.27
    ports: ["{port}:80", "127.0.0.1:{admin}:9000"]
    environment:
      LOG_LEVEL: info
      UPSTREAM: http://api:8000
    volumes:
      - ./site:/usr/share/nginx/html:ro
      - logs:/var/log/nginx
    depends_on: [api]
    read_only: {readonly}
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped
  api:
    build: ./api
    user: "1000:1000"
    environment: [DATABASE_URL=postgres://api@db/shop, WORKERS={workers}]
    deploy:
      resources:
        limits: {{cpus: "1.5", memory: 512M, pids: 200}}
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/healthz"]
      interval: 30s
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD_FILE: /run/secrets/database
    secrets: [database]
    volumes: ["data:/var/lib/postgresql/data"]
    shm_size: 128mb
volumes: {{data: {{}}, logs: {{}}}}
secrets:
  database: {{file: ./database.txt}}
"""


def manifest(number: int) -> str:
    """Return a Deployment of one to three containers; `number` decides what it holds."""
    containers = [_container(number, index) for index in range(1 + number % 3)]
    claim = f"persistentVolumeClaim: {{claimName: data-{number}}}"
    return _DEPLOYMENT.format(
        number=number,
        team=number % 20,
        replicas=1 + number % 5,
        token="true" if number % 4 == 0 else "false",
        user=1000 + number % 50,
        containers="".join(containers),
        volume="hostPath: {path: /srv/data}" if number % 9 == 0 else claim,
    )


def _container(number: int, index: int) -> str:
    return _CONTAINER.format(
        name=f"c{index}",
        number=number,
        image=_IMAGES[(number + index) % len(_IMAGES)],
        port=8000 + index,
        memory=256 * (1 + number % 4),
        readonly="false" if number % 7 == 0 else "true",
        added=", add: [NET_ADMIN]" if number % 11 == 0 else "",
    )


def compose_file(number: int) -> str:
    """Return a compose file of three services; `number` decides what they say."""
    return _COMPOSE.format(
        number=number,
        port=8000 + number,
        admin=9000 + number,
        workers=1 + number % 8,
        readonly="false" if number % 3 == 0 else "true",
    )
