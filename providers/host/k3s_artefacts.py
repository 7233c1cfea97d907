"""Artefacts by their digest: found in a local directory or downloaded into it, and never taken unproven."""

import asyncio
import contextlib
import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

from providers.kit import ProviderError

LOCAL: Final = "~/.cache/sophia/artefacts"
"""Where they lie unless HOST_ARTEFACTS says otherwise."""
CHUNK: Final = 2**20
SILENCE_SECONDS: Final = 30.0
_UNDER_WAY: dict[tuple[Path, str], asyncio.Task[Path]] = {}


def directory(name: str) -> Path:
    """Return the directory of that name; `~` is the home of whoever runs this."""
    return Path(name).expanduser()


async def artefact(folder: Path, sha256: str, url: str | None) -> Path:
    """Return the path of an artefact whose digest was checked.

    Args:
        folder: where artefacts lie, each named by its digest.
        sha256: the digest.
        url: where it is downloaded from if it does not lie there; none: nowhere.

    Raises:
        ProviderError: it is not there and cannot be had, or is another one.
    """
    # Hosts ask at the same time for the same one.
    key = (folder, sha256)
    if (task := _UNDER_WAY.get(key)) is None:
        task = _UNDER_WAY[key] = asyncio.ensure_future(asyncio.to_thread(_obtained, folder, sha256, url))
        task.add_done_callback(lambda _: _UNDER_WAY.pop(key, None))
    return await asyncio.shield(task)


def _obtained(folder: Path, sha256: str, url: str | None) -> Path:
    path = folder / sha256
    if path.is_file():
        found = _digest(path)
        if found == sha256:
            return path
        if url is None:
            what = f"{path} has the SHA-256 {found}"
            raise ProviderError(what, "it is damaged or not the one that was locked: remove it and build it anew")
    if url is None:
        what = f"no artefact {sha256} lies in {folder}, and no url says where it is downloaded from"
        raise ProviderError(what, "put it there under its digest, set HOST_ARTEFACTS, or give its url")
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{sha256[:12]}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            found = _download(url, stream.write)
        if found != sha256:
            what = f"{url} has the SHA-256 {found}, locked is {sha256}"
            raise ProviderError(what, "do not use it: find out who changed it, then lock it anew by `./sophia lock`")
        return Path(name).replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def _download(url: str, write: Callable[[bytes], object]) -> str:
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=SILENCE_SECONDS) as answer:  # noqa: S310 - https alone, by its model
            while chunk := answer.read(CHUNK):
                digest.update(chunk)
                write(chunk)
    except urllib.error.HTTPError as error:
        error.close()
        what = f"{url}: the server answers {error.code}"
        raise ProviderError(what, "check the version and the url in the lock") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        what = f"{url} cannot be downloaded: {reason}"
        raise ProviderError(what, "check the way to it and the room on this disk, then run again") from None
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
