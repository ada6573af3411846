"""What a VMM holds open, where it listens and what serves it, on made-up machines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from domain_documents import reason, row, rows, value
from test_libvirt_probe import collected, tapes
from vm_verdicts import verdicts
from vmm_trees import Tree

from isoaudit.model import FactSet
from isoaudit.probes.vmm.probe import VmmProbe

_HEAD = "Num RefCount Protocol Flags Type St Inode Path\n"


def listens(inode: int, path: str) -> str:
    return f"0000: 00000002 00000000 00010000 0001 01 {inode} {path}\n"


def first(tree: Tree) -> FactSet:
    probe = VmmProbe(tree.files())
    return probe.collect(probe.find()[0])


def qemu(tmp_path: Path, words: str = "", held: dict[str, str] | None = None) -> Tree:
    tree = Tree(tmp_path)
    tree.add(7, ["qemu", "-name", "db", *words.split()], "/usr/bin/qemu-system-x86_64", held=held)
    return tree


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("-drive file=/img/a,format=raw", "/img/a"),
        ("-hda img/a", "/work/img/a"),
        ("-blockdev {\"driver\":\"file\",\"filename\":\"/a\"}", "/a"),
        ("-serial file:/log/console", "/log/console"),
        ("-add-fd set=0,fd=9,opaque=x", "/whatever"),
        ("-netdev tap,fds=8:9,id=n", "/dev/something"),
        ("", "/dev/kvm"),
        ("", "/dev/net/tun"),
        ("", "/dev/vfio/12"),
        ("", "/run/libvirt/qemu/db.pid"),
    ],
)  # fmt: skip
def test_descriptor_that_something_explains_is_none(tmp_path, words, link):
    """What the command line names or hands over, and what any VMM needs, is expected."""
    found = first(qemu(tmp_path, words, {"9": link}))
    assert ([], {"VMM-019": "pass"}) == (
        rows(found, "vmm_descriptor"), verdicts(found, "VMM-019"))  # fmt: skip


def test_folder_that_nothing_explains_is_found(tmp_path):
    """An inherited folder of the host's is a way past every wall put up later."""
    (tmp_path / "etc").mkdir()
    tree = qemu(tmp_path, "-m 64", {"9": str(tmp_path / "etc")})
    found = first(tree)
    assert ("directory", False, {"VMM-019": "fail"}) == (
        row(found, "vmm_descriptor")["kind"],
        row(found, "vmm_descriptor")["explained"],
        verdicts(found, "VMM-019"),
    )


def test_file_below_an_overlay_is_left_open(tmp_path):
    """Only the image says on which file it lies: such a file neither passes nor fails."""
    tree = qemu(tmp_path, "-drive file=/a.qcow2,format=qcow2", {"9": str(tmp_path / "base")})
    tree.write("base", "")
    assert {"VMM-019": "unknown"} == verdicts(first(tree), "VMM-019")


def test_sockets_are_known_by_their_numbers(tmp_path):
    """Of the sockets in its network namespace only those that it holds are its own."""
    tree = qemu(tmp_path, "-qmp unix:@mine", {"4": "socket:[100]"})
    text = _HEAD + listens(100, "@mine") + listens(200, "/run/others.sock")
    tree.write("proc/7/net/unix", text)
    found = first(tree)
    assert ("@mine", True, {"VMM-014": "fail"}) == (
        row(found, "control_end")["path"],
        row(found, "control_end")["abstract"],
        verdicts(found, "VMM-014"),
    )


@pytest.mark.parametrize(("mode", "folder", "status"), [
    (0o600, 0o755, "pass"), (0o666, 0o755, "fail"), (0o666, 0o750, "pass"),
])  # fmt: skip
def test_socket_is_guarded_by_its_mode_and_folders(tmp_path, mode, folder, status):
    """Write permission on the socket and search permission above it are both needed."""
    tree = qemu(tmp_path, "-qmp unix:/r/q.sock", {"4": "socket:[100]"})
    tree.write("proc/7/net/unix", _HEAD + listens(100, "/r/q.sock"))
    tree.write("r/q.sock", "", mode)
    (tmp_path / "r").chmod(folder)
    assert {"VMM-014": status} == verdicts(first(tree), "VMM-014")


