"""XML with line numbers, and without what XML can be made to do: no DTD, no entity, no reference.

Expat is driven directly because the standard tree builders keep no positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from isoaudit.documents.limits import MAX_DEPTH, MAX_NODES
from isoaudit.errors import DocumentError
from isoaudit.model import Location


@dataclass(slots=True)
class Element:
    """One element; names of a namespace are written `{uri}name`."""

    name: str
    attributes: dict[str, str]
    location: Location
    children: list[Element] = field(default_factory=list)
    text: str = ""
    _named: dict[str, list[Element]] | None = field(default=None, compare=False, repr=False)

    def named(self, name: str) -> list[Element]:
        """Return the children of this name, in document order; for when the document is whole."""
        if self._named is None:
            self._named = {}
            for child in self.children:
                self._named.setdefault(child.name, []).append(child)
        return self._named.get(name) or []

    def find(self, path: str) -> Element | None:
        """Return the first element below a path such as `os/loader`, or None."""
        return next(self.find_all(path), None)

    def find_all(self, path: str) -> Iterator[Element]:
        """Yield every element below a path, in document order."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.find_all(rest)
                else:
                    yield child

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute's value, or `default`."""
        return self.attributes.get(attribute, default)


def load(text: str, file: str) -> Element:
    """Return the root element of an XML document; `file` is what positions call it.

    Raises DocumentError for broken XML, a document type or entity declaration, or too much of it.
    """
    builder = _Builder(file)
    try:
        builder.parser.Parse(text.encode("utf-8", "surrogateescape"), True)
    except expat.ExpatError as error:
        raise DocumentError(
            f"{file}:{error.lineno}:{error.offset + 1}: not valid XML: "
            f"{expat.ErrorString(error.code)}",
            "Correct the file and scan again.",
        ) from error
    if builder.root is None:
        raise DocumentError(f"{file}: not valid XML: no element found")
    return builder.root


class _Builder:
    """Collects elements from expat's events, within the limits."""

    def __init__(self, file: str) -> None:
        self.root: Element | None = None
        self._file = file
        self._open: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _here(self) -> Location:
        return Location(
            self._file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_NODES:
            raise DocumentError(f"{self._here()}: nested too deep or too large, not read")
        if "}" in name:
            name = "{" + name
        element = Element(name, attributes, self._here())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _data(self, data: str) -> None:
        self._open[-1].text += data

    def _refuse(self, *_declaration: object) -> None:
        raise DocumentError(
            f"{self._here()}: declares a document type or entity, not read",
            "A libvirt domain needs neither; remove the declaration.",
        )
