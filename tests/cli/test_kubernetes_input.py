"""Manifests as people have them: rendered charts and kustomizations on stdin, odd files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import Ended, Isoaudit

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: app, image: app, securityContext: {privileged: true}}]
"""
HELM = f"""\
---
# Source: shop/templates/serviceaccount.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {{name: shop}}
---
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{ports: [{{port: 80}}]}}
---
# Source: shop/templates/deployment.yaml
{DEPLOYMENT}---
# Source: shop/templates/tests/test.yaml
apiVersion: v1
kind: Pod
metadata: {{name: test, annotations: {{helm.sh/hook: test}}}}
spec: {{containers: [{{name: curl, image: curl}}]}}
"""


def _ids(ended: Ended) -> list[str]:
    return [target["id"] for target in ended.report["targets"]]


def _failed(ended: Ended) -> set[str]:
    (target,) = (one for one in ended.report["targets"] if "Deployment" in one["id"])
    return {one["check"] for one in target["findings"] if one["status"] == "fail"}


def test_a_rendered_chart_is_read_from_standard_input(isoaudit: Isoaudit, here: Path) -> None:
    """As `helm template shop | isoaudit scan -` hands it over."""
    ended = isoaudit("scan", "-", "-f", "json", stdin=HELM.encode())

    assert ["kubernetes:stdin#Deployment/default/web/app",
            "kubernetes:stdin#Pod/default/test/curl"] == sorted(_ids(ended))  # fmt: skip
    assert [] == ended.report["errors"]
    assert "CAP-001" in _failed(ended)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl, which brings kustomize")
def test_a_built_kustomization_is_read_from_standard_input(isoaudit: Isoaudit, here: Path) -> None:
    """With what it sets: here the namespace of everything in it."""
    (here / "web.yaml").write_text(DEPLOYMENT)
    (here / "space.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    (here / "kustomization.yaml").write_text("resources: [web.yaml, space.yaml]\nnamespace: shop\n")
    built = subprocess.run(["kubectl", "kustomize", "."], capture_output=True, check=True).stdout

    ended = isoaudit("scan", "-", "-f", "json", stdin=built)

    assert {"kubernetes:stdin#Deployment/shop/web/app",
            "kubernetes:stdin#Namespace/shop"} == set(_ids(ended))  # fmt: skip
    assert [] == ended.report["errors"]


def test_a_profile_at_a_version_judges_and_gates(isoaudit: Isoaudit, here: Path) -> None:
    """The report says by which one."""
    (here / "web.yaml").write_text(DEPLOYMENT.replace("privileged: true", "runAsUser: 0"))

    older, newer = (
        isoaudit("scan", ".", "-f", "json", "-p", f"pss-restricted@1.{minor}") for minor in (22, 23)
    )

    assert (1, 1) == (older.code, newer.code)
    assert {"PSS-016"} == _failed(newer) - _failed(older)
    assert "pss-restricted@1.22" in str(older.report["run"])


def test_a_profile_of_pods_says_nothing_of_other_files(isoaudit: Isoaudit, here: Path) -> None:
    """A service of compose is no pod: none of it applies, and nothing is left undecided."""
    (here / "compose.yaml").write_text("services: {web: {image: web, privileged: true}}\n")
    ended = isoaudit("scan", ".", "-f", "json", "-p", "pss-restricted")
    (target,) = ended.report["targets"]

    assert {"not_applicable"} == {one["status"] for one in target["findings"]}


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ("kind: Pod\nkind: Pod\napiVersion: v1\n", "stands twice"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: [a]\n", "a mapping is expected"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: {a: b}}\n",
         "a list is expected"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n", "raw Helm template"),
    ],
)  # fmt: skip
def test_an_odd_manifest_is_one_line_and_the_rest_is_scanned(
    isoaudit: Isoaudit, here: Path, odd: str, words: str
) -> None:
    """With its place."""
    (here / "odd.yaml").write_text(odd)
    (here / "web.yaml").write_text(DEPLOYMENT)
    ended = isoaudit("scan", ".", "-f", "json")
    (error,) = ended.report["errors"]

    assert words in error["message"]
    assert error["message"].startswith("odd.yaml:")
    assert ["kubernetes:web.yaml#Deployment/default/web/app"] == _ids(ended)


def test_a_hardened_manifest_passes_a_gate_that_counts_what_is_unknown(isoaudit: Isoaudit) -> None:
    """Which runtime the node takes by itself is the node's to say, and no gap of the manifest."""
    file = Path(__file__).resolve().parents[2] / "examples" / "kubernetes" / "restricted.yaml"

    assert 0 == isoaudit("scan", str(file), "-p", "strict").code