def test_ports_are_told_with_who_reaches_them(tmp_path):
    """Loopback and all addresses are told apart; another's ports are not its own."""
    tree = qemu(tmp_path, "-m 64", {"4": "socket:[100]", "5": "socket:[101]"})
    line = "0: {} 00000000:0000 0A 0:0 0:0 0 0 0 {} 1\n"
    rows_ = line.format("0100007F:1F90", 100) + line.format("00000000:0016", 101)
    tree.write("proc/7/net/tcp", "head\n" + rows_ + line.format("00000000:0017", 999))
    assert [(8080, "loopback"), (22, "all")] == sorted(
        ((one["port"], one["exposure"]) for one in rows(first(tree), "vmm_listener")), reverse=True
    )


def virtiofsd(tmp_path: Path, **worker: object) -> FactSet:
    """A VM with a share whose daemon has forked a worker, as virtiofsd does."""
    tree = qemu(tmp_path, "-chardev socket,id=c,path=/s -device vhost-user-fs-pci,chardev=c,tag=t")
    words = ["virtiofsd", "--socket-path=/s", "-o", "source=/srv"]
    tree.add(8, words, "/usr/lib/qemu/virtiofsd")
    tree.add(9, words, "/usr/lib/qemu/virtiofsd", parent=8, **worker)
    return first(tree)


def test_worker_that_serves_is_judged(tmp_path):
    """The parent waits outside the sandbox, where the guest reaches nothing of it."""
    mounts = "50 1 8:1 /srv / rw - ext4 /dev/sda1 rw\n"
    found = virtiofsd(tmp_path, seccomp="2", own=("mnt", "pid", "net"), mounts=mounts)
    helper = row(found, "helper")
    assert (9, "/srv", "filter", ("mnt", "pid", "net"), {"VMM-026": "pass"}) == (
        helper["pid"], helper["folder"], helper["seccomp"], helper["namespaces"],
        verdicts(found, "VMM-026"),
    )  # fmt: skip


def test_worker_without_a_sandbox_fails(tmp_path):
    """A filter that is not there is not made up for by a name."""
    assert {"VMM-026": "fail"} == verdicts(virtiofsd(tmp_path), "VMM-026")


def test_folder_of_a_share_is_what_its_daemon_shows(tmp_path):
    """QEMU knows a socket and a tag, the daemon knows the folder."""
    found = virtiofsd(tmp_path)
    assert [("t", "/srv", False)] == [
        (one["target"], one["source"], one["read_only"]) for one in rows(found, "share")
    ]


def test_daemon_of_another_machine_is_not_its_helper(tmp_path):
    """Helpers belong to who names their socket or started them."""
    tree = qemu(tmp_path, "-m 64")
    tree.add(8, ["virtiofsd", "--socket-path=/other"], "/usr/lib/qemu/virtiofsd")
    assert [] == rows(first(tree), "helper")


@pytest.mark.parametrize("path", ["/s", "@s", "/s.soc", "ock"])
def test_socket_within_a_word_names_no_helper(tmp_path, path):
    """Whoever listens at a short name is no part of every VMM."""
    tree = qemu(tmp_path, "-chardev socket,id=c,path=/s.sock")
    tree.add(8, ["virtiofsd", f"--socket-path={path}"], "/usr/lib/qemu/virtiofsd")
    assert [] == rows(first(tree), "helper")


def test_daemon_is_known_by_a_connection_that_it_took(tmp_path):
    """Started by libvirt it has its socket by number, and no longer listens once QEMU came."""
    tree = qemu(tmp_path, "-chardev socket,id=c,path=/r/fs.sock")
    words = ["virtiofsd", "--fd=5", "-o", "source=/srv"]
    tree.add(8, words, "/usr/lib/qemu/virtiofsd", own=("net",))
    tree.write("proc/1/net/unix", _HEAD + "0: 3 0 00000000 0001 03 100 /r/fs.sock\n")
    tree.add(9, words, "/usr/lib/qemu/virtiofsd", parent=8, own=("net",),
             held={"6": "socket:[100]"})  # fmt: skip
    assert ["/r/fs.sock"] == [one["socket"] for one in rows(first(tree), "helper")]


