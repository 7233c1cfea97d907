"""Where a stack's secrets could be left on this computer, and where they are because that is what the place is for."""

import base64
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
import psutil

from catalog import Catalog
from catalog.secret import SecretKind
from ops.cluster import Object, objects
from ops.secret_rows import FoundRow
from ops.secret_search import Search, files
from ops.secret_store import Definition
from rehearsal import Account

_DRAWN = re.compile(r"[\w+/=-]{24,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*", re.ASCII)
"""What a value looks like that somebody drew: no address, no name of a host, no certificate."""
_DISK = r"machines/disks/\w+/"
_K3S = rf"{_DISK}(upper/etc|volumes)/rancher/k3s/"
HELD: Final[Mapping[str, str]] = {
    r"account/(api-key|ssh-key)": "what the rehearsed Lambda Cloud gave to its customer",
    r"account/object-storage/accounts\.json": "what the object storage knows its customers by",
    r"account/authority/(key|knot\.conf)": "what the authority of the zone knows its key by",
    r"account/vercel/(token|ca-key\.pem)": "what the rehearsed Vercel gave to its customer, and signs with",
    rf"{_K3S}(server/)?(agent-)?token": "K3s' own files of its tokens",
    rf"{_K3S}server/cred/passwd": "K3s' own file of its tokens",
    rf"{_K3S}agent/containerd/io\.containerd\.metadata\.v1\.bolt/meta\.db": (
        "containerd keeps what it starts a container with, its variables too"
    ),
}
"""By the path under the home of the rehearsals, what is made to hold secrets, and what it is; root alone reads it."""
_IMAGES = "/io.containerd.content.v1.content/"
"""Where containerd keeps images as they were made, before there was a secret."""


def values(kept: Definition, facts: Catalog, cluster: httpx.Client) -> Mapping[str, str]:
    """Return what is looked for: what Pulumi ESC gives, and what was drawn for Secrets of the cluster.

    Args:
        kept: what Pulumi ESC has.
        facts: say what of it is no secret by itself.
        cluster: speaks to the API server.

    Raises:
        httpx.HTTPError: it does not answer, or refuses.
    """
    accounts = {name for name, one in facts.secrets.items() if one.kind == SecretKind.IDENTIFIER}
    found = {name: one for name, one in kept.values.items() if name not in accounts and _DRAWN.fullmatch(one)}
    for secret in objects(cluster, "/api/v1/secrets"):
        where = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
        for key, value in (secret.get("data") or {}).items():
            text = base64.b64decode(value).decode("utf-8", "replace").strip()
            if _DRAWN.fullmatch(text) and text not in found.values():
                found[f"{where} {key}"] = text
    return found


def look(search: Search, account: Account, cluster: httpx.Client, others: Iterable[Path]) -> None:
    """Look at everything that a rehearsal leaves: files, objects of its cluster, processes' arguments.

    Args:
        search: looks.
        account: of the rehearsals of one home.
        cluster: speaks to the API server.
        others: folders beside that home; a file there that is older than the account holds none of its secrets.

    Raises:
        httpx.HTTPError: the API server does not answer, or refuses.
    """
    born = min(file.stat().st_ctime for file in account.folder.path.iterdir() if file.is_file())
    for file in files(account.home):
        place = str(file.relative_to(account.home))
        # The root of a machine is what its disk holds, seen once more.
        if _IMAGES not in place and not re.match(rf"{_DISK}(root|base|work)/", place):
            search.look_at_file(_kind(place), file, place)
    for folder in others:
        for file in files(folder, since=born):
            if ".venv" not in file.parts:
                search.look_at_file("caches", file, str(file))
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        search.look("processes", f"process {process.pid}", "\0".join(words).encode())
    for path, one in _objects(cluster):
        name = "/".join(filter(None, (one["metadata"].get("namespace"), one["metadata"].get("name"))))
        search.look("objects", f"{path} {name}", json.dumps(one, ensure_ascii=False).encode())


def explained(row: FoundRow, home: Path) -> FoundRow:
    """Return the same with what the place is, where it is made to hold secrets and root alone reads it there.

    Args:
        row: what was found.
        home: the folder of the rehearsals.
    """
    why = next((why for pattern, why in HELD.items() if re.fullmatch(pattern, row.place)), "")
    return row if why and _readable(home, row.place) else row.model_copy(update={"why": why})


def _readable(home: Path, place: str) -> bool:
    """Return whether anyone may read a file on its machine, whose own root the folders above do not close."""
    disk = re.match(rf"{_DISK}\w+/", place)
    top = home / (disk[0] if disk else "")
    file = home / place
    inside = [folder for folder in file.parents if top in folder.parents]
    return bool(file.stat().st_mode & stat.S_IROTH) and all(one.stat().st_mode & stat.S_IXOTH for one in inside)


def _kind(place: str) -> str:
    if place.startswith("pulumi/"):
        return "states"
    if re.search(r"/logs?/|\.log\b", place):
        return "logs"
    return "disks" if place.startswith("machines/disks/") else "files"


def _objects(cluster: httpx.Client) -> Iterator[tuple[str, Object]]:
    """Yield the objects of every kind but Secret, each with the path of its kind."""
    groups = cluster.get("/apis").raise_for_status().json()["groups"]
    for version in ("/api/v1", *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in groups)):
        for kind in cluster.get(version).raise_for_status().json()["resources"]:
            path = f"{version}/{kind['name']}"
            if "list" in kind["verbs"] and path != "/api/v1/secrets":
                yield from ((path, one) for one in objects(cluster, path))
