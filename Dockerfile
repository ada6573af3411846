# An image that audits the host it runs on, and files that are mounted into it: docs/ci.md says how.
#
#   docker build -t isoaudit .                          docker and podman, files, guests
#   docker build -t isoaudit --build-arg EXTRAS=vm .    libvirt's VMs too (compiles its binding)
#
# glibc, since the CEL library has wheels for no other C library. There is no USER: to see what the
# host's processes are is root's alone, and a scan of files needs no more than --user 65534.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ARG EXTRAS=""
WORKDIR /src
RUN if [ -n "$EXTRAS" ]; then \
        apt-get update && apt-get install -y --no-install-recommends gcc pkg-config libc6-dev libvirt-dev; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY isoaudit ./isoaudit
COPY checks ./checks
COPY profiles ./profiles
COPY reports ./reports
RUN python3 -m venv /opt/isoaudit \
    && /opt/isoaudit/bin/pip install --no-cache-dir --disable-pip-version-check ".${EXTRAS:+[$EXTRAS]}" \
    && /opt/isoaudit/bin/pip uninstall -y pip

FROM ${BASE}
ARG EXTRAS=""
RUN if [ -n "$EXTRAS" ]; then \
        apt-get update && apt-get install -y --no-install-recommends libvirt0 && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=build /opt/isoaudit /opt/isoaudit
# The host's root belongs at /host: the image's own files must never be taken for the host's, and a
# scan of the host ends with an error where nothing is mounted there.
ENV PATH=/opt/isoaudit/bin:$PATH PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp ISOAUDIT_HOST_ROOT=/host
WORKDIR /work
ENTRYPOINT ["isoaudit"]
CMD ["scan", "host", "docker:", "proc:"]
