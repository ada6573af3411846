"""What the build of a compose service is let have of the machine that builds."""

from __future__ import annotations

import pytest

from isoaudit.probes.open import open_compose

PATH = "container.build.entitlements"


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (".", ()),
        ("{context: .}", ()),
        ("{context: ., entitlements: [network.host, security.insecure]}",
         ("network.host", "security.insecure")),
        ("{context: ., network: host}", ("network=host",)),
        ("{context: ., network: none}", ()),
        ("{context: ., network: '${NETWORK}'}", None),
        ("{context: ., entitlements: ['${E}']}", None),
    ],
)  # fmt: skip
def test_entitlements_are_told(build: str, expected: tuple[str, ...] | None) -> None:
    """By name, and as the network of the host; a variable may bring any."""
    probe = open_compose(f"services: {{web: {{build: {build}}}}}\n", "compose.yaml")
    (target,) = probe.find()
    found = probe.collect(target)

    said = found.facts.get(PATH)
    assert expected == (said[0].value if said else None)
    assert (expected is None) == (PATH in found.missing)
