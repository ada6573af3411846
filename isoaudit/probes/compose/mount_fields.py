"""One mount of a compose service while it is read: its fields, and why some of them are open."""

from __future__ import annotations

from isoaudit.documents.yaml import Node
from isoaudit.model import Missing, Record, Value
from isoaudit.probes.compose.values import Word, size, word
from isoaudit.probes.declared import not_declarable, record
from isoaudit.probes.defaults import tmpfs_options, tmpfs_size_limited


class Mount:
    """The fields of one mount, as they are found.

    `volume` is what the file calls a volume. `own_volume` says that the engine makes it for this
    project alone. `relabelled` says whether SELinux labels the source anew, `relabelled_open` why
    that is not known.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.volume = ""
        self.own_volume = False
        self.relabelled = False
        self.relabelled_open = ""
        self._fields: dict[str, Value] = {}
        self._places: dict[str, Node] = {}
        self._unread: dict[str, str | Missing] = {}

    def put(self, path: str, said: Word | None, value: Value | None = None) -> None:
        """Set a field to `value`, or to the text of `said` itself, if that is known."""
        if said is not None and said.depends:
            self._unread[path] = said.open
        elif value is not None:
            self._fields[path] = value
        elif said is not None:
            self._fields[path] = said.text

    def put_from(self, path: str, said: Word, value: Value) -> None:
        """Set a field that another place decides: that of the volume, not of who mounts it."""
        self.put(path, said, value)
        self._places[path] = said.node

    def lacks(self, path: str, why: str) -> None:
        """Say why a field is not known."""
        self._unread[path] = why

    def beyond(self, path: str, why: str) -> None:
        """Say why only what runs can show a field."""
        self._unread[path] = not_declarable(path, why)

    def get(self, path: str) -> Value | None:
        """Return a field, None if it is not known."""
        return self._fields.get(path)

    def why(self, path: str) -> str:
        """Return why a field is not known."""
        reason = self._unread.get(path, "")
        return reason if isinstance(reason, str) else reason.detail

    def relabel(self, said: Word, asked: bool) -> None:
        """Take down whether SELinux labels the source anew, as `said` has it."""
        self.relabelled = asked
        self.relabelled_open = said.open if said.depends else ""

    def put_tmpfs(self, said: Word, words: list[str]) -> None:
        """Set what a tmpfs with these mount options is."""
        self.put("mount.kind", None, "tmpfs")
        self.put("mount.managed", None, False)
        self.put("mount.options", said, tmpfs_options(words, restricted=True))
        self.put("mount.size_limited", said, tmpfs_size_limited(words))

    def record(self) -> Record:
        """Return the mount as a record."""
        made = record(self.node, self._fields, self._unread)
        if not self._places:
            return made
        elsewhere = {
            path: record(node, {path: self._fields[path]}).facts[path]
            for path, node in self._places.items()
            if path in made.facts
        }
        return Record({**made.facts, **elsewhere}, made.missing)


def short_tmpfs(said: Word) -> Mount:
    """Return the mount of an entry of `tmpfs`."""
    destination, _, options = said.text.partition(":")
    mount, words = Mount(said.node), options.split(",")
    mount.put_tmpfs(said.part(options), words)
    mount.put("mount.destination", said.part(destination))
    mount.put("mount.read_only", said.part(options), "ro" in words)
    mount.put("mount.propagation", None, "private")
    return mount


def put_long_tmpfs(mount: Mount, entry: Node) -> None:
    """Set what a volume of type tmpfs is."""
    said = optional_word(entry, "tmpfs", "size")
    if said is None:
        mount.put_tmpfs(Word("", entry), [])
    else:
        mount.put_tmpfs(said, [] if said.depends else [f"size={size(said)}"])


def optional_word(node: Node, *keys: str) -> Word | None:
    """Return the single value below `keys`, its variables replaced; None if there is none."""
    found = node.get(*keys)
    return word(found) if found is not None else None
