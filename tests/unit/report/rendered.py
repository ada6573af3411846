"""Renders reports for tests, and holds them to the schemas under tests/schemas/."""

from __future__ import annotations

import functools
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from isoaudit.model import Goal, Severity
from isoaudit.report.document import Report
from isoaudit.report.formats import load_renderer
from isoaudit.report.options import Options

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
OPTIONS = Options(fail_on=Severity.CRITICAL, way_out=Goal.HOST_READ, ways=True)
XSD = "{http://www.w3.org/2001/XMLSchema}"


def rendered(form: str, report: Report, options: Options = OPTIONS) -> str:
    stream = io.StringIO()
    load_renderer(form)(report, stream, options)
    return stream.getvalue()


def sarif(report: Report, options: Options = OPTIONS) -> dict[str, Any]:
    """Return the one run of a log that the schema holds for."""
    log = json.loads(rendered("sarif", report, options))
    Draft4Validator(_sarif_schema()).validate(log)
    (run,) = log["runs"]
    return run


@functools.cache
def _sarif_schema() -> dict[str, Any]:
    return json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text())


def junit(report: Report, options: Options = OPTIONS) -> ET.Element:
    """Return the document, held to the elements, attributes and order of the XML schema."""
    root = ET.fromstring(rendered("junit", report, options))  # noqa: S314 - our own
    _require_shape(root)
    return root


@functools.cache
def _elements() -> dict[str, ET.Element]:
    schema = ET.parse(SCHEMAS / "junit-10.xsd").getroot()  # noqa: S314 - in the repository
    return {one.attrib["name"]: one for one in schema.iter(f"{XSD}element") if "name" in one.attrib}


def _require_shape(element: ET.Element) -> None:
    """Hold an element to its declaration; all contents in this schema are repeated choices."""
    declared = _elements()[element.tag]
    attributes = {one.attrib["name"]: one.attrib for one in declared.iter(f"{XSD}attribute")}
    required = {name for name, one in attributes.items() if one.get("use") == "required"}
    assert required <= set(element.attrib) <= set(attributes)
    for name, value in element.attrib.items():
        if attributes[name]["type"] == "SUREFIRE_TIME":
            assert re.fullmatch(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?", value)
    children = {one.attrib["ref"] for one in declared.iter(f"{XSD}element") if "ref" in one.attrib}
    assert {child.tag for child in element} <= children
    mixed = [one for one in declared.iter(f"{XSD}complexType") if one.get("mixed") == "true"]
    assert mixed or not (element.text or "").strip()
    for child in element:
        _require_shape(child)
