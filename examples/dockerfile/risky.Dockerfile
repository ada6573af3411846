# syntax=example.org/tools/frontend
# What not to do.
FROM ubuntu AS tools
ARG GITHUB_TOKEN
RUN --security=insecure --network=host make -C /opt/tools

FROM ubuntu:latest
ENV DB_PASSWORD=correct-horse-battery
RUN apt-get update && apt-get install -y --allow-unauthenticated \
      sudo \
      openssh-server \
      gcc gdb docker.io \
    # the installer of the tool's own site
    && curl -k https://example.org/install.sh | bash
RUN echo 'app ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/app \
 && chmod u+s /usr/local/bin/helper \
 && setcap cap_sys_admin+ep /usr/local/bin/other
ADD https://example.org/app.tar.gz /opt/
ADD src /app
COPY --chmod=4755 runner /usr/local/bin/
COPY id_rsa /root/.ssh/id_rsa
COPY --from=tools /opt/tools /opt/tools
COPY --from=example.org/extra:latest /bin/extra /bin/
EXPOSE 22 8080
VOLUME /var/run/docker.sock
HEALTHCHECK NONE
USER root
ENTRYPOINT ["sudo", "-u", "app", "/app/run"]
