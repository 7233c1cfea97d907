"""A machine's directory: what it was made from, and the disk that it writes over the base root."""

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.home import private, write_private
from rehearsal.machines.machine import MachineSpec
from rehearsal.machines.names import INTERNET

VOLUMES = ("rancher", "kubelet")
"""Directories of /var/lib that are no overlay: containers lay their own over them."""

_USER = 1000
"""The user ubuntu, in the base root."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The directory of one machine.

    Args:
        path: the directory.
    """

    path: Path

    @property
    def spec(self) -> MachineSpec:
        """What the machine was made from."""
        return MachineSpec.read((self.path / "machine.json").read_text(encoding="utf-8"))

    def create(self, spec: MachineSpec, base: Path) -> None:
        """Make the directory of a machine that never booted, whole or not at all; one that is there keeps its disk.

        Args:
            spec: the machine.
            base: the root that it writes over; it keeps this one for life.
        """
        if self.path.exists():
            write_private(self.path / "machine.json", spec.text())
            return
        new = private(self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}"))
        for name in ("work", "root"):
            (new / name).mkdir(mode=0o755)
        (new / "base").symlink_to(base)
        for name in VOLUMES:
            (new / "volumes" / name).mkdir(parents=True)
        _first_state(new / "upper", spec)
        write_private(new / "machine.json", spec.text())
        new.rename(self.path)

    def require_base(self) -> None:
        """Raise unless the root that the machine was made on is there.

        Raises:
            RehearsalError: when it is gone.
        """
        base = self.path / "base"
        if not base.exists():
            message = (
                f"machine {self.path.name} was made on a root that is gone ({base.readlink()}), and its disk is "
                "nothing without it; run `./sophia down --all` and `./sophia setup`"
            )
            raise RehearsalError(message)

    def describe(self, spec: MachineSpec, programs: Path | None) -> None:
        """Make the next boot find what the machine is said to be, and programs; the machine does not run.

        Args:
            spec: the machine.
            programs: directory of what it finds at /opt/rehearsal; nothing is there when it is None.
        """
        described = self.path / "upper/etc/rehearsal"
        described.mkdir(mode=0o755, exist_ok=True)
        _write(described / "machine.json", spec.size.text())
        (self.path / "programs").unlink(missing_ok=True)
        if programs:
            (self.path / "programs").symlink_to(programs.resolve())

    def remove(self) -> None:
        """Delete it; the machine does not run. It is whole until it is gone for whoever looks."""
        if self.path.exists():
            gone = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
            self.path.rename(gone)
            shutil.rmtree(gone)


def disks(folder: Path) -> Iterator[Disk]:
    """Return every machine's directory."""
    for path in sorted(folder.glob("*/machine.json")):
        if not path.parent.name.startswith("."):
            yield Disk(path.parent)


def sweep(folder: Path) -> None:
    """Delete what is left of directories whose making or removal was interrupted."""
    for path in folder.glob(".*.*"):
        if path.is_dir():
            shutil.rmtree(path)


def _first_state(upper: Path, spec: MachineSpec) -> None:
    """What differs from machine to machine; the modes are those that the base root has, because they replace them."""
    for directory in (upper, upper / "etc", upper / "home"):
        directory.mkdir(mode=0o755)
    _write(upper / "etc/hostname", f"{spec.name}\n")
    _write(upper / "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {spec.name}\n::1 localhost ip6-localhost\n")
    # Where nobody answers, as in a room without anything outside, a name is given up soon.
    _write(upper / "etc/resolv.conf", f"nameserver {INTERNET}\noptions timeout:1 attempts:1\n")
    _write(upper / "etc/machine-id", f"{secrets.token_hex(16)}\n", mode=0o444)
    user, keys = upper / "home/ubuntu", upper / "home/ubuntu/.ssh"
    user.mkdir(mode=0o755)
    keys.mkdir(mode=0o700)
    _write(keys / "authorized_keys", "".join(f"{key.strip()}\n" for key in spec.authorized_keys), mode=0o600)
    for path in (user, keys, keys / "authorized_keys"):
        os.chown(path, _USER, _USER)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
