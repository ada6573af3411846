"""What a QEMU command line says, option by option."""

from __future__ import annotations

import pytest

from isoaudit.model import Record
from isoaudit.probes.vmm.argv import (
    Monitor,
    accelerators,
    machine,
    monitors,
    options,
    properties,
    sandbox,
)
from isoaudit.probes.vmm.screens import screens


def values(record: Record) -> dict[str, object]:
    return {path.partition(".")[2]: fact.value for path, fact in record.facts.items()}


def test_word_after_an_option_is_its_argument():
    """What looks like an option is an argument where one is due."""
    found = options(["-append", "-s", "-S", "--monitor", "none", "disk.img"])
    assert [("append", "-s"), ("S", ""), ("monitor", "none")] == found


def test_doubled_comma_is_a_comma():
    """QEMU's way to write a comma within a value."""
    expected = {"backend": "socket", "path": "/a,b", "server": "on", "wait": "off"}
    assert expected == properties("socket,path=/a,,b,server,nowait", "backend")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-accel kvm", ["kvm"]),
        ("-enable-kvm", ["kvm"]),
        ("-machine q35,accel=kvm:tcg", ["kvm", "tcg"]),
        ("-accel kvm -accel tcg,thread=multi", ["kvm", "tcg"]),
        ("-m 64", ["tcg"]),
    ],
)
def test_accelerators_are_in_the_order_they_are_tried(line, expected):
    """Without any QEMU emulates."""
    assert expected == accelerators(options(line.split()), "qemu-system-x86_64")


def test_program_named_for_kvm_tries_it_first():
    """A program called qemu-kvm tries KVM and falls back to emulation."""
    assert ["kvm", "tcg"] == accelerators([], "qemu-kvm")


@pytest.mark.parametrize("line", ["-machine q35,usb=off", "-M type=q35", "-M pc -machine q35",
                                  "-M q35 -machine accel=tcg"])  # fmt: skip
def test_machine_type_is_found(line):
    """Whether it is named by its key or stands first; the last one counts."""
    assert "q35" == machine(options(line.split()))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("-sandbox off", []),
        ("-sandbox on", ["obsolete=deny"]),
        ("-sandbox on,obsolete=allow", ["obsolete=allow"]),
        ("-sandbox enable=on,spawn=deny", ["obsolete=deny", "spawn=deny"]),
    ],
)
def test_sandbox_options(line, expected):
    """A sandbox that is on denies obsolete calls, the rest has to be asked for."""
    assert expected == sandbox(options(line.split()))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-monitor tcp:0.0.0.0:4444,server,nowait", Monitor("hmp", "tcp", "0.0.0.0:4444")),
        ("-monitor telnet::5,server", Monitor("hmp", "tcp", ":5")),
        ("-qmp unix:/run/q.sock,server=on", Monitor("qmp", "unix", "/run/q.sock")),
        ("-monitor stdio", Monitor("hmp", "stdio", "")),
        ("-serial mon:stdio", Monitor("hmp", "stdio", "")),
        ("-gdb tcp::1234", Monitor("gdb", "tcp", ":1234")),
        ("-s", Monitor("gdb", "tcp", ":1234")),
        (
            "-chardev socket,id=m,path=/q,server=on -mon chardev=m,mode=control",
            Monitor("qmp", "unix", "/q"),
        ),
        (
            "-chardev socket,id=m,host=0.0.0.0,port=9 -mon m,mode=readline",
            Monitor("hmp", "tcp", "0.0.0.0:9"),
        ),
        ("-chardev socket,id=m,fd=7 -mon chardev=m", Monitor("hmp", "fd", "7")),
        ("-chardev pty,id=m -qmp chardev:m", Monitor("qmp", "pty", "")),
        ("-chardev file,id=m,path=/l -mon m", Monitor("hmp", "other", "/l")),
        ("-mon chardev=elsewhere", Monitor("hmp", "", "")),
        ("-monitor udp:192.0.2.1:5", Monitor("hmp", "other", "udp:192.0.2.1:5")),
    ],
)
def test_monitors_are_found_in_every_spelling(line, expected):
    """Short forms and character devices lead to the same record."""
    assert [expected] == monitors(options(line.split()), whole=False)


