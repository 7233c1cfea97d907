"""The host's access interface: reads it, changes it in place so that the change undoes itself, keeps it over a reboot.

The private key is made here, is read by `wg` alone, and stands in no argument and no answer.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError, journal, run
from providers.host.remote.installed import differs, owned
from providers.host.remote.origin import addresses, origin
from providers.host.remote.rollback import Rollback
from providers.host.remote.staging import place
from providers.host.remote.systemd import active, persist, show, systemctl, wanted

FOLDER = Path("/etc/wireguard")
SYNC = Path("/usr/local/libexec/sophia-access")
SERVICE = Path("/etc/systemd/system/sophia-access.service")
TIMER = Path("/etc/systemd/system/sophia-access.timer")
SYNC_TEXT = f"""#!/bin/sh
# sophia-access INTERFACE [FOLDER]: gives the interface its key and the peers that have not expired, and takes away all
# others; what is right already is not touched, so that nobody's session is cut.
set -eu
interface=$1
folder=${{2:-{FOLDER}}}
now=$(date +%s)
wg set "$interface" private-key "{FOLDER}/$interface.key"
present=$(wg show "$interface" allowed-ips)
wanted=$(
    while read -r key address expires; do
        if [ "$expires" = never ] || [ "$expires" -gt "$now" ]; then
            printf '%s\\t%s\\n' "$key" "$address"
        fi
    done < "$folder/$interface.peers"
)
printf '%s\\n' "$present" | while read -r key _; do
    if [ -n "$key" ] && ! printf '%s\\n' "$wanted" | cut -f 1 | grep -Fqx -- "$key"; then
        wg set "$interface" peer "$key" remove
    fi
done
printf '%s\\n' "$wanted" | while read -r key address; do
    if [ -n "$key" ] && ! printf '%s\\n' "$present" | grep -Fqx -- "$(printf '%s\\t%s' "$key" "$address")"; then
        wg set "$interface" peer "$key" allowed-ips "$address"
    fi
