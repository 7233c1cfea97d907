"""``python3 -m backup SERVICE VERB``: back a service up, try a backup of it out, or restore that.

Which one is said by SNAPSHOT, the beginning of its id in the repository; the newest where that is empty.
"""

import argparse
import errno
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from backup import repository
from backup.postgresql import PostgreSql
from backup.service import BackupError, Service, holding
from backup.valkey import Valkey
from backup.weaviate import Weaviate

SERVICES: Mapping[str, type[Service]] = {"postgresql": PostgreSql, "valkey": Valkey, "weaviate": Weaviate}
"""The services by name."""


def back_up(name: str, stack: str, folder: Path) -> Mapping[str, Any]:
    """Return what was kept: its snapshot, its checksums, and the moment as of which it is.

    Args:
        name: the service.
        stack: the stack.
        folder: an empty folder to work in.

    Raises:
        BackupError: nothing is left of what there was, and nobody has said that this is meant.
    """
    taken = datetime.now(UTC)
    checksums = SERVICES[name]().dump(folder)
    if not holding(checksums) and os.environ.get("EMPTY") != "meant" and holding(repository.newest((stack, name))):
        message = (
            f"{name} holds nothing, and its newest backup does; nothing was kept: restore that, or run this backup "
            "once with EMPTY=meant in its environment"
        )
        raise BackupError(message)
    manifest = {"stack": stack, "service": name, "taken_at": taken.isoformat(), "checksums": checksums}
    (folder / repository.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    retention = json.loads(os.environ["BACKUP_RETENTION"])
    return {**manifest, "snapshot": repository.keep(folder, (stack, name), retention)}


def restore(name: str, stack: str, folder: Path, *, verb: str) -> Mapping[str, Any]:
    """Return what was restored, and how old it was when that was asked for, in seconds.

    Args:
        name: the service.
        stack: the stack, which must be that of the backup.
        folder: an empty folder to work in.
        verb: drill, which tries it out beside what there is, or restore.

    Raises:
        BackupError: it is a backup of another stack, something would be lost, or it is not what was backed up.
    """
    asked = datetime.now(UTC)
    manifest = repository.fetch(folder, (stack, name), os.environ.get("SNAPSHOT", ""))
    if (manifest["stack"], manifest["service"]) != (stack, name):
        message = (
            f"the backup is of {manifest['service']} in {manifest['stack']}, and this is {name} in {stack}; "
            "nothing was changed: see that the bucket is the stack's own"
        )
        raise BackupError(message)
    service = SERVICES[name]()
    found = service.try_out(folder) if verb == "drill" else service.load(folder)
    kept = manifest["checksums"]
    differing = sorted(one for one in found if kept.get(one) != found[one])
    differing += sorted(kept.keys() - found.keys()) if verb == "drill" else []
    if differing:
        message = f"{', '.join(differing)} are not what was backed up as {manifest['snapshot']}"
        raise BackupError(message)
    age = asked - datetime.fromisoformat(manifest["taken_at"])
    return {**manifest, "checksums": found, "age_seconds": round(age.total_seconds())}


def _end(*_: object) -> NoReturn:
    # Once: what is done then is to clean up.
    signal.signal(signal.SIGTERM, lambda *_: None)
    message = "it was told to end before it was done; run it again"
    raise BackupError(message)


def main() -> int:
    """Do it, tell it in one line, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python3 -m backup", description=__doc__)
    parser.add_argument("service", choices=[*SERVICES])
    parser.add_argument("verb", choices=["backup", "drill", "restore"])
    arguments = parser.parse_args()
    name, verb = arguments.service, arguments.verb
    began = time.monotonic()
    told: dict[str, Any] = {"service": name, "verb": verb}
    # Nothing ends the first process of a pod that it does not handle itself.
    signal.signal(signal.SIGTERM, _end)
    try:
        stack = os.environ["STACK"]
        with tempfile.TemporaryDirectory(prefix="backup-") as aside:
            folder = Path(aside)
            done = back_up(name, stack, folder) if verb == "backup" else restore(name, stack, folder, verb=verb)
        told |= {**done, "seconds": round(time.monotonic() - began, 1)}
    except BackupError as error:
        told |= {"error": str(error)}
    except OSError as error:
        remedy = "make room on the node" if error.errno == errno.ENOSPC else "see that the service runs, and try again"
        told |= {"error": f"{error}; {remedy}"}
    except KeyError as error:
        told |= {"error": f"{error} is neither in the environment nor in what was read; see the Job and the backup"}
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if "error" in told else 0


if __name__ == "__main__":
    sys.exit(main())
