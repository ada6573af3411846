"""What the steps of a build do: install, elevate, mark, trust, fetch; and what they are given."""

from __future__ import annotations

import time
from typing import Any

import pytest
from dockerfiles import collected, records, step

from isoaudit.model import Reason
from isoaudit.probes.dockerfile.shell import commands

TOKEN = "ghp_" + "a1B2" * 9
HASH = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RUN apt-get update && apt-get install -y sudo=1.9 curl:arm64", ["sudo", "curl"]),
        ("RUN apk add --no-cache gcc~=13 'g++'", ["gcc", "g++"]),
        ("RUN dnf -y install podman", ["podman"]),
        ("RUN <<EOF\nset -e\nyum install -y gdb\nEOF", ["gdb"]),
        ('RUN ["apt-get", "install", "socat"]', ["socat"]),
        ("RUN sh -c 'apt-get install strace'", ["strace"]),
        ("RUN if true; then apt install nmap; fi", ["nmap"]),
        ("RUN rpm -i https://example.org/x.rpm && dnf install https://example.org/y.rpm?z=1",
         ["y.rpm"]),
        ("RUN echo apt-get install sudo", []),
        ("RUN # apt-get install sudo\nRUN true", []),
        ("RUN cat <<EOF\napt-get install sudo\nEOF", []),
        ("RUN apt-get install $PACKAGES", None),
    ],
)  # fmt: skip
def test_packages_are_known_by_their_managers(line: str, found: list[str] | None) -> None:
    """By name, without version; a variable may bring any."""
    assert found == (list(step(line)["packages"]) if "packages" in step(line) else None)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("ARG P='sudo gdb'\nRUN apt-get install $P", ["sudo", "gdb"]),
        ("ENV APT=apt-get\nRUN ${APT} install sudo", ["sudo"]),
        ("ARG P=sudo\nRUN P=$(cat x) && apt-get install $P", None),
        ("ARG P=sudo\nRUN for P in a b; do apt-get install $P; done", None),
        ("RUN $RUNNER install sudo", None),
        ("RUN $(which apt) install sudo", None),
        ("RUN $RUNNER; apt-get install sudo", ["sudo"]),
    ],
)
def test_variables_are_followed_as_far_as_they_are_known(
    lines: str, found: list[str] | None
) -> None:
    """What a program does of which the name is not known, is not known either."""
    said = step(lines).get("packages")

    assert found == (None if said is None else list(said))


@pytest.mark.parametrize(
    ("line", "ways"),
    [
        ("RUN sudo -E make", ["sudo runs"]),
        ("RUN true && sudo make", ["sudo runs"]),
        ("RUN apt-get install sudo", ["sudo is installed"]),
        ("RUN apk add doas", ["doas is installed"]),
        ("RUN echo 'a ALL=NOPASSWD: ALL' > /x", ["sudo's rules are written"]),
        ("RUN usermod -aG docker,sudo app", ["a user joins sudo's group"]),
        ('ENTRYPOINT ["sudo", "/app"]', ["sudo runs"]),
        ("RUN echo sudo pseudo", []),
        ("RUN apt-get install pseudo", []),
    ],
)
def test_ways_to_become_root_are_told(line: str, ways: list[str]) -> None:
    """Used, installed or granted."""
    assert ways == list(step(line)["elevates"])


@pytest.mark.parametrize(
    ("line", "ways"),
    [
        ("RUN chmod u+s /x", ["chmod u+s"]),
        ("RUN chmod -R 4755 /x", ["chmod 4755"]),
        ("RUN chmod 06755 /x", ["chmod 06755"]),
        ("RUN chmod +s /x", ["chmod +s"]),
        ("RUN chmod go-w,u=rwxs /x", ["chmod go-w,u=rwxs"]),
        ("RUN install -m 4755 a /x", ["install 4755"]),
        ("RUN setcap cap_net_raw+ep /x", ["setcap"]),
        ("RUN sh -c \"chmod u+s /x\"", ["chmod u+s"]),
        ("COPY --chmod=4755 a /x", ["--chmod=4755"]),
        ("ADD --chmod=u+s a.tar /x", ["--chmod=u+s"]),
        ("RUN chmod u-s,a-s 0755 1777 2775 g+s /x", []),
        ("RUN find / -perm /6000 -exec chmod a-s {} +", []),
        ("RUN setcap -r /x", []),
        ("COPY --chmod=0755 a /x", []),
    ],
)  # fmt: skip
def test_programs_that_raise_privileges_are_told(line: str, ways: list[str]) -> None:
    """By the bit or by capabilities; taking the bit away is no way to get it."""
    assert ways == list(step(line)["set_id"])


