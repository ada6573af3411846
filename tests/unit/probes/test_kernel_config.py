"""What a kernel was built with, from its own word or from the file beside it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from host_trees import Locked, built_with, tree

from isoaudit.model import Reason, Vantage
from isoaudit.probes.kernel_config import KernelConfig, kernel_config
from isoaudit.transports.base import Files, Unreadable

BESIDE = "/boot/config-6.1.0-18-amd64"


def read(files: Files) -> KernelConfig:
    found = kernel_config(files)
    assert isinstance(found, KernelConfig), found
    return found


def refused(files: Files) -> Unreadable:
    found = kernel_config(files)
    assert isinstance(found, Unreadable)
    return found


def test_options(tmp_path: Path) -> None:
    """Built in, a module, not set and a text are told apart; what is not named is no key."""
    built_with(tmp_path, 'USER_NS=y TLS=m KEXEC=n LSM="lockdown,yama" HZ=250')
    config = read(tree(tmp_path))
    expected = {"USER_NS": "y", "TLS": "m", "KEXEC": "n", "LSM": "lockdown,yama", "HZ": "250"}
    assert expected == dict(config)
    assert ("/proc/config.gz", Vantage.KERNEL) == (config.source, config.vantage)


def test_the_file_beside_the_kernel_is_declared(tmp_path: Path) -> None:
    """Without the kernel's own word the installed file tells, from a weaker vantage."""
    config = read(tree(tmp_path, {BESIDE: "CONFIG_USER_NS=y\n"}))
    assert (BESIDE, Vantage.DECLARED) == (config.source, config.vantage)
    assert "y" == config["USER_NS"]


def test_the_kernels_own_word_comes_first(tmp_path: Path) -> None:
    """A file may be of another build of the same release."""
    built_with(tmp_path, "USER_NS=n")
    assert "n" == read(tree(tmp_path, {BESIDE: "CONFIG_USER_NS=y\n"}))["USER_NS"]


def test_the_file_of_another_kernel_is_not_read(tmp_path: Path) -> None:
    """Only the file of the running release counts."""
    files = tree(tmp_path, {"/boot/config-6.1.0-17-amd64": "CONFIG_USER_NS=y\n"})
    assert Reason.NOT_SUPPORTED is refused(files).reason


def test_fedoras_place(tmp_path: Path) -> None:
    """Where /boot has none, the folder of the modules may."""
    path = "/lib/modules/6.1.0-18-amd64/config"
    assert path == read(tree(tmp_path, {path: "CONFIG_USER_NS=y\n"})).source


@pytest.mark.parametrize("closed", ["/proc/config.gz", BESIDE])
def test_lack_of_rights_is_told(closed: str, tmp_path: Path) -> None:
    """A file that may not be read is not passed over for a weaker one, nor taken for absent."""
    files = tree(tmp_path, {BESIDE: "CONFIG_USER_NS=y\n"})
    assert Reason.PERMISSION_DENIED is refused(Locked(files, closed)).reason


def test_nothing_to_read(tmp_path: Path) -> None:
    """Without any file it is said where one would be."""
    error = refused(tree(tmp_path))
    assert (Reason.NOT_SUPPORTED, False) == (error.reason, error.absent)
    assert "configs" in error.remedy


@pytest.mark.parametrize("text", ["", "# nothing\n", "x" * 1000])
def test_a_file_without_options_is_an_error(text: str, tmp_path: Path) -> None:
    """An emptied file does not make every feature look as if it were not built."""
    assert Reason.PARSE_ERROR is refused(tree(tmp_path, {BESIDE: text})).reason


def test_a_cut_text_is_an_error(tmp_path: Path) -> None:
    """Behind a limit, options would seem not to be built."""
    text = b"CONFIG_USER_NS=y\n" + b"#" * 5_000_000
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(text))
    assert Reason.LIMIT is refused(tree(tmp_path)).reason
