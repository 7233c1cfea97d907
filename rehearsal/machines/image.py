"""The base root that machines boot from: made once by set-up, kept in the tool cache under a key of its content."""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from catalog.addons import cache_root
from rehearsal.error import RehearsalError
from rehearsal.machines.command import PATH, as_root
from rehearsal.toolchain import Progress, ToolError
from rehearsal.toolchain.debian import bootstrap
from rehearsal.toolchain.disk import require_space, writing

SUITE = "bookworm"
"""The Debian release."""

PACKAGES = (
    *("systemd", "systemd-sysv", "libpam-systemd", "dbus", "openssh-server", "sudo", "nftables", "iproute2"),
    *("iputils-ping", "procps", "kmod", "ca-certificates", "curl", "python3", "unattended-upgrades", "cron"),
    *("logrotate", "rsyslog", "chrony", "wireguard-tools", "wireguard-go"),
    *("containerd", "runc", "containernetworking-plugins", "conntrack", "iptables", "ipset", "busybox-static"),
)
"""What it holds, beside what every Debian has: what remote programs, an image of Lambda's and a node need."""

OFFERED = ("auditd", "jq", "tree")
"""What it does not hold and /srv/apt offers, so that there is something to install."""

_FORMAT = "1"
"""Another number makes every root be made anew."""

_EXPECTED_SECONDS = 120.0
_MEBIBYTES = 1200
_SOURCES = Path(__file__).parent
_LEFT_OUT = ("man", "locale", "doc", "info")

_PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
"""Debian packages of the programs that this computer needs, by program."""

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""What Debian's packages are checked with; another distribution has it in a package of the same name."""


def base() -> Path:
    """Return the base root.

    Raises:
        RehearsalError: when it was not made.
    """
    place = _place()
    if not place.exists():
        message = "the root that machines boot from is missing; run `./sophia setup`"
        raise RehearsalError(message)
    return place


def ensure(progress: Progress) -> Path:
    """Make the base root, and bring the programs that machines are made with, where they are missing; return the root.

    Args:
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: when this is not root, a program cannot be had, the disk is full or no package source answers.
    """
    place = _place()
    needed = _needed()
    if place.exists() and not needed:
        return place
    if os.geteuid() != 0:
        message = "the root that machines boot from is missing, and only root can make it"
        raise ToolError(message, "run `sudo ./sophia setup`")
    if needed:
        install(needed, progress)
    require_space([(place.parent, _MEBIBYTES)], lambda path: shutil.disk_usage(path).free, "making a machine's root")
    with writing(place.parent, "making a machine's root"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(place.parent / "lock"):
            if not place.exists():
                _make(place, progress)
    return place


def missing() -> str:
    """Return what of it is missing, in one sentence; empty when nothing is."""
    if needed := _needed():
        return f"{', '.join(needed)} missing"
    return "" if _place().exists() else "the root that machines boot from is missing"


def _needed() -> list[str]:
    """Return the Debian packages that this computer lacks."""
    packages = {package for program, package in _PROGRAMS.items() if shutil.which(program, path=PATH) is None}
    return sorted(packages | (set() if _KEYRING.exists() else {"debian-archive-keyring"}))


def key() -> str:
    """Return what names a root of exactly these packages and files."""
    parts = [_FORMAT, SUITE, *PACKAGES, "-", *OFFERED]
    digest = hashlib.sha256("\n".join(parts).encode())
    for file in (_SOURCES / "customize.sh", *_files()):
        mode = file.stat().st_mode & 0o111
        digest.update(f"\n{file.relative_to(_SOURCES)} {mode}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _place() -> Path:
    return cache_root(os.environ) / "machines" / key()


def _files() -> Iterator[Path]:
    yield from sorted(path for path in (_SOURCES / "root").rglob("*") if path.is_file())


def _make(place: Path, progress: Progress) -> None:
    for left in place.parent.glob("making-*"):  # of an interrupted set-up, which held the lock
        shutil.rmtree(left)
    with (
        tempfile.TemporaryDirectory(prefix="making-", dir=place.parent) as aside,
        progress.activity("Making the root that machines boot from", _EXPECTED_SECONDS),
    ):
        root = Path(aside) / "root"
        _debian(root)
        root.chmod(0o755)
        root.rename(place)


def _debian(root: Path) -> None:
    customize = shlex.join([str(_SOURCES / "customize.sh")])
    arguments = shlex.join([str(_SOURCES / "root"), *OFFERED])
    bootstrap(
        root,
        SUITE,
        PACKAGES,
        "--variant=minbase",
        "--skip=cleanup/apt/lists,cleanup/reproducible",
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT),
        f'--customize-hook={customize} "$1" {arguments}',
    )


def install(packages: list[str], progress: Progress) -> None:
    """Make this computer have packages of its distribution.

    Args:
        packages: the packages.
        progress: told what is done.

    Raises:
        ToolError: they cannot be had; the message says what to do.
    """
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    # The first minutes of a new computer belong to its own updates.
    command[1:1] = ["-o", "DPkg::Lock::Timeout=300"]
    remedy = f"run `sudo apt-get update && sudo {shlex.join(command)}`"
    if shutil.which("apt-get", path=PATH) is None:
        problem = f"this computer lacks: {', '.join(packages)}"
        raise ToolError(problem, "install them; set-up does it by itself where there is apt-get")
    environment = {**os.environ, "PATH": PATH}
    asking_nobody = (*as_root(), "env", "DEBIAN_FRONTEND=noninteractive")
    with progress.activity(f"Installing {', '.join(packages)}", 20.0):
        for step in (["apt-get", "update", "--quiet"], command):
            done = subprocess.run([*asking_nobody, *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = " / ".join(done.stderr.strip().splitlines()[-2:])
            problem = f"{', '.join(packages)}: could not be installed: {last}"
            raise ToolError(problem, remedy)
