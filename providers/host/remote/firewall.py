"""The host's firewall: reads the table of ours, replaces it so that it undoes itself, keeps it over a reboot."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError, run
from providers.host.remote.installed import differs, owned
from providers.host.remote.origin import origin
from providers.host.remote.rollback import Rollback
from providers.host.remote.staging import place
from providers.host.remote.systemd import persist, systemctl, wanted

TABLE = ("inet", "sophia")
FOLDER = Path("/etc/sophia")
LOADER = Path("/usr/local/libexec/sophia-firewall")
UNIT = Path("/etc/systemd/system/sophia-firewall.service")
RULESET = "firewall.nft"
BREAK_GLASS = "firewall.break-glass"
ABSENT = "table inet sophia\ndelete table inet sophia\n"
LOADER_TEXT = f"""#!/bin/sh
# sophia-firewall FOLDER [OPTION...]: loads table inet sophia in one transaction, and touches no other table.
# Break-glass networks that have expired stay out, and the kernel drops the others when their time comes.
set -eu
folder=$1
shift
now=$(date +%s)
{{
    cat "$folder/{RULESET}"
    while read -r cidr expires; do
        left=$((expires - now))
        if [ "$left" -gt 0 ]; then
            # In days too, because nft takes no number of more than eight digits.
            echo "add element inet sophia break_glass {{ $cidr timeout $((left / 86400))d$((left % 86400))s }}"
        fi
    done < "$folder/{BREAK_GLASS}"
}} | nft "$@" -f -
"""
UNIT_TEXT = f"""[Unit]
Description=Firewall of the host (table inet sophia)
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={LOADER} {FOLDER}

