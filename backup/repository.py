"""The place of the backups: a repository of restic, whose own variables say where it is and what opens it."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backup.service import BackupError, Checksums, run

MANIFEST = "manifest.json"
"""The file of a backup that says what it is and what is in it."""
_LACKING = 10
"""Restic's exit code for a repository that does not exist (restic 0.17 and later)."""
_PATIENCE = "--retry-lock=30m"
"""How long the lock of another run is waited for: after that time restic takes it for a dead one's."""
_NAMED = 8
"""How many backups are named to somebody who asks for one that is not there."""


def keep(folder: Path, tags: Sequence[str], retention: Mapping[str, int]) -> str:
    """Keep a folder as a snapshot, forget those that are too old, and return the snapshot's id.

    Args:
        folder: the folder.
        tags: what the snapshot is found by.
        retention: how many are kept, by period in restic's words, such as ``daily``.
    """
    if not _opened():
        _restic("init")
    words = [f"--tag={','.join(tags)}", f"--host={tags[0]}", "--json", "--quiet", "."]
    told = [json.loads(line) for line in _restic("backup", *words, cwd=folder).stdout.splitlines()]
    kept = [f"--keep-{period}={count}" for period, count in retention.items()]
    _restic("forget", f"--tag={','.join(tags)}", "--group-by=tags", "--prune", *kept)
    return str(next(one["snapshot_id"] for one in told if one.get("message_type") == "summary"))


def newest(tags: Sequence[str]) -> Checksums:
    """Return the checksums of the newest snapshot with these tags; nothing where there is none."""
    found = _snapshots(tags)
    if not found:
        return {}
    checksums: Checksums = json.loads(_restic("dump", str(found[-1]["id"]), f"/{MANIFEST}").stdout)["checksums"]
    return checksums


def fetch(folder: Path, tags: Sequence[str], snapshot: str = "") -> Mapping[str, Any]:
    """Write a snapshot with these tags into a folder, checked, and return its manifest.

    Args:
        folder: the folder.
        tags: what it is found by.
        snapshot: how its id begins; the newest by default.

    Raises:
        BackupError: there is none, or it is not whole.
    """
    there = _snapshots(tags)
    if not there:
        message = f"there is no backup with the tags {', '.join(tags)}: make one first"
        raise BackupError(message)
    found = [one for one in there if str(one["id"]).startswith(snapshot)] if snapshot else there[-1:]
    if len(found) != 1:
        known = ", ".join(f"{one['short_id']} of {str(one['time'])[:16]}" for one in there[-_NAMED:])
        message = (
            f"{len(found)} backups of {' '.join(tags)} have an id that begins with {snapshot}: choose among {known}"
        )
        raise BackupError(message)
    (one,) = found
    _restic("restore", str(one["id"]), f"--target={folder}", "--verify", "--quiet")
    try:
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        message = f"snapshot {one['short_id']} holds no manifest: it is no backup of ours; take an older one"
        raise BackupError(message) from None
    return {**manifest, "snapshot": one["short_id"]}


def _snapshots(tags: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the snapshots with these tags, the newest last."""
    if not _opened():
        return []
    found: list[Mapping[str, Any]] = json.loads(_restic("snapshots", f"--tag={','.join(tags)}", "--json").stdout)
    return sorted(found, key=lambda one: str(one["time"]))


def _opened() -> bool:
    """Tell whether there is a repository; locks in it whose holder is gone are then removed."""
    return _restic("unlock", accepted=(0, _LACKING)).returncode == 0


def _restic(*words: str, cwd: Path | None = None, accepted: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
    done = run("restic", _PATIENCE, *words, cwd=cwd)
    if done.returncode not in accepted:
        message = f"restic {words[0]} ended with {done.returncode}: {done.stderr.strip()[-600:]}"
        raise BackupError(message)
    return done
