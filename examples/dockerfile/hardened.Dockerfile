# syntax=docker/dockerfile:1.10
# Built by: docker build --secret id=npmrc,src=$HOME/.npmrc -f hardened.Dockerfile .
ARG NODE_VERSION=22.11.0

FROM node:${NODE_VERSION}-bookworm-slim@sha256:6e5c4f1a4b1d9a7d3d8f2a06c0b5e8c9a1f4d7e2b3c6a9d8e7f6a5b4c3d2e1f0 AS build
WORKDIR /src
COPY package.json package-lock.json ./
# The token is there while this runs, and in no layer.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev
COPY src/ src/
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
    https://example.org/data/cities-2024.csv data/cities.csv

FROM registry.example/distroless/nodejs22-debian12:nonroot@sha256:1f0e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
COPY --from=build --chown=10001:10001 /src /app
WORKDIR /app
EXPOSE 8080
HEALTHCHECK --interval=30s CMD ["/nodejs/bin/node", "health.js"]
USER 10001:10001
CMD ["src/server.js"]
