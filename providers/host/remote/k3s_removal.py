"""Takes K3s away: its processes, mounts, network and files, without asking any API."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

from providers.host.remote.common import StepFailedError, run
from providers.host.remote.k3s_places import BEFORE, BINARY, DATA, ETC, INCOMING, MARKER, OURS, UNITS
from providers.host.remote.k3s_unit import FOLDER

PATIENCE_SECONDS = 15.0
STOPPING_SECONDS = 120.0
MOUNTS = ("/run/k3s", "/var/lib/kubelet", "/run/netns/cni-", "/var/run/netns/cni-", str(DATA))
FOLDERS = (ETC, Path("/run/k3s"), Path("/run/flannel"), DATA, Path("/var/lib/kubelet"), Path("/var/lib/cni"))
LINKS = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0")
GROUPS = Path("/sys/fs/cgroup")
TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"), ("ip", "flannel-ipv4"), ("ip6", "flannel-ipv6"))
CLIENTS = ("kubectl", "crictl", "ctr")
CHAINS = re.compile(r"KUBE-|CNI-|flannel", re.IGNORECASE)
# What starts pods names its socket; what lies in K3s' own folders is K3s'.
TRACES = (b"/run/k3s/", str(DATA).encode())


def remove(role: str) -> None:
    """Remove K3s with its data.

    Args:
        role: server or agent.

    Raises:
        StepFailedError: something of it stays.
    """
    unit = UNITS[role]
    run(["systemctl", "disable", "--now", unit], seconds=STOPPING_SECONDS)
    kill(unit)
    unmount()
    _groups()
    _network()
    (FOLDER / unit).unlink(missing_ok=True)
    (FOLDER / f"{unit}.env").unlink(missing_ok=True)
    run(["systemctl", "daemon-reload"])
    run(["systemctl", "reset-failed", unit])
    for path in FOLDERS:
        _empty(path)
    _files()
    for parent in {ETC.parent, DATA.parent, OURS}:
        with contextlib.suppress(OSError):
            parent.rmdir()
    left = [str(path) for path in FOLDERS if path.is_dir() and any(path.rglob("*"))]
    if left:
        what = f"{', '.join(left)} cannot be emptied"
        raise StepFailedError(what, "look what holds files there (`findmnt`, `fuser -m`), then run again")


def kill(unit: str) -> None:
    """End all that K3s has started and left: pods, what runs them, and its own children."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = processes(unit)
        if not found:
            return
        for pid in found:
            _end(pid)
        if time.monotonic() > deadline:
            what = f"processes of K3s do not end: {', '.join(str(pid) for pid in sorted(found))}"
            raise StepFailedError(what, "look at them (`ps`), restart the host if they hang, then run again")
        time.sleep(0.1)


def _end(pid: int) -> None:
    """Kill a process; it may have ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def processes(unit: str) -> set[int]:
    """Return the processes of K3s: those in its unit's group, those that bear its traces, and all their children."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if status[0] == "Z":
                continue
            parents[int(entry.name)] = int(status[1])
            command = (entry / "cmdline").read_bytes()
            group = (entry / "cgroup").read_text(errors="replace")
        except (OSError, IndexError):
            continue
        if f"/{unit}" in group or any(trace in command for trace in TRACES):
            found.add(int(entry.name))
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - _ours(parents)


def _ours(parents: dict[int, int]) -> set[int]:
    """Return this process and those it comes from."""
    chain, pid = set(), os.getpid()
    while pid > 1 and pid not in chain:
        chain.add(pid)
        pid = parents.get(pid, 0)
    return chain | {1}


def unmount() -> None:
    """Unmount what pods had, the innermost first."""
    lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    points = [line.split()[1].encode().decode("unicode_escape") for line in lines]
    # Somebody may have given K3s and its pods disks of their own: those stay.
    for point in sorted((p for p in points if p.startswith(MOUNTS) and Path(p) not in FOLDERS), reverse=True):
        if run(["umount", point]).returncode:
            run(["umount", "-l", point])


def _groups() -> None:
    """Remove the control groups of pods, which are empty by now, the inner ones first."""
    for root in [*GROUPS.glob("kubepods*"), *GROUPS.glob("*/kubepods*")]:
        for folder in sorted((path for path in [root, *root.rglob("*")] if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _network() -> None:
    for name in run(["ip", "netns", "list"]).stdout.split():
        if name.startswith("cni-"):
            run(["ip", "netns", "delete", name])
    attached = run(["ip", "-o", "link", "show", "master", "cni0"]).stdout.splitlines()
    names = [line.split(": ")[1].partition("@")[0] for line in attached if ": " in line]
    for name in (*names, *LINKS):
        run(["ip", "link", "delete", name])
    for table in TABLES:
        run(["nft", "delete", "table", *table])
    for command in ("iptables", "ip6tables"):
        _chains(command)
    _sets()


def _chains(command: str) -> None:
    """Take the rules of pods and services out of iptables, where it has any."""
    if shutil.which(f"{command}-save") is None:
        return
    saved = run([f"{command}-save"]).stdout
    if not CHAINS.search(saved):
        return
    kept = [line for line in saved.splitlines() if not CHAINS.search(line)]
    run([f"{command}-restore"], given="\n".join(kept) + "\n")
    # What nobody else has put anything into came with K3s.
    for table in re.split(r"^\*", "\n".join(kept), flags=re.MULTILINE)[1:]:
        if not re.search(r"^-A|^:\S+ (?!ACCEPT)", table, re.MULTILINE):
            family = "ip6" if command == "ip6tables" else "ip"
            run(["nft", "delete", "table", family, table.split(maxsplit=1)[0]])


def _sets() -> None:
    """Take away the sets of addresses that rules of network policies named; where ipset was K3s' own, a reboot does."""
    if shutil.which("ipset") is not None:
        for name in run(["ipset", "list", "-name"]).stdout.split():
            if CHAINS.match(name):
                run(["ipset", "destroy", name])


def _files() -> None:
    BINARY.unlink(missing_ok=True)
    for name in CLIENTS:
        client = BINARY.with_name(name)
        if client.is_symlink() and client.readlink().name == BINARY.name:
            client.unlink()
    for script in BINARY.parent.glob("k3s-*.sh"):
        if script.name in {"k3s-killall.sh", "k3s-uninstall.sh", "k3s-agent-uninstall.sh"}:
            script.unlink()
    MARKER.unlink(missing_ok=True)
    shutil.rmtree(BEFORE, ignore_errors=True)
    for left in OURS.glob(f"{INCOMING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _empty(path: Path) -> None:
    """Remove a folder; one where something is mounted is emptied alone."""
    if path.is_symlink() or not path.is_dir():
        return
    if not os.path.ismount(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _empty(entry)
        else:
            entry.unlink(missing_ok=True)
