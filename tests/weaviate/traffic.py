"""Readers and writers that work while a collection is migrated, and remember what they were promised."""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.weaviate.server import Server

DIMENSIONS = 64
BATCH = 500
PAUSE_SECONDS = 0.02
HELD_BACK_SECONDS = 60
"""A fence that stays closed for longer is an error."""


def vector(chance: random.Random) -> list[float]:
    return [chance.random() for _ in range(DIMENSIONS)]


def fill(server: Server, name: str, count: int) -> list[str]:
    """Write objects with given vectors, and return their ids."""
    chance = random.Random(1)  # noqa: S311 - the same objects every time
    ids: list[str] = []
    for start in range(0, count, BATCH):
        objects = [
            {
                "class": name,
                "id": str(uuid.UUID(int=chance.getrandbits(128))),
                "properties": {"content": f"text {number}", "size": number},
                "vectors": {"default": vector(chance)},
            }
            for number in range(start, min(start + BATCH, count))
        ]
        answers = server.http.post("/batch/objects", json={"objects": objects}).raise_for_status().json()
        assert all(one["result"]["status"] == "SUCCESS" for one in answers)
        ids += [str(one["id"]) for one in objects]
    return ids


class Traffic:
    """Clients of one collection, each with a key of its own role.

    Args:
        server: the server.
        name: the collection's name, an alias.
        key: a key that may read and write.
        ids: what is there at first.
    """

    def __init__(self, server: Server, name: str, key: str, ids: list[str]) -> None:
        self._server = server
        self._name = name
        self._key = key
        self._ids = ids
        self._ended = threading.Event()
        self.errors: list[str] = []
        self.reads = 0
        self.writes = 0
        self.held_back = 0
        self.promised: dict[str, str | None] = {}
        """What each object that was written must hold; none of one that was deleted."""

    @contextmanager
    def flowing(self, *, readers: int, writers: int) -> Iterator[None]:
        """Let them work until the end of the block."""
        threads = [threading.Thread(target=self._read, args=(number,)) for number in range(readers)]
        threads += [threading.Thread(target=self._write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _read(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - no secret
        http = self._server.client(self._key)
        while not self._ended.is_set():
            near = f"{{vector: {vector(chance)}}}"
            query = f"{{Get{{{self._name}(limit: 3, nearVector: {near}){{content}}}}}}"
            self._judge(http.post("/graphql", json={"query": query}), "search")
            self._judge(http.get(f"/objects/{self._name}/{chance.choice(self._ids)}"), "get")
            self.reads += 2
            time.sleep(PAUSE_SECONDS)

    def _judge(self, answer: httpx.Response, what: str) -> None:
        if answer.status_code != httpx.codes.OK or (what == "search" and answer.json().get("errors")):
            self.errors.append(f"{what}: {answer.status_code} {answer.text[:200]}")

    def _write(self, number: int) -> None:
        chance = random.Random(1000 + number)  # noqa: S311 - no secret
        http = self._server.client(self._key)
        mine: list[str] = []
        while not self._ended.is_set():
            kind = chance.choice(["new", "new", "change", "delete"]) if mine else "new"
            one = str(uuid.UUID(int=chance.getrandbits(128))) if kind == "new" else chance.choice(mine)
            content = None if kind == "delete" else f"{kind} {chance.random()}"
            self._promise(http, kind, one, content, vector(chance))
            if kind == "new":
                mine.append(one)
            elif kind == "delete":
                mine.remove(one)
            self.writes += 1
            time.sleep(PAUSE_SECONDS)

    def _promise(self, http: httpx.Client, kind: str, one: str, content: str | None, near: list[float]) -> None:
        path = f"/objects/{self._name}/{one}"
        properties = {"content": content, "size": 1}
        new: dict[str, Any] = {"class": self._name, "id": one, "properties": properties, "vectors": {"default": near}}
        ends = time.monotonic() + HELD_BACK_SECONDS
        while True:
            if kind == "new":
                answer = http.post("/batch/objects", json={"objects": [new]})
            elif kind == "change":
                answer = http.patch(path, json={"class": self._name, "properties": {"content": content}})
            else:
                answer = http.delete(path)
            if answer.status_code != httpx.codes.FORBIDDEN or time.monotonic() > ends:
                break
            self.held_back += 1  # the fence: a client tries again
            time.sleep(0.1)
        stored = kind != "new" or (answer.is_success and answer.json()[0]["result"]["status"] == "SUCCESS")
        if answer.is_success and stored:
            self.promised[one] = content
        else:
            self.errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")

    def broken(self) -> list[str]:
        """Return which promises are not kept now."""
        found = []
        for one, content in self.promised.items():
            answer = self._server.http.get(f"/objects/{self._name}/{one}")
            there = answer.json()["properties"]["content"] if answer.is_success else None
            if there != content:
                found.append(f"{one}: {there!r} and not {content!r}")
        return found
