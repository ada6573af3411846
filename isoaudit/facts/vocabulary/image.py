"""Facts of how an image is made: what it is built upon, what its instructions do, what it sets.

Source: the Dockerfile reference; the OCI image specification, "Image Configuration". They are about
the image that a file builds by default, and about every stage that this takes.
"""

from isoaudit.facts.spec import (
    BOOL,
    CONTAINER,
    DEVCONTAINER,
    DOCKERFILE,
    LIST,
    STRING,
    FactSpec,
    PartSpec,
)

_C, _F = CONTAINER, (DOCKERFILE,)

PARTS = (
    PartSpec("base_image",
             "Images that a build begins from, takes files of, or has its file read by.", _C, _F),
    PartSpec("build_step", "Instructions that run programs or bring in files.", _C, _F),
    PartSpec("build_input",
             "Variables, files and words that a build is given; their values are never kept.",
             _C, _F),
)  # fmt: skip

FACTS = (
    FactSpec("base_image.reference", STRING, "Image as it is named, variables replaced.",
             _C, _F, identifying=True),
    FactSpec("base_image.role", STRING,
             "base (FROM), copied (files are taken of it), or frontend (it reads the file).",
             _C, _F, identifying=True),
    FactSpec("base_image.pinned", BOOL, "Whether it is named by digest.", _C, _F),
    FactSpec("base_image.tag", STRING,
             "Its tag: latest where none is named, empty where only a digest is.", _C, _F),
    FactSpec("build_step.stage", STRING, "Name of the stage, else its number from 0.",
             _C, _F, identifying=True),
    FactSpec("build_step.instruction", STRING, "RUN, ADD, COPY, CMD or ENTRYPOINT.",
             _C, _F, identifying=True),
    FactSpec("build_step.in_image", BOOL,
             "Whether its layer is part of the image, and not only of a stage it takes files of.",
             _C, _F),
    FactSpec("build_step.entitlements", LIST,
             "What of the builder's host it asks for: security=insecure, network=host.", _C, _F),
    FactSpec("build_step.packages", LIST, "Packages that a package manager installs by name.",
             _C, _F),
    FactSpec("build_step.elevates", LIST,
             "How it uses or grants sudo or doas: `sudo runs`, `sudo is installed`, …", _C, _F),
    FactSpec("build_step.set_id", LIST,
             "How it gives files the set-user-ID bit or capabilities: `chmod u+s`, `setcap` …",
             _C, _F),
    FactSpec("build_step.unverified", LIST,
             "What it runs or installs without proof of where it is from: `curl | sh`, "
             "`--allow-unauthenticated` …", _C, _F),
    FactSpec("build_step.fetched", LIST,
             "Remote files that ADD brings in without a checksum, without query.", _C, _F),
    FactSpec("build_step.added", LIST,
             "Local files, no archives, that ADD brings in as COPY would.", _C, _F),
    FactSpec("build_input.stage", STRING,
             "Name of the stage, else its number; empty before the first FROM.",
             _C, _F, identifying=True),
    FactSpec("build_input.kind", STRING, "env, arg, file or command.", _C, _F, identifying=True),
    FactSpec("build_input.name", STRING,
             "Name of the variable, file or option; `a value` for a token of known form.",
             _C, _F, identifying=True),
    FactSpec("build_input.secret", BOOL, "Whether it looks like a secret.", _C, _F,
             sensitive=True),
    FactSpec("build_input.in_image", BOOL,
             "Whether it stays in the image or its history, and not only with the builder.",
             _C, _F),
    FactSpec("container.host_command", BOOL,
             "Whether a command runs on the host of whoever sets it up (initializeCommand).",
             _C, (DEVCONTAINER,)),
    FactSpec("container.image.exposed_ports", LIST,
             "Ports that the file exposes, as 22/tcp.", _C, _F),
    FactSpec("container.image.volumes", LIST, "Paths that the file declares as volumes.", _C, _F),
    FactSpec("container.image.health_check", BOOL, "Whether a health check is set up.", _C, _F),
    FactSpec("container.image.steps_down", BOOL,
             "Whether it holds a program by which an entrypoint gives up root: gosu, su-exec, …",
             _C, _F),
)  # fmt: skip