@pytest.mark.parametrize("line", ["-monitor none", "-qmp null", "-gdb none", "-nodefaults"])
def test_monitor_that_is_none_is_no_record(line):
    """An endpoint that is switched off does not exist."""
    assert [] == monitors(options(line.split()), whole=False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-m 64", [Monitor("hmp", "other", "vc")]),
        ("-nographic", [Monitor("hmp", "stdio", "")]),
        ("-nodefaults", []),
        ("-monitor none", []),
    ],
)
def test_monitor_that_qemu_adds_counts(line, expected):
    """Behind the graphical console is a monitor unless something was said of one."""
    assert expected == monitors(options(line.split()), whole=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-vnc :0", ("vnc", "all", False, False)),
        ("-vnc 127.0.0.1:0,password=on", ("vnc", "loopback", True, False)),
        ("-vnc 127.0.0.1:0,password", ("vnc", "loopback", True, False)),
        ("-vnc vnc=unix:/run/v.sock", ("vnc", "socket", False, False)),
        ("-vnc [::]:0,tls-creds=t0", ("vnc", "all", False, True)),
        ("-display vnc=192.0.2.1:0", ("vnc", "address", False, False)),
        ("-spice port=1,addr=::1,disable-ticketing=on", ("spice", "loopback", False, False)),
        ("-spice port=5900", ("spice", "all", True, False)),
        ("-spice tls-port=5901,addr=0.0.0.0", ("spice", "all", True, True)),
        ("-spice port=1,tls-port=2,tls-channel=default", ("spice", "all", True, True)),
        ("-spice unix=on,addr=/s,disable-ticketing=on", ("spice", "socket", False, False)),
    ],
)  # fmt: skip
def test_consoles_tell_what_they_ask_for(line, expected):
    """Address, password and encryption of VNC and SPICE stand on the command line."""
    (record,) = screens(options(line.split()), "argv")
    seen = values(record)
    keys = ("type", "exposure", "password_set", "tls_required")
    assert expected == tuple(seen[key] for key in keys)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-vnc :0", (False, False, False)),
        ("-vnc :0,websocket=on", (False, False, True)),
        ("-vnc :0 -chardev qemu-vdagent,id=c,clipboard=on", (True, False, False)),
        ("-vnc :0 -chardev qemu-vdagent,id=c", (False, False, False)),
        ("-spice port=1", (False, False, False)),
        ("-spice port=1 -chardev spicevmc,id=c,name=vdagent", (True, True, False)),
        ("-spice port=1,disable-copy-paste=on,disable-agent-file-xfer=on"
         " -chardev spicevmc,id=c,name=vdagent", (False, False, False)),
        ("-spice port=1 -chardev spiceport,id=c,name=org.spice-space.webdav.0",
         (False, True, False)),
    ],
)  # fmt: skip
def test_consoles_tell_what_passes_beside_the_picture(line, expected):
    """Clipboard and files need an agent's channel; VNC's clipboard QEMU's own."""
    (record,) = screens(options(line.split()), "argv")
    seen = values(record)
    assert expected == tuple(seen[key] for key in ("clipboard", "file_transfer", "websocket"))


@pytest.mark.parametrize("line", ["-vnc none", "-display none", "-nographic"])
def test_no_console_is_no_record(line):
    """What is switched off is not listed."""
    assert [] == screens(options(line.split()), "argv")


def test_local_window_listens_nowhere():
    """A window on the host's own screen takes no connection."""
    (record,) = screens(options(["-display", "gtk"]), "argv")
    assert {"type": "gtk", "listen": "none", "exposure": "none"} == values(record)


@pytest.mark.parametrize("word", ["on", "yes", "true", "y"])
def test_switch_is_on_in_each_of_qemus_words(word):
    """`y` turns protection off as well as `on` does."""
    found = options(["-spice", f"port=5900,disable-ticketing={word}", "-sandbox", f"enable={word}"])
    assert values(screens(found, "x")[0])["password_set"] is False
    assert ["obsolete=deny"] == sandbox(found)


@pytest.mark.parametrize("line", ["-vnc 0.0.0.0:1,tls-creds=t,sasl=on", "-vnc :1,tls-creds=t,sasl",
                                  "-spice tls-port=5901,sasl=on,disable-ticketing=on"])  # fmt: skip
def test_sasl_asks_who_connects(line):
    """An account is asked for as a password would be, and stands in no configuration."""
    found = values(screens(options(line.split()), "x")[0])
    assert (True, False) == (found["password_set"], found["password_in_configuration"])
