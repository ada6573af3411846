"""Rarely needed protocols whose code a process can reach by asking for a socket or a terminal mode.

Sources: the Kconfig and MODULE_ALIAS lines of each protocol; socket(2) (the kernel asks for
`net-pf-FAMILY`, without any capability), sysctl/dev tty `ldisc_autoload`.
"""

from __future__ import annotations

from typing import NamedTuple

from isoaudit.probes.host.modules import Modules, offered
from isoaudit.probes.host.sheet import Sheet
from isoaudit.probes.kernel_config import KernelConfig
from isoaudit.transports.base import Unreadable

_AUTOLOAD = "/proc/sys/dev/tty/ldisc_autoload"


class _Protocol(NamedTuple):
    """A protocol: the option that builds it, its module, and the alias it is asked for by."""

    name: str
    option: str
    module: str
    alias: str


_PROTOCOLS = (
    _Protocol("af_alg", "CRYPTO_USER_API", "af_alg", "net-pf-38"),
    _Protocol("appletalk", "ATALK", "appletalk", "net-pf-5"),
    _Protocol("atm", "ATM", "atm", "net-pf-8"),
    _Protocol("ax25", "AX25", "ax25", "net-pf-3"),
    _Protocol("caif", "CAIF", "caif_socket", "net-pf-37"),
    _Protocol("can", "CAN", "can", "net-pf-29"),
    _Protocol("dccp", "IP_DCCP", "dccp_ipv4", "net-pf-2-proto-33-type-6"),
    _Protocol("ieee802154", "IEEE802154_SOCKET", "ieee802154_socket", "net-pf-36"),
    _Protocol("kcm", "AF_KCM", "kcm", "net-pf-41"),
    _Protocol("llc2", "LLC2", "llc2", "net-pf-26"),
    _Protocol("n_gsm", "N_GSM", "n_gsm", "tty-ldisc-21"),
    _Protocol("n_hdlc", "N_HDLC", "n_hdlc", "tty-ldisc-13"),
    _Protocol("netrom", "NETROM", "netrom", "net-pf-6"),
    _Protocol("nfc", "NFC", "nfc", "net-pf-39"),
    _Protocol("phonet", "PHONET", "phonet", "net-pf-35"),
    _Protocol("qrtr", "QRTR", "qrtr", "net-pf-42"),
    _Protocol("rds", "RDS", "rds", "net-pf-21"),
    _Protocol("rose", "ROSE", "rose", "net-pf-11"),
    _Protocol("rxrpc", "AF_RXRPC", "rxrpc", "net-pf-33"),
    _Protocol("sctp", "IP_SCTP", "sctp", "net-pf-2-proto-132-type-1"),
    _Protocol("slip", "SLIP", "slip", "tty-ldisc-1"),
    _Protocol("smc", "SMC", "smc", "net-pf-43"),
    _Protocol("tipc", "TIPC", "tipc", "net-pf-30"),
    _Protocol("x25", "X25", "x25", "net-pf-9"),
)


def note_protocols(sheet: Sheet, modules: Modules) -> None:
    """Note which of the rare protocols are there: built in, loaded, or loaded on request."""

    def read(config: KernelConfig) -> tuple[list[str], str]:
        there = [one.name for one in _PROTOCOLS if _there(sheet, config, modules, one)]
        return there, "with what is loaded, installed, and refused in modprobe.d"

    sheet.built("host.kernel.rare_protocols", read)


def _there(sheet: Sheet, config: KernelConfig, modules: Modules, one: _Protocol) -> bool:
    if not offered(config, modules, one.option, one.module, one.alias):
        return False
    if config[one.option] == "y" or modules.loaded(one.module):
        return True
    return not one.alias.startswith("tty-") or _loads_for_everyone(sheet)


def _loads_for_everyone(sheet: Sheet) -> bool:
    """Say whether a process without CAP_SYS_MODULE gets a line discipline loaded."""
    try:
        return sheet.text(_AUTOLOAD) != "0"
    except Unreadable as error:
        if sheet.absent(error, _AUTOLOAD):
            return True  # before 5.1 nothing kept it back
        raise