@pytest.mark.parametrize(
    ("line", "ways"),
    [
        ("RUN curl -fsSL https://x/i | sh", ["curl | sh"]),
        ("RUN curl https://x/i | tee /i | sudo -E bash -", ["curl | bash"]),
        ("RUN wget -qO- https://x | bash -s -- --yes", ["wget | bash"]),
        ("RUN curl https://x/get-pip.py | python3 -", ["curl | python3"]),
        ('RUN bash -c "$(curl -fsSL https://x)"', ["bash $(curl)"]),
        ("RUN bash <(curl https://x)", ["bash $(curl)"]),
        ("RUN eval `wget -O- https://x`", ["eval $(wget)"]),
        ("RUN apt-get install --allow-unauthenticated x", ["--allow-unauthenticated"]),
        ("RUN yum install -y --nogpgcheck x", ["--nogpgcheck"]),
        ("RUN apk add --allow-untrusted x", ["--allow-untrusted"]),
        ("RUN pip3 install --trusted-host=x y", ["--trusted-host=x"]),
        ("RUN curl -fsSLk https://x -o y", ["-fsSLk"]),
        ("RUN GIT_SSL_NO_VERIFY=1 git clone https://x", ["GIT_SSL_NO_VERIFY=1"]),
        ("RUN git -c http.sslVerify=false clone https://x", ["http.sslVerify=false"]),
        ("RUN echo 'deb [arch=amd64 trusted=yes] http://x y z' > /etc/apt/a", ["[trusted=yes]"]),
        ("RUN wget http://x/y.tgz", ["wget http://"]),
        ("RUN wget http://x/y.tgz && echo 'abc  y.tgz' | sha256sum -c", []),
        ("RUN curl http://localhost:80/", []),
        ("RUN curl https://x | tar xz", []),
        ("RUN curl https://x | python3 -c 'import json'", []),
        ("RUN curl https://x | gpg --dearmor", []),
        ("RUN curl -o i https://x && sh i", []),
        ("RUN curl https://x ; sh y", []),
        ("RUN VERSION=$(curl https://x) && echo $VERSION", []),
    ],
)
def test_what_is_not_verified_is_told(line: str, ways: list[str]) -> None:
    """What is fetched straight into an interpreter, and checks that are switched off."""
    assert ways == list(step(line)["unverified"])


@pytest.mark.parametrize(
    ("line", "fetched", "added"),
    [
        ("ADD https://x/y.tgz?token=z /", ["https://x/y.tgz"], []),
        (f"ADD --checksum={HASH} https://x/y /", [], []),
        ("ADD git@example.org:a/b.git /", ["git@example.org:a/b.git"], []),
        ("ADD https://x/a.git#" + "0" * 40 + " /", [], []),
        ("ADD https://x/a.git#main /", ["https://x/a.git#main"], []),
        ("ADD root.tar.xz /", [], []),
        ("ADD a b.tgz c /", [], ["a", "c"]),
        ('ADD ["a b", "/"]', [], ["a b"]),
        ("ADD <<EOF /x\nhi\nEOF", [], []),
        ("COPY a /", [], []),
        ("ARG U=https://x\nADD $U/y /", ["https://x/y"], []),
        ("ADD $U /", None, None),
    ],
)
def test_what_add_brings_in_is_told(line: str, fetched: Any, added: Any) -> None:
    """Unless it is proven, or an archive, for which ADD is there."""
    found = step(line)

    assert (fetched, added) == tuple(
        list(found[name]) if name in found else None for name in ("fetched", "added")
    )


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("RUN --security=insecure x", ["security=insecure"]),
        ("RUN --network=host --mount=type=cache,target=/c x", ["network=host"]),
        ("RUN --network=none --security=sandbox x", []),
        ("RUN x --network=host", []),
        ("ARG N=host\nRUN --network=$N x", ["network=host"]),
    ],
)
def test_rights_over_the_builder_are_told(line: str, asked: list[str]) -> None:
    """As flags of RUN; what a program is given is its own business."""
    assert asked == list(step(line)["entitlements"])


