"""What `--volume`, `--mount` and `--secret` ask for.

Sources: docs.docker.com (docker container run; bind mounts, volumes, tmpfs mounts), podman-run(1).
"""

from __future__ import annotations

from collections.abc import Mapping

from isoaudit.documents.variables import waiting_for
from isoaudit.documents.yaml import Node
from isoaudit.probes.compose.driver_opts import shown_path
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.draft import Draft, mapping_of
from isoaudit.probes.run_line.words import RunWord

_NAMES = {
    **dict.fromkeys(("source", "src"), "source"),
    **dict.fromkeys(("target", "dst", "destination"), "target"),
    **dict.fromkeys(("readonly", "ro"), "readonly"),
}
_PATHS = frozenset({"${CURDIR}", "${HOME}", "${PWD}"})
"""Variables that hold a path, whichever: what they name is a folder of the host, and no volume."""

_TRUE = frozenset({"", "true", "1", "t"})
_TMPFS = ("tmpfs", "ramfs")
_HARMLESS = frozenset({"devpts"})
_ANYTHING = frozenset({"glob"})

Fields = Mapping[str, RunWord]


def ask_volume(draft: Draft, value: RunWord) -> None:
    """Add a volume in its short form."""
    draft.add(("volumes",), value._replace(text=_placed(draft, value.text)))


def _placed(draft: Draft, text: str) -> str:
    """Return a source, a relative one as unknown where the folder it is relative to is."""
    first, colon, rest = text.partition(":")
    if first in _PATHS:
        return f"{first}/.{colon}{rest}"
    relative = first in {".", ".."} or first.startswith(("./", "../"))
    return (
        f"{waiting_for('the folder it is run in')}/{text}"
        if relative and draft.around.moved
        else text
    )


def ask_mount(draft: Draft, value: RunWord) -> None:
    """Add a mount given as fields; one of which the fields are not known may be any mount."""
    pairs = [field.text.partition("=") for field in fields(value)]
    # NOTE: docker takes the names of fields and types in capitals as well.
    pairs = [(key if "$" in key else key.lower(), equals, text) for key, equals, text in pairs]
    if any("$" in key.replace("$$", "") for key, _, _ in pairs):
        draft.add(("volumes",), value._replace(text=waiting_for("what is filled in")))
        return
    named: dict[str, RunWord] = {}
    options: dict[str, RunWord] = {}
    for key, equals, text in pairs:
        said = value._replace(text=text if equals else "")
        name = _NAMES.get(key.strip(), key.strip())
        if name == "volume-opt":
            option, _, content = text.partition("=")
            options[option] = value._replace(text=content)
        elif name == "rw":
            named["readonly"] = said._replace(text="false" if said.text in _TRUE else "true")
        else:
            named[name] = said
    _ask(draft, value, named, options)


def _ask(draft: Draft, value: RunWord, named: Fields, options: Fields) -> None:
    kind = named.get("type", value._replace(text="volume"))
    kind = kind._replace(text=kind.text.lower()) if kind.known else kind
    target = named.get("target")
    if kind.text in _HARMLESS:
        return
    if kind.text in _ANYTHING or target is None:
        # A glob names more than one source; without a target the engine refuses, or picks one.
        what = "what the pattern matches" if kind.text in _ANYTHING else "a mount without a target"
        draft.add(("volumes",), value._replace(text=waiting_for(what)))
    elif kind.text in _TMPFS:
        draft.add(("tmpfs",), value._replace(text=f"{target.text}:{_tmpfs_options(named)}"))
    else:
        draft.add_node(("volumes",), _long(draft, value, kind, (named, options)))


def _long(draft: Draft, value: RunWord, kind: RunWord, given: tuple[Fields, Fields]) -> Node:
    """Return a volume in long form; one whose options make it a host path is a bind."""
    where = value.location
    named, options = given
    source = named.get("source")
    device = options.get("device")
    if kind.text == "volume" and device is not None:
        shown = _shown(options, device)
        if shown is None:
            kind = kind._replace(text=waiting_for("the file system that its options mount"))
        elif shown.text:
            kind, source = kind._replace(text="bind"), shown
    entry: dict[str, RunWord | Node] = {"type": kind, "target": named["target"]}
    if source is not None:
        entry["source"] = source._replace(text=_placed(draft, source.text))
    if "readonly" in named:
        text = named["readonly"].text
        entry["read_only"] = named["readonly"]._replace(text="true" if text in _TRUE else text)
    bind: dict[str, RunWord | Node] = {}
    if "bind-propagation" in named:
        bind["propagation"] = named["bind-propagation"]
    if "relabel" in named or "z" in named or "Z" in named:
        bind["selinux"] = value._replace(text="z")
    if bind:
        entry["bind"] = mapping_of(bind, where)
    return mapping_of(entry, where)


def _shown(options: Fields, device: RunWord) -> RunWord | None:
    """Return the host path that a volume's options show, empty for none, None if not known."""
    said = [options[name] for name in ("type", "o") if name in options]
    if not all(word.known for word in (*said, device)):
        return device
    kind, flags = (options[n].text if n in options else "" for n in ("type", "o"))
    path = shown_path(kind, flags, device.text)
    return device._replace(text=path) if path is not None else None


def _tmpfs_options(named: Fields) -> str:
    """Return the mount options of a tmpfs as its short form has them."""
    words: list[str] = []
    for name, said in named.items():
        if name in {"type", "target", "source"}:
            continue
        if name == "readonly":
            words.append("ro" if said.text in _TRUE else "rw")
        elif name.startswith("tmpfs-"):
            words.append(f"{name.removeprefix('tmpfs-')}={said.text}")
        else:
            words.append(f"{name}={said.text}" if said.text else name)
    return ",".join(words)


def ask_secret(draft: Draft, value: RunWord) -> None:
    """Add a secret that podman keeps: a file in the container, or a variable of it."""
    first, *rest = fields(value)
    named = {key: text for key, _, text in (field.text.partition("=") for field in rest)}
    name = first.text.removeprefix("source=")
    target = named.get("target") or name
    if named.get("type") == "env":
        draft.add(("environment",), value._replace(text=f"{target}={waiting_for('a secret')}"))
        return
    entry = {"source": value._replace(text=name), "target": value._replace(text=target)}
    draft.add_node(("secrets",), mapping_of(entry, value.location))
