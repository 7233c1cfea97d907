"""Weaviate: each collection's declaration and its objects with their vectors, over REST (Weaviate 1.39)."""

import http.client
import json
import os
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backup.service import BackupError, Checksums, Service, checksum, reached

_SECONDS = 120.0
_PAGE = 200
_PREFIX = "RestoreDrill_"
"""How the names of collections begin that a dump is tried out in."""
_KEPT = ("id", "class", "properties", "vector", "vectors")
"""What is an object's own, beside when it was made and changed here."""
_SCHEMA = "schema.json"

_Json = dict[str, Any]


class Weaviate(Service):
    """The collections of one server: WEAVIATE_URL and WEAVIATE_API_KEY say which."""

    def __init__(self) -> None:
        place = urllib.parse.urlsplit(os.environ["WEAVIATE_URL"])
        port = place.port or {"http": 80, "https": 443}[place.scheme]
        try:
            reached(lambda: socket.create_connection((place.hostname or "", port), timeout=_SECONDS)).close()
        except OSError as error:
            message = f"{place.hostname}:{port} does not answer ({error}); see that the server runs"
            raise BackupError(message) from None

    def dump(self, folder: Path) -> Checksums:
        """Write the declarations, and a file of objects for each collection."""
        classes = [one for one in _call("GET", "/schema")["classes"] if not one["class"].startswith(_PREFIX)]
        tenants = [one["class"] for one in classes if (one.get("multiTenancyConfig") or {}).get("enabled")]
        if tenants:
            message = f"{', '.join(tenants)}: collections with tenants are not backed up; use the server's own backups"
            raise BackupError(message)
        kept = {"classes": classes, "aliases": _call("GET", "/aliases")["aliases"]}
        (folder / _SCHEMA).write_text(json.dumps(kept), encoding="utf-8")
        found = {}
        for name in (one["class"] for one in classes):
            with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
                found[name] = checksum(_written(_objects(name), file))
            _require_all(name, int(found[name].partition(":")[0]))
        return found

    def try_out(self, folder: Path) -> Checksums:
        """Load each collection under another name, one after the other, and remove it."""
        found = {}
        for left in _call("GET", "/schema")["classes"]:
            if left["class"].startswith(_PREFIX):
                _call("DELETE", f"/schema/{left['class']}")
        for one in _schema(folder)["classes"]:
            name, scratch = one["class"], f"{_PREFIX}{one['class']}"
            try:
                _call("POST", "/schema", {**one, "class": scratch})
                found[name] = _loaded(folder, name, scratch)
            finally:
                _call("DELETE", f"/schema/{scratch}")
        return found

    def load(self, folder: Path) -> Checksums:
        """Load each collection that is not there, or is empty, and have its alias lead there."""
        kept = _schema(folder)
        present = {one["class"] for one in _call("GET", "/schema")["classes"]}
        full = {one for one in present if any(_objects(one))}
        missing = [one for one in kept["classes"] if one["class"] not in full]
        if not missing:
            message = (
                "every collection of the backup is there and holds objects; nothing was changed: remove those first"
            )
            raise BackupError(message)
        found = {}
        for one in missing:
            name = one["class"]
            if name not in present:
                _call("POST", "/schema", one)
            try:
                found[name] = _loaded(folder, name, name)
            except BaseException:
                # Half of a collection would be taken for one that somebody uses.
                if name not in present:
                    _call("DELETE", f"/schema/{name}")
                raise
        wrong = _redirected(kept["aliases"], {*found}, full)
        for name in (one["class"] for one in kept["classes"] if one["class"] not in found):
            found[name] = checksum(map(_compared, _objects(name)))
            if found[name] != checksum(map(_compared, _read(folder, name))):
                wrong.append(f"{name} holds objects and was left as it is, which is not what was backed up")
        if wrong:
            message = (
                f"{', '.join(one['class'] for one in missing)}: restored; {'; '.join(wrong)}: see what is there, and "
                "delete what nobody needs, such as what an earlier restore left unfinished, before you restore again"
            )
            raise BackupError(message)
        return found


def _redirected(aliases: list[_Json], restored: set[str], full: set[str]) -> list[str]:
    """Have the aliases of what was restored lead there, and return what is wrong where they lead to other objects."""
    leads = {one["alias"]: one["class"] for one in _call("GET", "/aliases")["aliases"]}
    wrong = []
    for alias in aliases:
        name, there = alias["alias"], leads.get(alias["alias"])
        if there is None:
            _call("POST", "/aliases", alias)
        elif there == alias["class"] or alias["class"] not in restored:
            continue
        elif there in full:
            wrong.append(f"the alias {name} leads to {there}, which holds objects, and not to {alias['class']}")
        else:
            _call("PUT", f"/aliases/{name}", {"class": alias["class"]})
    return wrong


def _require_all(name: str, found: int) -> None:
    """Refuse what a user reads who may not read all: the server leaves out what it may not see, and says nothing."""
    if found:
        return
    answer = _call("POST", "/graphql", {"query": f"{{Aggregate{{{name}{{meta{{count}}}}}}}}"})
    if answer.get("errors") or answer["data"]["Aggregate"][name][0]["meta"]["count"]:
        message = f"{name}: its objects cannot be read, so a backup would be empty; see the roles of the user"
        raise BackupError(message)


def _schema(folder: Path) -> _Json:
    kept: _Json = json.loads((folder / _SCHEMA).read_text(encoding="utf-8"))
    return kept


def _objects(name: str) -> Iterator[_Json]:
    after = ""
    while True:
        query = {"class": name, "limit": str(_PAGE), "include": "vector", **({"after": after} if after else {})}
        page = _call("GET", f"/objects?{urllib.parse.urlencode(query)}").get("objects") or []
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


def _written(objects: Iterator[_Json], file: Any) -> Iterator[Any]:
    for one in objects:
        own = {key: one[key] for key in _KEPT if one.get(key) is not None}
        file.write(json.dumps(own) + "\n")
        yield _compared(own)


def _read(folder: Path, name: str) -> Iterator[_Json]:
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _loaded(folder: Path, name: str, into: str) -> str:
    batch: list[_Json] = []
    for one in _read(folder, name):
        batch.append({**one, "class": into})
        if len(batch) == _PAGE:
            _write(batch)
            batch = []
    _write(batch)
    return checksum(_compared(one) for one in _objects(into))


def _write(batch: list[_Json]) -> None:
    if not batch:
        return
    for one in _call("POST", "/batch/objects", {"objects": batch}):
        errors = (one.get("result") or {}).get("errors")
        if errors:
            message = f"object {one.get('id')} was refused: {json.dumps(errors)[:300]}"
            raise BackupError(message)


def _compared(one: Mapping[str, Any]) -> Any:
    """Return an object without the name of its collection, and without what says nothing."""
    return [one["id"], one.get("properties") or {}, one.get("vector") or [], one.get("vectors") or {}]


def _call(method: str, path: str, body: Any = None) -> Any:
    url = f"{os.environ['WEAVIATE_URL'].rstrip('/')}/v1{path}"
    headers = {"Authorization": f"Bearer {os.environ['WEAVIATE_API_KEY']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - the stack's own URL
    # Past the proxy that leads to the bucket.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        message = f"{method} {path}: {error.code} {error.read()[:300].decode(errors='replace')}"
        raise BackupError(message) from None
    except (OSError, http.client.HTTPException) as error:
        message = f"{method} {path}: no answer ({error}); see that the server runs"
        raise BackupError(message) from None
    return json.loads(text) if text else {}