done
"""


def main(data: dict[str, Any]) -> Any:
    """Do what is asked: `origin`, `read`, `apply`, `confirm`, `outcome` or `remove`."""
    rollback = Rollback("access")
    match data["act"]:
        case "origin":
            peers = _present(data["interface"]) if shutil.which("wg") else {}
            return {"now": time.time(), "origin": origin(), "peers": peers}
        case "read":
            return _read(data, rollback)
        case "apply":
            return _apply(data, rollback)
        case "confirm":
            return _confirm(data, rollback)
        case "outcome":
            return rollback.outcome()
        case _:
            return _remove(data["interface"])


def _peers(data: dict[str, Any]) -> str:
    return "".join(f"{key} {address}/32 {expires or 'never'}\n" for key, address, expires in data["peers"])


def _texts(data: dict[str, Any]) -> dict[Path, tuple[str, str]]:
    """Return what is kept for the next boot: text and mode of each file."""
    interface = data["interface"]
    settings = (
        f"[Interface]\nAddress = {data['address']}\nListenPort = {data['port']}\n"
        f"# Its key, and the peers that have not expired: {FOLDER}/{interface}.peers\nPostUp = {SYNC} %i\n"
    )
    service = (
        "[Unit]\nDescription=Shuts out peers of the access interface that have expired\n\n"
        f"[Service]\nType=oneshot\nExecCondition=/bin/sh -c 'test -e /sys/class/net/{interface}'\n"
        f"ExecStart={SYNC} {interface}\n"
    )
    ends = sorted({int(expires) for _, _, expires in data["peers"] if expires})
    moments = "".join(f"OnCalendar={time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(end))} UTC\n" for end in ends)
    timer = (
        "[Unit]\nDescription=The moments at which peers of the access interface expire\n\n"
        f"[Timer]\nOnCalendar=hourly\n{moments}AccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {
        FOLDER / f"{interface}.conf": (settings, "0600"),
        FOLDER / f"{interface}.peers": (_peers(data), "0600"),
        SYNC: (SYNC_TEXT, "0755"),
        SERVICE: (service, "0644"),
        TIMER: (timer, "0644"),
    }


def _read(data: dict[str, Any], rollback: Rollback) -> dict[str, Any]:
    interface = data["interface"]
    up = _up(interface)
    found = [said for path, (text, _) in _texts(data).items() if (said := differs(path, text))]
    found += [f"{name} is not enabled" for name in (_unit(interface), TIMER.name) if not wanted(name)]
    if not active(show([TIMER.name])[TIMER.name]):
        found.append(f"{TIMER.name} is not active")
    key = FOLDER / f"{interface}.key"
    if not key.exists():
        found.append(f"{key} is missing")
    elif key.stat().st_mode & 0o077:
        found.append(f"{key} is open to others")
    if shutil.which("wg") is None:
        found.append("wg is not installed")
    if rollback.state == "armed":
        found.append("a change is not confirmed yet, and the host is about to undo it")
    return {
        "now": time.time(),
        "addresses": addresses().get(interface, []),
        "port": int(_shown(interface, "listen-port")) if up else 0,
        "public_key": _shown(interface, "public-key") if up else "",
        "peers": _present(interface) if up else {},
        "unpersisted": found,
    }


def _up(interface: str) -> bool:
    return shutil.which("wg") is not None and run(["wg", "show", interface, "listen-port"]).returncode == 0


def _unit(interface: str) -> str:
    return f"wg-quick@{interface}.service"


def _shown(interface: str, what: str) -> str:
    """Return one thing that `wg` says of the interface; never `dump`, which holds the private key."""
    return run(["wg", "show", interface, what]).stdout.strip()


def _present(interface: str) -> dict[str, list[str]]:
    """Return the networks of each peer that the interface admits."""
    lines = (line.split() for line in _shown(interface, "allowed-ips").splitlines())
    return {key: [one for one in networks if one != "(none)"] for key, *networks in lines}


def _key(interface: str) -> None:
    """Make the private key if there is none; one that the interface still holds is kept."""
    key = FOLDER / f"{interface}.key"
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    if key.exists() and key.stat().st_size:
        key.chmod(0o600)
        return
    new = key.with_name(f".{key.name}.new")
    new.unlink(missing_ok=True)
    source = f"wg show {interface} private-key" if _up(interface) else "wg genkey"
    made = run(["/bin/sh", "-c", f"umask 077 && {source} > {new} && wg pubkey < {new} > /dev/null && sync {new}"])
    if made.returncode:
        new.unlink(missing_ok=True)
        what = "no private key could be made"
        raise StepFailedError(what, f"look whether {FOLDER} is writable and `wg genkey` works there")
    os.replace(new, key)  # noqa: PTH105 - atomic is the point


def _apply(data: dict[str, Any], rollback: Rollback) -> dict[str, Any]:
    interface = data["interface"]
    _refuse_overlap(interface, data["address"])
    undone = rollback.begin({f"{interface}.peers": _peers(data), "sync": SYNC_TEXT})
    _key(interface)
    if _up(interface):
        _change(data, rollback)
    else:
        _start(data, rollback)
    return {"undone": undone, "public_key": _shown(interface, "public-key")}


def _refuse_overlap(interface: str, address: str) -> None:
    wanted = ipaddress.ip_interface(address).network
    for name, held in addresses().items():
        for other in held:
            if name not in {interface, "lo"} and wanted.overlaps(ipaddress.ip_interface(other).network):
                what = f"the access network {wanted} overlaps {other} of {name}; nothing was changed"
                raise StepFailedError(what, "choose an access network that no interface of any host is in")


def _change(data: dict[str, Any], rollback: Rollback) -> None:
    """Change the running interface in place: sessions of peers that stay go on."""
    interface, folder = data["interface"], rollback.folder
    held, port = addresses().get(interface, []), _shown(interface, "listen-port")
    before = folder / "before"
    before.mkdir()
    (before / f"{interface}.peers").write_text(_present_peers(interface), encoding="utf-8")
    undo = [
        f'[ "$(wg show {interface} listen-port)" = {port} ] || wg set {interface} listen-port {port}',
        f"ip address flush dev {interface}",
        *(f"ip address add {one} dev {interface}" for one in held),
        f"/bin/sh {folder}/sync {interface} {before}",
    ]
    rollback.arm("\n".join(undo), data["seconds"])
    if port != str(data["port"]):
        _must(["wg", "set", interface, "listen-port", str(data["port"])], "choose a UDP port that is free on the host")
    if held != [data["address"]]:
        _must(["ip", "address", "flush", "dev", interface], "run again")
        _must(["ip", "address", "add", data["address"], "dev", interface], "run again")
    _must(["/bin/sh", f"{folder}/sync", interface, str(folder)], "run again")


def _start(data: dict[str, Any], rollback: Rollback) -> None:
    unit = _unit(data["interface"])
    place([owned(path, text, mode) for path, (text, mode) in _texts(data).items()])
    rollback.arm(f"systemctl stop {unit}", data["seconds"])
    run(["systemctl", "reset-failed", unit])
    started = run(["systemctl", "restart", unit])
    if started.returncode:
        rollback.abandon()
        run(["systemctl", "stop", unit])
        what = f"{unit} does not start"
        raise StepFailedError(what, "the last lines of its journal say why", journal(unit))


def _present_peers(interface: str) -> str:
    """Return the peers that are there, with the ends that were kept for them."""
    kept = FOLDER / f"{interface}.peers"
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    ends = {line.split()[0]: line.split()[-1] for line in lines if line.strip()}
    present = _present(interface).items()
    return "".join(f"{key} {','.join(networks)} {ends.get(key, 'never')}\n" for key, networks in present if networks)


def _must(command: list[str], remedy: str) -> None:
    done = run(command)
    if done.returncode:
        what = f"`{' '.join(command[:4])}` failed, and the host undoes the change: {done.stderr.strip()}"
        raise StepFailedError(what, remedy)


def _confirm(data: dict[str, Any], rollback: Rollback) -> None:
    rollback.confirm()
    texts = _texts(data)
    other_units = any(differs(path, texts[path][0]) for path in (SERVICE, TIMER))
    place([owned(path, text, mode) for path, (text, mode) in texts.items()])
    persist(_unit(data["interface"]), TIMER.name)
    if other_units or not active(show([TIMER.name])[TIMER.name]):
        systemctl("restart", TIMER.name)


def _remove(interface: str) -> None:
    if origin().get("interface") == interface:
        what = "our own connection comes through the access interface, so it cannot be removed over it"
        raise StepFailedError(what, "come in by another way, such as a break-glass network, then run again")
    units = show([TIMER.name, _unit(interface)])
    if there := [name for name, unit in units.items() if wanted(name) or active(unit)]:
        systemctl("disable", "--now", *there)
    for path in (SYNC, SERVICE, TIMER, *(FOLDER / f"{interface}.{kind}" for kind in ("conf", "peers", "key"))):
        path.unlink(missing_ok=True)
    systemctl("daemon-reload")
