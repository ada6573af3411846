"""The published schema of evidence bundles says what a bundle is."""

from __future__ import annotations

import json

from golden.report_samples import machine
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_strategies import errors, fact_sets, records, targets, texts

from isoaudit.bundle import Bundle, Evidence, encode
from isoaudit.resources import data_dir

SCHEMA = json.loads((data_dir("reports") / "schemas" / "bundle-2.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
EVIDENCE = st.builds(Evidence, targets, fact_sets)
BUNDLES = st.builds(
    Bundle, texts, st.one_of(st.none(), EVIDENCE), st.lists(EVIDENCE, max_size=3).map(tuple),
    st.lists(errors, max_size=2).map(tuple), st.dictionaries(texts, records, max_size=2),
)  # fmt: skip


def test_the_schema_is_one() -> None:
    """The published schema is itself valid."""
    Draft202012Validator.check_schema(SCHEMA)


@given(BUNDLES)
def test_any_bundle_is_valid_by_the_schema(bundle: Bundle) -> None:
    """Whatever strings a target plants, the document keeps its shape."""
    data = json.loads(encode(bundle, compress=False))
    assert [] == list(VALIDATOR.iter_errors(data))


def test_a_report_is_no_bundle() -> None:
    """The two documents cannot be mistaken for each other."""
    data = {"schema_version": "1", "targets": [], "run": machine().run.to_json()}
    assert not VALIDATOR.is_valid(data)
