"""The GPUs that `--gpus` asks for.

Source: docs.docker.com (docker container run, `--gpus`): `all`, a number, or fields of a request.
"""

from __future__ import annotations

from isoaudit.documents import made
from isoaudit.documents.yaml import Node
from isoaudit.probes.run_line.csv import fields
from isoaudit.probes.run_line.draft import Draft, mapping_of, node_of
from isoaudit.probes.run_line.words import RunWord

_KEYS = {"driver": "driver", "count": "count", "device": "device_ids"}


def ask_gpus(draft: Draft, value: RunWord) -> None:
    """Put a request for GPUs into a draft."""
    if value.text == "all":
        draft.put(("gpus",), value)
        return
    where = value.location
    capabilities = [made.scalar("gpu", where)]
    request: dict[str, RunWord | Node] = {}
    for field in fields(value):
        key, equals, text = field.text.partition("=")
        said = value._replace(text=text)
        if not equals:
            request["count"] = field
        elif key == "capabilities":
            capabilities += [node_of(said._replace(text=name)) for name in text.split(",")]
        elif key in _KEYS:
            request[_KEYS[key]] = said
    request["capabilities"] = made.sequence(capabilities, where)
    draft.add_node(("gpus",), mapping_of(request, where))
