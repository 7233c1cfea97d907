"""Takes a binary in that was copied to this host: checked while it is copied to its place, so that none is changed."""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import secrets
import shutil
from pathlib import Path

from providers.host.remote.common import StepFailedError
from providers.host.remote.k3s_places import BINARY, CHUNK, INCOMING, folder
from providers.host.remote.staging import REMEDIES

NEW = BINARY.with_name(".k3s.sophia-new")


def expect(user: str) -> str:
    """Return the path of a file that the user may write, and nobody else."""
    for left in folder().glob(f"{INCOMING}*"):
        shutil.rmtree(left, ignore_errors=True)
    place = folder() / f"{INCOMING}{secrets.token_hex(8)}"
    place.mkdir(mode=0o700)
    account = pwd.getpwnam(user)
    os.chown(place, account.pw_uid, account.pw_gid)
    return str(place / "k3s")


def stage(incoming: str, sha256: str) -> None:
    """Copy what has come beside the binary's place, if it is what was wanted.

    Raises:
        StepFailedError: it is not, or there is no room.
    """
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    NEW.unlink(missing_ok=True)
    found = hashlib.sha256()
    try:
        descriptor = os.open(NEW, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755)
        with open(descriptor, "wb") as target, open(incoming, "rb") as source:  # noqa: PTH123 - one is a descriptor
            while chunk := source.read(CHUNK):
                found.update(chunk)
                target.write(chunk)
            target.flush()
            os.fchmod(target.fileno(), 0o755)
            os.fsync(target.fileno())
    except OSError as error:
        NEW.unlink(missing_ok=True)
        what = f"{error.filename or NEW}: {os.strerror(error.errno or errno.EIO)}; nothing was changed"
        raise StepFailedError(what, REMEDIES.get(error.errno or 0, "mend it, then run again")) from None
    finally:
        shutil.rmtree(Path(incoming).parent, ignore_errors=True)
    if found.hexdigest() != sha256:
        NEW.unlink(missing_ok=True)
        what = f"the binary arrived with the SHA-256 {found.hexdigest()} instead of {sha256}; nothing was changed"
        raise StepFailedError(what, "run again; if it stays so, look at the host's disk and memory")


def install() -> None:
    """Put what was staged into its place."""
    NEW.rename(BINARY)
