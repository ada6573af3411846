"""Facts of a libvirt domain as a whole, from short documents with one thing in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from domain_documents import answered, declared, document, reason, row, rows, value

from isoaudit.documents import xml
from isoaudit.errors import DocumentError
from isoaudit.facts.vocabulary import facts, parts
from isoaudit.model import FactSet, Location, Vantage
from isoaudit.probes.domain_xml import DomainXmlProbe, read_domain, recognise

EXAMPLES = Path(__file__).parents[3] / "examples" / "libvirt"


def example(name: str) -> FactSet:
    probe = DomainXmlProbe((EXAMPLES / name).read_text(), name)
    return probe.collect(probe.find()[0])


@pytest.mark.parametrize(
    ("kind", "accelerator"),
    [("kvm", "kvm"), ("qemu", "tcg"), ("xen", "xen"), ("lxc", "lxc"), ("test", "test")],
)
def test_domain_type_names_the_accelerator(kind, accelerator):
    """What libvirt calls qemu is emulation without the CPU's help."""
    assert accelerator == value(declared("", f"type='{kind}'"), "vm.accelerator")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("<memory>1024</memory>", 1024 * 1024),
        ("<memory unit='GiB'>2</memory>", 2 * 2**30),
        ("<memory unit='KB'>5</memory>", 5000),
        ("<memory unit='bytes'>4096</memory>", 4096),
    ],
)
def test_memory_is_counted_in_its_unit(text, size):
    """Memory without a unit is in KiB, as libvirt documents it."""
    root = xml.load(f"<domain type='kvm'>{text}</domain>", "vm.xml")
    found = read_domain(root, Vantage.DECLARED, "domain XML", file_locations=True)
    assert size == value(found, "vm.memory.bytes")


def test_unreadable_numbers_are_missing():
    """A number that is none gives missing evidence, never a guess."""
    root = xml.load("<domain type='kvm'><memory>much</memory><vcpu>-1</vcpu></domain>", "vm.xml")
    found = read_domain(root, Vantage.DECLARED, "domain XML", file_locations=True)
    reasons = [reason(found, path) for path in ("vm.memory.bytes", "vm.vcpus")]
    assert ["parse_error", "parse_error"] == reasons


@pytest.mark.parametrize(
    ("body", "shared"),
    [
        ("", True),
        ("<memoryBacking><nosharepages/></memoryBacking>", False),
        ("<memoryBacking><hugepages/></memoryBacking>", False),
        (
            "<memoryBacking><hugepages><page size='2048' nodeset='0'/></hugepages></memoryBacking>",
            True,
        ),
    ],
)
def test_pages_are_shared_unless_said_otherwise(body, shared):
    """QEMU offers pages for merging by default; huge pages of the whole guest are never merged."""
    assert shared is value(declared(body), "vm.memory.shared_pages")


@pytest.mark.parametrize(
    ("launch", "debug"),
    [
        ("<launchSecurity type='sev'><policy>0x0001</policy></launchSecurity>", False),
        ("<launchSecurity type='sev'><policy>0x0000</policy></launchSecurity>", True),
        ("<launchSecurity type='sev-snp'><policy>0x00030000</policy></launchSecurity>", False),
        ("<launchSecurity type='sev-snp'><policy>0x00080000</policy></launchSecurity>", True),
        ("<launchSecurity type='tdx'><policy>0x10000001</policy></launchSecurity>", True),
        ("<launchSecurity type='tdx'/>", False),
    ],
)
def test_launch_policy_tells_whether_the_host_may_debug(launch, debug):
    """The debug bit means permission for SEV-SNP and TDX, and prohibition for SEV."""
    assert debug is value(declared(launch), "vm.launch_security.debug")


def test_launch_policy_that_cannot_be_read_is_missing():
    """A SEV guest without a policy does not count as one that forbids debugging."""
    found = declared("<launchSecurity type='sev'/>")
    assert "parse_error" == reason(found, "vm.launch_security.debug")


@pytest.mark.parametrize(
    ("labels", "confined"),
    [
        ("<seclabel type='none'/>", False),
        ("<seclabel type='none' model='selinux'/>", False),
        ("<seclabel type='dynamic' model='apparmor'/>", True),
        ("<seclabel model='selinux'/><seclabel type='none' model='dac'/>", True),
        (
            "<seclabel type='static' model='selinux'><label>u:r:unconfined_t:s0</label></seclabel>",
            False,
        ),
    ],
)
def test_label_of_a_file_confines_or_not(labels, confined):
    """Only a label of SELinux or AppArmor confines, and not the one that is called unconfined."""
    assert confined is value(declared(labels), "vm.seclabel.confined")


