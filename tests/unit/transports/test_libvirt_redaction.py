"""What is taken out of domain XML before anybody sees it."""

from __future__ import annotations

import pytest

from isoaudit.documents import xml
from isoaudit.transports.libvirt_redaction import redact_arguments, redact_xml


@pytest.mark.parametrize(
    "line",
    [
        "<graphics type='vnc' passwd='hunter2'/>",
        '<graphics passwd="hunter2" type="vnc"/>',
        "<qemu:arg value='secret,id=s,data=hunter2'/>",
        '<qemu:arg value=\'{"qom-type":"secret","data":"hunter2"}\'/>',
        "<qemu:arg value='--password'/>\n<qemu:arg value='hunter2'/>",
        "<qemu:arg value='name=opt/a,string=hunter2,,and more hunter2'/>",
        "<qemu:arg value='type=11,value=io.systemd.credential:x=hunter2'/>",
        "<qemu:env name='X' value='hunter2'/>",
        "<initenv name='X'>hunter2</initenv>",
        "<initarg>hunter2</initarg>",
        "<cmdline>quiet password=hunter2</cmdline>",
        "<description>root is hunter2</description>",
        "<metadata>\n<x:a xmlns:x='u'><metadata>hunter2</metadata>hunter2</x:a>\n</metadata>",
        "<entry name='serial'>hunter2</entry>",
        "<source name='x' url='https://u:hunter2@h/i'/>",
    ],
)
def test_secret_is_gone_wherever_it_stands(line):
    """Every place where libvirt's XML can hold a secret."""
    assert "hunter2" not in redact_xml(f"<domain>{line}</domain>")


def test_the_rest_stays_as_it_is():
    """Structure, names and harmless arguments are evidence."""
    text = (
        "<domain type='kvm'>\n<name>a &amp; b</name>\n<graphics type='vnc' listen='::1'/>\n"
        "<qemu:arg value='-monitor'/><qemu:arg value='unix:/run/m,server=on'/>\n</domain>"
    )
    assert text == redact_xml(text)


def test_what_is_left_is_still_xml():
    """Escapes survive, so that the document parses as before."""
    text = redact_xml(
        "<domain xmlns:qemu='q'><qemu:arg value='a&apos;&lt;b password=x'/>"
        "<cmdline>a &lt; b token=x</cmdline><description>&amp;</description></domain>"
    )
    names = [child.name for child in xml.load(text, "x").children]
    assert ["{q}arg", "cmdline", "description"] == names


def test_password_that_libvirt_starred_stays_starred():
    """Stars say that there is a password, which is a fact."""
    assert "<graphics passwd='*****'/>" == redact_xml("<graphics passwd='*****'/>")


def test_arguments_without_secrets_are_kept():
    """Values of ordinary options are no secrets."""
    words = [
        "-device",
        "virtio-net-pci,value=1",
        "-append",
        "root=/dev/vda",
        "-vnc",
        ":0,password=on",
    ]
    assert words == redact_arguments(words)


@pytest.mark.parametrize("word", [
    "name=opt/x,string=hunter2", "opt/x,string=hunter2", "string=hunter2,name=opt/x",
    "etc/x,string=a,,hunter2",
])  # fmt: skip
def test_string_for_the_firmware_is_hidden_however_it_is_named(word):
    """The name of a fw_cfg file may come first without its key, or last (qemu(1))."""
    assert "hunter2" not in repr(redact_arguments(["-fw_cfg", word]))