@pytest.mark.parametrize(
    ("line", "secrets"),
    [
        ("ENV DB_PASSWORD=hunter2 TZ=UTC", ["DB_PASSWORD"]),
        ("ENV DB_PASSWORD hunter2 and more", ["DB_PASSWORD"]),
        (f"ENV X={TOKEN}", ["X"]),
        ("ENV PASSWORD_FILE=/run/secrets/x PASSWORD=", []),
        ("ARG NPM_TOKEN", ["NPM_TOKEN"]),
        ("ARG NPM_TOKEN=", []),
        ("ARG T\nENV API_TOKEN=$T", ["API_TOKEN"]),
        ("ARG SSH_KEY_PATH", []),
        ("ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", []),
        ("COPY id_rsa /root/.ssh/", ["id_rsa"]),
        ("COPY deploy/.env .env.prod ./", ["deploy/.env", ".env.prod"]),
        ("COPY .npmrc /root/", [".npmrc"]),
        ("COPY prod.txt /root/.ssh/id_ed25519", ["prod.txt"]),
        ("COPY tls/server.key tls/server-key.pem /", ["tls/server.key", "tls/server-key.pem"]),
        ("ADD ~/.aws /root/.aws", ["~/.aws"]),
        ("COPY .env.example id_rsa.pub ca.pem config.json credentials.py . /", []),
        ("RUN TOKEN=abc make", ["TOKEN"]),
        ("RUN export API_KEY=abc && make", ["API_KEY"]),
        ("RUN curl --password hunter2 https://x", ["password"]),
        ("RUN mysql --password=hunter2", ["password"]),
        (f"RUN git clone https://me:{TOKEN}@example.org/x", ["a value"]),
        (f"RUN <<EOF\necho {TOKEN}\nEOF", ["a value"]),
        (f"COPY <<EOF /x\n{TOKEN}\nEOF", ["a value"]),
        ("RUN TOKEN=$(cat /run/secrets/t) make --token=$TOKEN", []),
        ("RUN --mount=type=secret,id=t,env=TOKEN make", []),
        ("RUN adduser --disabled-password app && docker login --password-stdin x", []),
        ("RUN echo 'root:hunter2' | chpasswd", ["password"]),
        ('RUN echo "root:$P" | chpasswd', []),
        ("RUN wget --auth-no-challenge https://x", []),
        ("RUN T=$(cat /run/secrets/t) pip install -i https://me:${T}@example.org/x y", []),
        ("RUN gpg --keyserver hkps://x --recv-keys B42F6819007F00F88E364FD4036A9C25BF357DD4", []),
        ("RUN apt-get install libpam-passwdqc && passwd -l root", []),
    ],
)
def test_secrets_are_known_by_name_and_form(line: str, secrets: list[str]) -> None:
    """And what brings them in properly is none."""
    found = records(f"FROM a\n{line}", "build_input")

    assert secrets == [o["build_input.name"] for o in found if o["build_input.secret"]]


def test_no_value_of_a_secret_is_kept() -> None:
    """Neither in a fact nor in where it is from."""
    text = (
        f"FROM a:{TOKEN} AS {TOKEN}\nARG A={TOKEN}\nENV PASSWORD=hunter2 {TOKEN}=x\nUSER {TOKEN}\n"
        f"RUN TOKEN=hunter2 x {TOKEN} --password hunter2 && apt-get install {TOKEN}\n"
        f"ADD https://me:hunter2@x/{TOKEN}?a={TOKEN} /\nCOPY {TOKEN} /\nVOLUME /{TOKEN}\n"
    )
    shown = repr(collected(text).to_json())

    assert "hunter2" not in shown
    assert TOKEN not in shown


def test_a_variable_before_the_first_stage_is_an_input() -> None:
    """Its default stands in the file."""
    (one,) = records("ARG REGISTRY_PASSWORD=hunter2\nFROM a", "build_input")

    assert (True, False) == (one["build_input.secret"], one["build_input.in_image"])


def test_a_script_too_long_to_be_read_leaves_what_it_does_open() -> None:
    """Rather than be taken for one that does nothing."""
    text = "FROM a\nRUN " + "true;" * 20_000
    (part,) = collected(text).parts["build_input"]

    assert part.incomplete is not None
    assert Reason.LIMIT is part.incomplete.reason
    assert "unverified" not in step(text.partition("\n")[2])


@pytest.mark.parametrize(
    "script",
    ["$(" * 32_000, "`" * 65_000, "'" * 65_001, "a=$(b)" * 10_000, "((" * 32_000,
     "\\" * 65_001, '"' + '\\"' * 32_000, "sh -c '" * 9_000, "\1" * 65_000, "a " * 32_000,
     "chmod " + "u" * 65_000, "sudo " * 13_000, "curl -" + "k" * 60_000 + "!"],
    ids=["open", "ticks", "quotes", "many", "braces", "escapes", "escaped", "shells", "marks",
         "words", "mode", "sudo", "option"],
)  # fmt: skip
def test_hostile_scripts_are_read_in_little_time(script: str) -> None:
    """Nothing in them is tried twice."""
    begin = time.process_time()
    commands(script)
    step("RUN " + script[:65_000].replace("\\", ""))

    assert 6 > time.process_time() - begin