@pytest.mark.parametrize("labels", ["", "<seclabel type='dynamic' model='dac'/>"])
def test_label_left_to_the_host_is_missing(labels):
    """Where a file does not say it, the host that starts the domain decides."""
    assert "other_host" == reason(declared(labels), "vm.seclabel.confined")


def test_running_domain_with_dac_alone_is_not_confined():
    """libvirt lists every label in force, so that a live document without one has none."""
    found = answered("<seclabel type='dynamic' model='dac'><label>+1:+1</label></seclabel>")
    assert (False, ("dac",)) == (
        value(found, "vm.seclabel.confined"),
        value(found, "vm.seclabel.models"),
    )


_FEATURES = "<os firmware='efi'><firmware>{}</firmware></os>"
_ABLE = "<feature enabled='yes' name='secure-boot'/>"
_KEYS = "<feature enabled='yes' name='enrolled-keys'/>"
_FLASH = "<os><loader type='pflash' secure='{}'>/x/OVMF_CODE.fd</loader>{}</os>"
_SHIPPED = "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.ms.fd'/>"


@pytest.mark.parametrize(
    ("body", "enforced"),
    [
        ("", False),
        (_FEATURES.format(_ABLE + _KEYS), True),
        (_FEATURES.format(_ABLE + _KEYS.replace("yes", "no")), False),
        (_FEATURES.format(_ABLE.replace("yes", "no")), False),
        (_FLASH.format("no", ""), False),
        (_FLASH.format("yes", _SHIPPED), True),
    ],
)
def test_secure_boot_needs_ability_and_keys(body, enforced):
    """Firmware that can check signatures and has no keys boots anything."""
    assert enforced is value(declared(body), "vm.secure_boot")


@pytest.mark.parametrize(
    "body", [_FEATURES.format(""), _FEATURES.format(_ABLE), _FLASH.format("yes", "")]
)
def test_secure_boot_without_word_of_keys_is_missing(body):
    """Whether keys are enrolled is not guessed."""
    assert "not_declared" == reason(declared(body), "vm.secure_boot")


@pytest.mark.parametrize(
    ("backend", "tpm"), [("emulator", "emulated"), ("passthrough", "passthrough")]
)
def test_tpm_is_the_guests_own_or_the_hosts(backend, tpm):
    """A passed-through TPM is the host's."""
    body = f"<devices><tpm model='tpm-crb'><backend type='{backend}'/></tpm></devices>"
    assert tpm == value(declared(body), "vm.tpm")


def test_passthrough_arguments_are_kept_without_their_secrets():
    """What goes to QEMU behind libvirt's back is shown, the secret in it is not."""
    found = declared(
        "<qemu:commandline><qemu:arg value='-object'/>"
        "<qemu:arg value='secret,id=s0,data=hunter2'/>"
        "<qemu:env name='TOKEN' value='hunter2'/></qemu:commandline>"
    )
    expected = ("-object", "secret,id=s0,data=[redacted:secret]", "env TOKEN")
    assert expected == value(found, "vm.commandline_passthrough")


@pytest.mark.parametrize("name", ["override", "capabilities"])
def test_other_ways_around_libvirt_count_as_passthrough(name):
    """qemu:override and qemu:capabilities change QEMU as arguments do."""
    assert (name,) == value(declared(f"<qemu:{name}/>"), "vm.commandline_passthrough")


@pytest.mark.parametrize("argument", ["-s", "-gdb", "--gdb"])
def test_gdb_stub_among_the_arguments_is_found(argument):
    """A gdb stub given past libvirt gives whoever connects the guest's memory."""
    found = declared(
        f"<qemu:commandline><qemu:arg value='{argument}'/><qemu:arg value='tcp::1'/>"
        "</qemu:commandline>"
    )
    assert value(found, "vm.debug_stub") is True


def test_argument_of_another_option_is_no_gdb_stub():
    """`-append -s` hands -s to the guest's kernel."""
    found = declared(
        "<qemu:commandline><qemu:arg value='-append'/><qemu:arg value='-s'/></qemu:commandline>"
    )
    assert value(found, "vm.debug_stub") is False