[Install]
WantedBy=sysinit.target
"""


def main(data: dict[str, Any]) -> Any:
    """Do what is asked: `origin`, `read`, `apply`, `confirm`, `outcome` or `remove`."""
    rollback = Rollback("firewall")
    match data["act"]:
        case "origin":
            return {"now": time.time(), "origin": origin(), "unreadable": _unreadable()}
        case "read":
            return _read(data, rollback)
        case "apply":
            return _apply(data, rollback)
        case "confirm":
            return _confirm(data, rollback)
        case "outcome":
            return rollback.outcome()
        case _:
            return _remove()


def _texts(data: dict[str, Any]) -> dict[str, str]:
    break_glass = "".join(f"{cidr} {expires}\n" for cidr, expires in data["break_glass"])
    return {RULESET: data["ruleset"], BREAK_GLASS: break_glass}


def _read(data: dict[str, Any], rollback: Rollback) -> dict[str, Any]:
    if unreadable := _unreadable():
        return {"now": time.time(), "unreadable": unreadable, "unpersisted": _unpersisted(data, rollback)}
    listed = run(["nft", "-a", "list", "table", *TABLE])
    present = listed.returncode == 0
    # How this nft writes the wanted table down, it says itself, in a network namespace that ends with the command.
    normal = run(
        ["unshare", "--net", "/bin/sh", "-c", "nft -f - && nft -j list table inet sophia"], given=data["ruleset"]
    )
    if normal.returncode:
        what = f"nft does not take the table: {normal.stderr.strip()}"
        raise StepFailedError(what, "check that the host's nftables is at least 1.0")
    return {
        "now": time.time(),
        "live": _objects(run(["nft", "-j", "list", "table", *TABLE]).stdout) if present else None,
        "expected": _objects(normal.stdout),
        "lines": _lines(listed.stdout),
        "foreign": _foreign(),
        "unpersisted": _unpersisted(data, rollback),
    }


def _unreadable() -> str:
    return "" if shutil.which("nft") else "nft is not installed"


def _objects(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["nftables"]
    return [one for one in found if "metainfo" not in one]


def _lines(text: str) -> dict[str, str]:
    """Return what stands in the listing, by handle."""
    return {handle: line.strip() for line, handle in re.findall(r"^(.*?) # handle (\d+)$", text, re.MULTILINE)}


def _foreign() -> list[str]:
    tables = (one["table"] for one in _objects(run(["nft", "-j", "list", "tables"]).stdout))
    return sorted(f"{one['family']} {one['name']}" for one in tables if (one["family"], one["name"]) != TABLE)


def _unpersisted(data: dict[str, Any], rollback: Rollback) -> list[str]:
    texts = {FOLDER / name: text for name, text in _texts(data).items()}
    texts |= {LOADER: LOADER_TEXT, UNIT: UNIT_TEXT}
    found = [said for path, text in texts.items() if (said := differs(path, text))]
    if not wanted(UNIT.name):
        found.append(f"{UNIT.name} is not enabled")
    if rollback.state == "armed":
        found.append("a change is not confirmed yet, and the host is about to undo it")
    return found


def _apply(data: dict[str, Any], rollback: Rollback) -> dict[str, Any]:
    undone = rollback.begin({**_texts(data), "load": LOADER_TEXT})
    (rollback.folder / "before").mkdir()
    load = ["/bin/sh", str(rollback.folder / "load"), str(rollback.folder)]
    refused = run([*load, "--check"])
    if refused.returncode:
        what = f"nft refuses the table, so nothing was changed: {refused.stderr.strip()}"
        raise StepFailedError(what, "report it: every table that passes the check should load")
    for name, text in _before().items():
        (rollback.folder / "before" / name).write_text(text, encoding="utf-8")
    undo = [*load[:2], str(rollback.folder / "before")]
    unsaved = run([*undo, "--check"])
    if unsaved.returncode:
        what = f"nft does not take back the table that is there, so nothing was changed: {unsaved.stderr.strip()}"
        raise StepFailedError(what, "delete what was added by hand (`nft list table inet sophia`), then run again")
    rollback.arm(" ".join(undo), data["seconds"])
    loaded = run(load)
    if loaded.returncode:
        rollback.abandon()
        what = f"nft did not load the table, and the one before holds: {loaded.stderr.strip()}"
        raise StepFailedError(what, "run again")
    return {"undone": undone}


def _before() -> dict[str, str]:
    """Return what brings back the table that is there; break-glass networks with the ends that they have now."""
    listed = run(["nft", "list", "table", *TABLE])
    if listed.returncode:
        return {RULESET: ABSENT, BREAK_GLASS: ""}
    text, ends = ABSENT + listed.stdout, ""
    sets = (one["set"] for one in _objects(run(["nft", "-j", "list", "table", *TABLE]).stdout) if "set" in one)
    for one in sets:
        if one["name"] == "break_glass":
            text += "flush set inet sophia break_glass\n"
            for element in one.get("elem", ()):
                inner = element["elem"] if isinstance(element, dict) and "elem" in element else {"val": element}
                if "expires" in inner:
                    ends += f"{_network(inner['val'])} {int(time.time() + inner['expires']) + 1}\n"
                else:
                    text += f"add element inet sophia break_glass {{ {_network(inner['val'])} }}\n"
    return {RULESET: text, BREAK_GLASS: ends}


def _network(value: Any) -> str:
    if isinstance(value, dict) and "range" in value:
        return "-".join(value["range"])
    return f"{value['prefix']['addr']}/{value['prefix']['len']}" if isinstance(value, dict) else str(value)


def _confirm(data: dict[str, Any], rollback: Rollback) -> None:
    rollback.confirm()
    kept = {FOLDER / name: text for name, text in _texts(data).items()}
    place(
        [owned(LOADER, LOADER_TEXT, "0755"), *(owned(path, text) for path, text in {**kept, UNIT: UNIT_TEXT}.items())]
    )
    persist(UNIT.name)


def _remove() -> None:
    if wanted(UNIT.name):
        systemctl("disable", UNIT.name)
    for path in (UNIT, LOADER, FOLDER / RULESET, FOLDER / BREAK_GLASS):
        path.unlink(missing_ok=True)
    systemctl("daemon-reload")
    if run(["nft", "list", "table", *TABLE]).returncode == 0:
        run(["nft", "delete", "table", *TABLE])
