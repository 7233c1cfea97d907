"""The server's gRPC API, for many objects at once: it has vectors as bytes, where the REST API has them as text.

Source: Weaviate 1.39.0, `grpc/proto/v1`, `adapters/handlers/grpc/v1` and `usecases/byteops`.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import grpc
from google.protobuf.struct_pb2 import Struct

from providers.weaviate.errors import FORBIDDEN, NO_ANSWER, TOO_MANY_REQUESTS, UNAUTHORIZED, UNPROCESSABLE, ApiError
from providers.weaviate.weaviate_pb2 import (
    BatchObject,
    BatchObjectsReply,
    BatchObjectsRequest,
    MetadataRequest,
    PropertiesRequest,
    SearchReply,
    SearchRequest,
    Vectors,
)

Json = Mapping[str, Any]

CONNECT_SECONDS: Final = 10.0
TIMEOUT_SECONDS: Final = 60.0
LARGEST: Final = 32 * 1024**2
"""Bytes of one request: a third of what a server takes unless told otherwise (`GRPC_MAX_MESSAGE_SIZE`)."""
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A server that restarts is found again soon; the library would wait up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
_STATUS: Final = {
    grpc.StatusCode.UNAVAILABLE: NO_ANSWER,
    grpc.StatusCode.DEADLINE_EXCEEDED: NO_ANSWER,
    grpc.StatusCode.CANCELLED: NO_ANSWER,
    grpc.StatusCode.INTERNAL: NO_ANSWER,
    grpc.StatusCode.RESOURCE_EXHAUSTED: TOO_MANY_REQUESTS,
    grpc.StatusCode.UNAUTHENTICATED: UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: FORBIDDEN,
}
_LONGEST: Final = 300


class Bulk:
    """The gRPC API of one server, connected to when it is first asked.

    Args:
        address: scheme, host and port.
        api_key: sent as a bearer token, over a connection that is encrypted or stays on this machine.
        ca_certificate: of the authorities that check an https address, in PEM.
    """

    def __init__(self, address: str, *, api_key: str | None, ca_certificate: str | None) -> None:
        self._address = address
        self._headers = (("authorization", f"Bearer {api_key}"),) if api_key else ()
        self._ca_certificate = ca_certificate.encode() if ca_certificate else None
        self._channel: grpc.aio.Channel | None = None

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()

    async def reached(self) -> None:
        """Connect.

        Raises:
            ApiError: nobody answers in time.
        """
        try:
            await asyncio.wait_for(self._connected().channel_ready(), CONNECT_SECONDS)
        except TimeoutError:
            request = f"gRPC at {self._address}"
            raise ApiError(request, NO_ANSWER, f"no answer in {CONNECT_SECONDS:.0f} s") from None

    async def vectors(
        self, collection: str, names: Sequence[str], tenant: str | None, after: str, limit: int
    ) -> Mapping[str, tuple[int, Mapping[str, Vectors]]]:
        """Return objects' vectors by the objects' ids, in order, each with when the object was written.

        Args:
            collection: its name.
            names: of the vectors; empty for the one without a name.
            tenant: whose objects.
            after: the id before the first.
            limit: how many objects.

        Raises:
            ApiError: the server refuses or does not answer.
        """
        named = [name for name in names if name]
        request = SearchRequest(
            collection=collection,
            tenant=tenant or "",
            properties=PropertiesRequest(),
            metadata=MetadataRequest(uuid=True, last_update_time_unix=True, vector="" in names, vectors=named),
            limit=limit,
            after=after,
            uses_127_api=True,
        )
        answer = await self._ask("Search", request, SearchReply.FromString)
        return {
            one.metadata.id: (
                one.metadata.last_update_time_unix,
                {vector.name: vector for vector in one.metadata.vectors}
                | ({"": Vectors(vector_bytes=one.metadata.vector_bytes)} if one.metadata.vector_bytes else {}),
            )
            for one in answer.results
        }

    async def write(self, objects: Sequence[Json]) -> tuple[int, Sequence[str]]:
        """Write as many objects as one request holds; return how many, and why those that were not stored were not.

        Args:
            objects: as the REST API has them, with `Vectors` in place of lists of numbers; one at least.

        Raises:
            ApiError: the server refuses or does not answer; some of them may be stored.
        """
        request = _request(objects)
        answer = await self._ask("BatchObjects", request, BatchObjectsReply.FromString)
        return len(request.objects), [one.error for one in answer.errors]

    async def _ask(self, method: str, request: Any, answer: Callable[[bytes], Any]) -> Any:
        call: Callable[..., Awaitable[Any]] = self._connected().unary_unary(
            f"/weaviate.v1.Weaviate/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer,
        )
        try:
            return await call(request, metadata=self._headers, timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            status = _STATUS.get(error.code(), UNPROCESSABLE)
            said = " ".join((error.details() or error.code().name).split())[:_LONGEST]
            asked = f"gRPC {method} at {self._address}"
            raise ApiError(asked, status, said) from None

    def _connected(self) -> grpc.aio.Channel:
        if self._channel is None:
            scheme, _, place = self._address.partition("://")
            if scheme == "https":
                checked = grpc.ssl_channel_credentials(root_certificates=self._ca_certificate)
                self._channel = grpc.aio.secure_channel(place, checked, options=_OPTIONS)
            else:
                self._channel = grpc.aio.insecure_channel(place, options=_OPTIONS)
        return self._channel


def packed(value: Sequence[Any]) -> Vectors:
    """Return a vector, or a list of such, as bytes.

    >>> packed([1.0]).vector_bytes.hex(), packed([[1.0], [0.5]]).vector_bytes.hex()
    ('0000803f', '01000000803f0000003f')
    """
    if value and isinstance(value[0], list):
        numbers = [*chain.from_iterable(value)]
        content = struct.pack(f"<H{len(numbers)}f", len(value[0]), *numbers)
        return Vectors(vector_bytes=content, type=Vectors.VECTOR_TYPE_MULTI_FP32)
    return Vectors(vector_bytes=struct.pack(f"<{len(value)}f", *value), type=Vectors.VECTOR_TYPE_SINGLE_FP32)


def _request(objects: Sequence[Json]) -> BatchObjectsRequest:
    """Return a request for the first of some objects, no larger than may be unless one object is."""
    some: list[BatchObject] = []
    size = 0
    for made in map(_object, objects):
        size += made.ByteSize()
        if some and size > LARGEST:
            break
        some.append(made)
    return BatchObjectsRequest(objects=some)


def _object(one: Json) -> BatchObject:
    # The server makes of these what it makes of the same values in JSON, lists and objects among them.
    properties = Struct()
    properties.update(one["properties"])
    return BatchObject(
        uuid=one["id"],
        collection=one["class"],
        tenant=one.get("tenant", ""),
        properties=BatchObject.Properties(non_ref_properties=properties),
        vector_bytes=one["vector"].vector_bytes if "vector" in one else b"",
        vectors=[
            Vectors(name=name, vector_bytes=value.vector_bytes, type=value.type)
            for name, value in one.get("vectors", {}).items()
        ],
    )