def test_monitor_among_the_arguments_is_a_record():
    """A monitor on the network that libvirt knows nothing of is reported with its address."""
    found = declared(
        "<qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='tcp:0.0.0.0:4444,server=on'/>"
        "</qemu:commandline>"
    )
    expected = {"kind": "qmp", "backend": "tcp", "address": "0.0.0.0:4444"}
    assert expected == row(found, "monitor")


def test_boot_files_are_listed_by_role():
    """Everything the VM starts from is named, firmware with how it is opened."""
    found = declared(
        "<os><loader readonly='yes' type='pflash'>/f</loader><kernel>/k</kernel></os>"
        "<devices><emulator>/e</emulator></devices>"
    )
    assert [
        {"role": "emulator", "path": "/e"},
        {"role": "loader", "path": "/f", "read_only": True},
        {"role": "kernel", "path": "/k"},
    ] == rows(found, "boot_file")


def test_facts_of_a_file_name_line_and_column():
    """A finding in a file points to the element that says it."""
    fact = declared("<vcpu>2</vcpu>").facts["vm.vcpus"][0]
    assert Location("vm.xml", 4, 1) == fact.location


def test_facts_of_libvirt_name_the_place_in_the_xml():
    """There is no file to point into, so the source names the element."""
    found = answered(
        "<devices><disk><source file='/a'/></disk><disk><source file='/b'/></disk></devices>"
    )
    fact = found.parts["disk"][0].records[1].facts["disk.source"]
    assert ("libvirt live XML devices/disk[2]/source@file", None) == (fact.source, fact.location)


def test_lxc_domain_gets_no_facts_of_a_machine():
    """A container of libvirt has no firmware, no VMM arguments and no emulated devices."""
    found = declared("<devices><filesystem><source dir='/x'/></filesystem></devices>", "type='lxc'")
    unasked = {"vm.secure_boot", "vm.debug_stub", "vm.devices", "vm.memory.shared_pages"}
    assert (set(), "bind") == (unasked & set(found.facts), row(found, "share")["driver"])


@pytest.mark.parametrize("name", ["lean.xml", "legacy.xml"])
def test_examples_give_facts_of_the_vocabulary_only(name):
    """Every path and type that an example yields is one a check may read."""
    found = example(name)
    kinds = {"bool": bool, "int": int, "string": str, "list(string)": tuple}
    seen = [fact for several in found.facts.values() for fact in several]
    seen += [f for ps in found.parts.values() for p in ps for r in p.records
             for f in r.facts.values()]  # fmt: skip
    wrong = [fact for fact in seen if type(fact.value) is not kinds[facts()[fact.path].type.value]]
    assert ([], set()) == (wrong, set(found.parts) - set(parts()))


def test_lean_example_misses_nothing():
    """The lean example leaves nothing open that a file can say."""
    assert [] == example("lean.xml").all_missing()


def test_probe_of_a_file_finds_one_declared_target():
    """The file is the target; its name comes from the domain."""
    (target,) = DomainXmlProbe(document(), "a/vm.xml").find()
    assert ("libvirt_xml:a/vm.xml", "t", "declared", "libvirt_xml", None) == (
        target.id,
        target.name,
        target.state,
        target.dialect,
        target.host,
    )


def test_status_file_of_libvirt_is_read_through():
    """/run/libvirt/qemu/NAME.xml wraps the domain in its status."""
    probe = DomainXmlProbe(f"<domstatus state='running'>{document()}</domstatus>", "s.xml")
    assert "t" == probe.find()[0].name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (document(), True),
        ("<?xml version='1.0'?>\n<!-- a -- b -->\n" + document(), True),
        ("<domstatus state='running'>", True),
        ("<domain><title/></domain>", False),
        ("<domainsnapshot>", True),
        ("<network><name>n</name></network>", False),
        ("domain:\n  type: kvm\n", False),
        ("", False),
        ("<!---->" * 5000, False),
    ],
)
def test_domain_documents_are_recognised_by_their_root(text, expected):
    """Only the first element is looked at, and no text makes the look expensive."""
    assert expected is recognise(text)


def test_other_documents_are_refused_with_their_place():
    """A network's XML is no domain, and the error says where and what."""
    with pytest.raises(DocumentError, match=r"n\.xml:1:1: not a libvirt domain.*<network>"):
        DomainXmlProbe("<network/>", "n.xml")
