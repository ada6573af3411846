"""Domain XML that was edited: all but the edit is the same, byte for byte."""

from __future__ import annotations

import pytest

from isoaudit.documents.xml import load
from isoaudit.errors import DocumentError
from isoaudit.harden.edits import Effect
from isoaudit.harden.xml_text import XmlFile
from isoaudit.model import Kind, Location, Target
from isoaudit.rules.fixes import Edit

VM = Target("libvirt_xml:d.xml", Kind.VM, "d", "declared", "d", "libvirt_xml")

TEXT = """\
<domain type='kvm'>
  <name>d</name> <!-- a > in a comment -->
  <devices>
    <interface type='bridge'>
      <source bridge="br>0"/>
    </interface>
    <disk type='block' device='disk'/>
    <graphics type='vnc' listen='0.0.0.0'><listen type='address' address='0.0.0.0'/></graphics>
  </devices>
</domain>
"""


def _edited(edit: Edit, line: int = 0, column: int = 0) -> str:
    file = XmlFile(TEXT, "d.xml")
    file.apply(VM, edit, Location("d.xml", line, column) if line else None)
    after = file.text()
    load(after, "d.xml")
    return after


def test_an_attribute_is_changed_in_its_own_quotes() -> None:
    """Nothing else of the tag is touched."""
    after = _edited(Edit("set", "evidence/@listen", "127.0.0.1"), 8, 5)

    assert TEXT.replace("listen='0.0.0.0'", "listen='127.0.0.1'") == after


def test_an_attribute_of_an_element_below_is_changed() -> None:
    """The path goes on below the element that the finding points at."""
    after = _edited(Edit("set", "evidence/listen/@address", "::1"), 8, 5)

    assert TEXT.replace("address='0.0.0.0'", "address='::1'") == after


def test_an_attribute_that_is_not_there_is_put_in() -> None:
    """It comes first in its tag."""
    after = _edited(Edit("set", "evidence/@model", "a'b"), 7, 5)

    assert TEXT.replace("<disk type", """<disk model="a'b" type""") == after


def test_a_child_is_put_in_with_the_indentation_of_its_siblings() -> None:
    """A `>` inside an attribute's value does not mislead."""
    after = _edited(Edit("add", "evidence", "<filterref filter='x'/>"), 4, 5)

    assert TEXT.replace(
        "<interface type='bridge'>\n", "<interface type='bridge'>\n      <filterref filter='x'/>\n"
    ) == after  # fmt: skip


def test_an_empty_element_is_opened_for_a_child() -> None:
    """`<disk/>` becomes `<disk>…</disk>`."""
    after = _edited(Edit("add", "evidence", "<readonly/>"), 7, 5)

    assert "    <disk type='block' device='disk'>\n      <readonly/>\n    </disk>\n" in after


def test_a_missing_element_of_the_domain_is_made() -> None:
    """As memoryBacking for what goes into it."""
    after = _edited(Edit("add", "memoryBacking", "<nosharepages/>"))

    assert "<domain type='kvm'>\n  <memoryBacking><nosharepages/></memoryBacking>\n" in after


def test_an_element_is_cut_out_with_its_line() -> None:
    """No empty line is left behind."""
    after = _edited(Edit("cut", "evidence"), 7, 5)

    assert TEXT.replace("    <disk type='block' device='disk'/>\n", "") == after


def test_edits_inside_of_what_is_cut_out_are_lost_with_it() -> None:
    """Whatever order they are made in."""
    file = XmlFile(TEXT, "d.xml")
    for edit in (Edit("set", "evidence/@listen", "x"), Edit("cut", "evidence")):
        file.apply(VM, edit, Location("d.xml", 8, 5))

    assert "graphics" not in file.text()


def test_the_domain_itself_is_never_cut_out() -> None:
    """A finding that points at it asks for something else."""
    file = XmlFile(TEXT, "d.xml")

    assert file.effect(VM, Edit("cut", "evidence"), Location("d.xml", 1, 1)) is None


def test_what_is_there_already_is_no_change() -> None:
    """Neither a child of that name nor an attribute of that value."""
    file = XmlFile(TEXT, "d.xml")
    place = Location("d.xml", 8, 5)

    assert Effect.NOTHING is file.effect(VM, Edit("add", "evidence", "<listen/>"), place)
    assert Effect.NOTHING is file.effect(VM, Edit("set", "evidence/@type", "vnc"), place)


@pytest.mark.parametrize("text", ["<domain>", "<!DOCTYPE d [<!ENTITY a 'b'>]><domain>&a;</domain>"])
def test_broken_or_hostile_xml_is_refused(text: str) -> None:
    """By the same limits as reading it."""
    with pytest.raises(DocumentError):
        XmlFile(text, "d.xml")
