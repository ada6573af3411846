"""What a devcontainer.json asks for, as the options of `docker run` that its tools make of it.

Source: containers.dev, "Dev Container metadata reference". `forwardPorts` is left out: the editor
forwards these to whoever uses it, and the engine publishes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.documents.yaml import Node
from isoaudit.probes.devcontainer.features import added
from isoaudit.probes.devcontainer.values import Places, text_of, word
from isoaudit.probes.run_line.words import RunWord, literal

_LISTS = (("capAdd", "cap-add"), ("securityOpt", "security-opt"))
_ROOT = frozenset({"root", "0"})
_LOCALHOST = "127.0.0.1"


def common_options(config: Node, places: Places) -> Iterator[RunWord]:
    """Yield what holds whether the container is started alone or as a service of compose."""
    privileged = config.get("privileged")
    if privileged is not None and privileged.boolean():
        yield RunWord("--privileged=true", privileged.location)
    for key, option in _LISTS:
        for node in _elements(config, key):
            yield word(option, node, places)
    for node in _elements(config, "mounts"):
        yield _mount(node, places)
    yield from _environment(config, places)
    yield from _user(config, places)
    for feature, at in _keyed(config, "features"):
        for given in added(feature) or ():
            yield literal(given, at.location)


def own_options(config: Node, places: Places) -> Iterator[RunWord]:
    """Yield what counts only where the container is started alone."""
    mount = config.get("workspaceMount")
    if mount is None:
        source = f"type=bind,source={places.outside},target={places.inside}"
        yield literal(f"--mount={source}", config.location)
    elif mount.text():
        yield word("mount", mount, places)
    ports = config.get("appPort")
    for node in ports.elements() if ports is not None and ports.is_list else [ports]:
        if node is not None:
            yield _port(node, places)
    gpu = config.get("hostRequirements", "gpu")
    if gpu is not None and (gpu.is_map or gpu.text() not in {"false", "optional"}):
        yield RunWord("--gpus=all", gpu.location)
    for node in _elements(config, "runArgs"):
        yield RunWord(text_of(node, places), node.location)


def unknown_features(config: Node) -> list[str]:
    """Return the features of which is not known what they add."""
    return [name for name, _ in _keyed(config, "features") if added(name) is None]


def _elements(config: Node, key: str) -> list[Node]:
    node = config.get(key)
    return [] if node is None else node.elements()


def _keyed(config: Node, key: str) -> list[tuple[str, Node]]:
    node = config.get(key)
    return [] if node is None else [(name, at) for name, (at, _) in node.keyed().items()]


def _mount(node: Node, places: Places) -> RunWord:
    """Return a mount; its long form has the fields of the short one as keys."""
    if not node.is_map:
        return word("mount", node, places)
    pairs = []
    for key, value in node.items():
        field = f"{key}={text_of(value, places)}"
        pairs.append('"' + field.replace('"', '""') + '"' if set('",') & set(field) else field)
    return RunWord(f"--mount={','.join(pairs)}", node.location)


def _environment(config: Node, places: Places) -> Iterator[RunWord]:
    for key in ("containerEnv", "remoteEnv"):
        node = config.get(key)
        for name, value in node.items() if node is not None else []:
            # A null takes a variable back.
            if not value.is_null:
                yield word("env", value, places, f"{name.replace('$', '$$')}=")


def _user(config: Node, places: Places) -> Iterator[RunWord]:
    """Yield the user; where only the user of what the editor starts is told, root is one."""
    user, remote = config.get("containerUser"), config.get("remoteUser")
    if user is not None:
        yield word("user", user, places)
    elif remote is not None and remote.text() in _ROOT:
        yield word("user", remote, places)


def _port(node: Node, places: Places) -> RunWord:
    text = text_of(node, places)
    if text.isascii() and text.isdecimal():
        text = f"{_LOCALHOST}:{text}:{text}"
    return RunWord(f"--publish={text}", node.location)