def test_files_it_starts_from_are_judged(tmp_path):
    """A kernel that others may write is found without any domain XML."""
    tree = qemu(tmp_path, "-kernel /boot/k")
    tree.write("boot/k", "", 0o666)
    tree.write("usr/bin/qemu-system-x86_64", "")
    assert {"kernel": True, "emulator": False} == {
        one["role"]: one["others_may_write"] for one in rows(first(tree), "boot_file")
    }


def test_domain_that_is_off_holds_nothing_open():
    """Of what does not run, nothing that only a process shows can pass."""
    found = collected(tapes("off"))
    told = {name: reason(found, name) for name in ("control_end", "vmm_descriptor", "helper")}
    assert {"not_supported"} == set(told.values())


def test_vmm_that_ended_meanwhile_does_not_darken_the_others(tmp_path):
    """Whom the others share their uid with is known without one that is gone."""
    tree = qemu(tmp_path)
    tree.add(8, ["qemu", "-name", "web"], "/usr/bin/qemu-system-x86_64")
    tree.add(9, ["qemu", "-name", "gone"], "/usr/bin/qemu-system-x86_64")
    probe = VmmProbe(tree.files())
    (first_, *_) = probe.find()
    shutil.rmtree(tmp_path / "proc/9")
    assert ("web",) == value(probe.collect(first_), "vmm.uid_shared_with")


@pytest.mark.parametrize(("line", "reasons"), [
    ("CapPrm:\t0000000000000000\n", []), ("", ["not_supported"]),
])  # fmt: skip
def test_capabilities_that_are_not_told_are_none_that_are_lacking(tmp_path, line, reasons):
    """That a VMM may not become root is known if everything that says so is."""
    tree = qemu(tmp_path)
    tree.add(8, ["qemu", "-name", "web"], "/usr/bin/qemu-system-x86_64", uid=107)
    status = tmp_path / "proc/8/status"
    status.write_text(status.read_text().replace("CapPrm:\t0000000000000000\n", line))
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[1])
    assert reasons == [e.reason.value for e in found.missing.get("vmm.root_permitted", ())]


def test_group_is_its_own_only_if_every_other_is_seen(tmp_path):
    """Who hides from the reader may sit in the same control group."""
    tree = qemu(tmp_path)
    tree.add(8, ["qemu", "-name", "web"], "/usr/bin/qemu-system-x86_64", cgroup="0::/vm\n")
    tree.add(9, ["sleep"], "/usr/bin/sleep", cgroup="")
    probe = VmmProbe(tree.files())
    found = probe.collect(probe.find()[1])
    assert "permission_denied" == reason(found, "vmm.cgroup.dedicated")


def test_endless_command_line_is_not_read(tmp_path):
    """A machine has no ten thousands of devices."""
    found = first(qemu(tmp_path, "-vnc :1 " * 9000))
    assert {"limit"} == {reason(found, "graphics"), reason(found, "interface")}


def test_helpers_are_all_only_if_every_program_can_be_seen(tmp_path):
    """To a user who may not see what root's processes run, a VMM has no helper in sight."""
    tree = qemu(tmp_path)
    tree.write("proc/9/stat", "9 (virtiofsd) S 1 1 1 0 -1 0 " + "0 " * 12 + "9 0\n")
    (tmp_path / "proc/9/exe").mkdir()  # a link that cannot be read, without being absent
    assert {"VMM-026": "unknown"} == verdicts(first(tree), "VMM-026")


@pytest.mark.parametrize(("is_file", "told"), [(True, []), (False, ["real"])])
def test_disk_that_is_named_by_a_link_is_explained(tmp_path, is_file, told):
    """A logical volume is opened as /dev/dm-1; where a link leads explains no folder, though."""
    real = tmp_path / "img/real"
    tree = qemu(tmp_path, f"-drive file={tmp_path}/vm/disk,format=raw")
    real.parent.mkdir()
    real.write_text("") if is_file else real.mkdir()
    tree.link("proc/7/fd/9", str(real))
    tree.write("proc/7/fdinfo/9", "mnt_id:\t22\n")
    tree.link("vm", "img")
    tree.link("img/disk", "../img/./real")
    found = rows(first(tree), "vmm_descriptor")
    assert told == [one["path"].rpartition("/")[2] for one in found]
