"""How libvirt is reached from other hosts: TCP, TLS, and what a client has to prove.

Sources: the comments of the shipped libvirtd.conf and virtproxyd.conf (defaults), libvirtd(8)
(--listen), libvirt.org/daemons.html (systemd's sockets decide where they are in use), Cyrus SASL's
options document (mech_list; without one every installed mechanism is offered).
"""

from __future__ import annotations

import re

from isoaudit.model import Reason
from isoaudit.probes.host.libvirt_files import (
    Conf,
    ConfUnknown,
    as_flag,
    note_unknown,
    read_conf,
    weakest,
)
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

_WANTS = "/etc/systemd/system/sockets.target.wants"
_SASL = ("/etc/sasl2/libvirt.conf", "/etc/sasl/libvirt.conf")
_ARGUMENTS = ("/etc/default/libvirtd", "/etc/sysconfig/libvirtd")
_LISTEN = re.compile(
    r"""(?m)^\s*LIBVIRTD_ARGS=.*(?<=[\s"'=])(?:--listen|-[a-z]*l[a-z]*)(?=[\s"']|$)"""
)
_PORTS = {"tcp": "16509", "tls": "16514"}


def note_remote(sheet: Sheet, daemons: list[str]) -> None:
    """Note what of libvirtd and virtproxyd, those installed, remote clients find open."""
    try:
        confs = [read_conf(sheet, f"{name}.conf") for name in daemons]
    except ConfUnknown as unknown:
        names = ("listen_tcp", "listen_tls", "tls_no_verify", "auth_tcp", "auth_tls")
        note_unknown(sheet, names, unknown)
    else:
        if confs:
            _note_settings(sheet, confs)
        else:
            _note_none(sheet)
    _note_sasl(sheet)


def _note_none(sheet: Sheet) -> None:
    source = "neither libvirtd nor virtproxyd is installed: nothing listens for remote clients"
    for name in ("listen_tcp", "listen_tls", "tls_no_verify"):
        sheet.declared.fact(f"host.libvirt.{name}", False, source)
    sheet.declared.fact("host.libvirt.auth_tcp", "sasl", source)
    sheet.declared.fact("host.libvirt.auth_tls", "none", source)


def _note_settings(sheet: Sheet, confs: list[Conf]) -> None:
    for name, default in (("auth_tcp", "sasl"), ("auth_tls", "none")):
        value, source = weakest(confs, name, default)
        sheet.declared.fact(f"host.libvirt.{name}", value, source)
    answers = [conf.get("tls_no_verify_certificate", 0) for conf in confs]
    unverified, source = next((a for a in answers if as_flag(a[0])), answers[0])
    sheet.declared.fact("host.libvirt.tls_no_verify", as_flag(unverified), source)
    for kind in _PORTS:
        _note_listener(sheet, kind, confs)
        try:
            _note_enabled(sheet, kind, confs)
        except Unreadable as error:
            fact = f"host.libvirt.listen_{kind}"
            sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))


def _note_listener(sheet: Sheet, kind: str, confs: list[Conf]) -> None:
    """Note that a port is listened on: the kernel's word; that it is not now proves nothing."""
    ports = {str(conf.get(f"{kind}_port", _PORTS[kind])[0]) for conf in confs}
    listeners = sheet.kernel.factset().parts.get("listener")
    for record in listeners[0].records if listeners else ():
        port = record.facts["listener.port"]
        if str(port.value) in ports:
            source = f"{port.source}: port {port.value} is listened on"
            sheet.kernel.fact(f"host.libvirt.listen_{kind}", True, source)
            return


def _note_enabled(sheet: Sheet, kind: str, confs: list[Conf]) -> None:
    """Note what files enable: systemd's sockets, or the daemon's own; raises Unreadable."""
    fact, key = f"host.libvirt.listen_{kind}", f"listen_{kind}"
    wanted = sheet.names(_WANTS)
    if isinstance(wanted, Unreadable):
        raise wanted
    for name in (f"libvirtd-{kind}.socket", f"virtproxyd-{kind}.socket"):
        if name in wanted:
            sheet.declared.fact(fact, True, f"{_WANTS}/{name}")
            return
    # NOTE: libvirtd listens by itself only with --listen; what its file asks for counts without,
    # for one word on its command line is all that is missing. TLS is asked for by default.
    asked = next((conf for conf in confs if as_flag(conf.get(key, 0)[0])), None)
    if asked is not None:
        sheet.declared.fact(fact, True, f"{asked.path} {key}")
        return
    own = next((conf for conf in confs if conf.path.endswith("/libvirtd.conf")), None)
    if kind == "tls" and own is not None and key not in own.settings:
        listens = _told_to_listen(sheet)
        if listens:
            sheet.declared.fact(fact, True, f"{listens} --listen, {own.unset(key)}")
            return
    source = f"no {kind} socket in {_WANTS}, and {confs[0].path} does not ask for it"
    sheet.declared.fact(fact, False, source)


def _told_to_listen(sheet: Sheet) -> str:
    """Return the file that starts libvirtd with --listen, "" if none does; raises Unreadable."""
    for path in _ARGUMENTS:
        try:
            if _LISTEN.search(sheet.text(path)):
                return path
        except Unreadable as error:
            if not error.absent:
                raise
    return ""


def _note_sasl(sheet: Sheet) -> None:
    fact = "host.libvirt.sasl_mechanisms"
    for path in _SASL:
        try:
            text = sheet.text(path)
        except Unreadable as error:
            if error.absent:
                continue
            sheet.declared.lacks(error.missing(fact, sheet.declared.vantage))
            return
        lists = re.findall(r"(?m)^\s*mech_list\s*:\s*(.*)$", text)
        if lists:
            sheet.declared.fact(fact, lists[-1].lower().split(), f"{path} mech_list")
            return
    detail = f"no mech_list in {_SASL[0]}: SASL offers whatever is installed"
    sheet.declared.missing(fact, Reason.NOT_DECLARED, detail, f"Set mech_list in {_SASL[0]}.")
