"""Objects over gRPC: what the server makes of them, how they are divided, and what is said where it does not answer."""

import asyncio
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from providers.weaviate import bulk
from providers.weaviate.bulk import Bulk, packed
from providers.weaviate.config import WeaviateConfig, bulk_address
from providers.weaviate.errors import NO_ANSWER, ApiError
from tests.provided import Provided
from tests.weaviate.conftest import FOLDER
from tests.weaviate.server import Server, free_ports

ID = "00000000-0000-4000-8000-{:012d}"
NAME = "weaviate.proto"
EVERY: dict[str, tuple[str, Any]] = {
    "words": ("text", "zwei Wörter"),
    "list": ("text[]", ["a", "b"]),
    "none": ("text[]", []),
    "count": ("int", 2**53),
    "counts": ("int[]", [1, -2]),
    "ratio": ("number", 0.1),
    "ratios": ("number[]", [0.1, 1e300]),
    "right": ("boolean", True),
    "rights": ("boolean[]", [True, False]),
    "day": ("date", "2026-11-29T18:51:24.123456789Z"),
    "days": ("date[]", ["2026-11-29T18:51:24.123456789Z"]),
    "key": ("uuid", "7f5c3f0e-4b0a-4c57-9d2f-0a1b2c3d4e5f"),
    "content": ("blob", "aGVsbG8="),
    "place": ("geoCoordinates", {"latitude": 52.5, "longitude": 13.25}),
    "telephone": ("phoneNumber", {"input": "+49 30 901820"}),
}


def test_the_committed_modules_are_what_the_declaration_gives(tmp_path: Path):
    told = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", NAME]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{FOLDER}", *told], check=True, timeout=60)
    for name in ("weaviate_pb2.py", "weaviate_pb2.pyi"):
        assert (FOLDER / name).read_text() == (tmp_path / name).read_text(), f"run what {NAME} says"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ({"url": "name.weaviate.cloud"}, "https://grpc-name.weaviate.cloud:443"),
        ({"url": "https://store.example"}, "https://store.example:50051"),
        ({"url": "http://127.0.0.1:8080"}, "http://127.0.0.1:50051"),
        ({"url": "http://[::1]:8080"}, "http://[::1]:50051"),
        ({"url": "https://store.example", "grpc_url": "bulk.example"}, "https://bulk.example:443"),
    ],
)
def test_where_it_is_follows_from_where_the_server_is(told: dict[str, str], address: str):
    assert bulk_address(WeaviateConfig(**told)) == address


def test_a_certificate_that_is_none_says_so():
    with pytest.raises(ValidationError, match="this is no certificate in PEM"):
        WeaviateConfig(url="https://store.example", ca_certificate="schlüssel")


def test_objects_are_divided_by_their_size(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk, "LARGEST", 1_000)
    objects = [{"id": ID.format(n), "class": "M", "properties": {"a": "x" * 400}} for n in range(5)]
    objects.append({"id": ID.format(5), "class": "M", "properties": {"a": "x" * 5_000}})
    divided = []
    while objects:
        request = bulk._request(objects)  # noqa: SLF001
        divided.append([one.uuid[-1] for one in request.objects])
        del objects[: len(request.objects)]
    assert divided == [["0", "1"], ["2", "3"], ["4"], ["5"]]


def test_a_server_that_does_not_answer_is_named_and_the_key_is_not():
    key = secrets.token_hex(16)
    address = f"http://127.0.0.1:{free_ports(1)[0]}"

    async def ask() -> None:
        one = Bulk(address, api_key=key, ca_certificate=None)
        try:
            await one.vectors("Memory", ["default"], None, "", 1)
        finally:
            await one.close()

    with pytest.raises(ApiError) as error:
        asyncio.run(ask())
    assert error.value.status == NO_ANSWER
    assert f"gRPC Search at {address}: " in str(error.value)
    assert "WEAVIATE_GRPC_URL" in str(error.value)
    assert key not in repr(error.value)


@pytest.mark.engine
def test_the_server_makes_of_an_object_what_it_makes_of_the_same_in_json(provided: Provided, server: Server):
    properties = [{"name": name, "dataType": kind} for name, (kind, _) in EVERY.items()]
    nested = [{"name": "inner", "dataType": "text[]"}, {"name": "size", "dataType": "int"}]
    one = {"inner": ["a"], "size": 3}
    provided.create({"name": "Other", "properties": [{"name": "a", "dataType": "text"}]})
    provided.create(
        {
            "name": "Memory",
            "properties": [
                *properties,
                {"name": "object", "dataType": "object", "nestedProperties": nested},
                {"name": "objects", "dataType": "object[]", "nestedProperties": nested},
                {"name": "others", "dataType": "Other"},
            ],
            "vectors": {"default": {}, "many": {"hnsw": {"multivector": {}}}},
        }
    )
    values = {name: value for name, (_, value) in EVERY.items()} | {
        "object": one,
        "objects": [one, {"size": 4}],
        "others": [{"beacon": f"weaviate://localhost/Other/{ID.format(9)}"}],
    }
    vectors: dict[str, list[Any]] = {"default": [0.1, 0.2], "many": [[0.1, 0.2], [0.3, 0.4]]}
    body = {"class": "Memory", "id": ID.format(1), "properties": values, "vectors": vectors}
    other = {"class": "Other", "id": ID.format(9), "properties": {"a": "b"}}
    for told in (other, body):
        made = server.http.post("/objects", json=told)
        assert made.is_success, made.text
    raw = {name: packed(value) for name, value in vectors.items()}

    async def write() -> tuple[Any, Any]:
        bulk_api = Bulk(f"http://127.0.0.1:{server.grpc_port}", api_key=server.key, ca_certificate=None)
        _, refused = await bulk_api.write([body | {"id": ID.format(2), "vectors": raw}])
        found = await bulk_api.vectors("Memory", ["default", "many"], None, ID.format(0), 10)
        await bulk_api.close()
        return refused, found

    refused, found = asyncio.run(write())
    assert refused == []
    written, sent = (
        server.http.get(f"/objects/Memory/{ID.format(n)}?include=vector").raise_for_status().json() for n in (1, 2)
    )
    assert (sent["properties"], sent["vectors"]) == (written["properties"], written["vectors"])
    assert set(found) == {ID.format(1), ID.format(2)}
    for at, stored in found.values():
        assert at in {written["lastUpdateTimeUnix"], sent["lastUpdateTimeUnix"]}
        assert {name: one.vector_bytes for name, one in stored.items()} == {
            name: one.vector_bytes for name, one in raw.items()
        }
