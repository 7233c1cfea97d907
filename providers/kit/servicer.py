"""The engine's protocol.

The SDK's own server (``pulumi.provider.experimental``) is not used: it shows the user "Unexpected <class ...>" and,
from 3.260 on, tracebacks, which may hold secrets; it logs both; and it drops the recorded inputs that a diff and an
update are given.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from providers.kit.checking import Checked
from providers.kit.engine import Engine
from providers.kit.errors import ProviderError
from providers.kit.lifecycle import Differences, Lifecycle, Record
from providers.kit.operation import CANCELLED, SAYING, Operation
from providers.kit.provider import Kind, Provider
from providers.kit.redaction import place
from providers.kit.resource import Difference
from providers.kit.schema import schema
from providers.kit.session import Session
from providers.kit.shape import Shape
from providers.kit.values import Values, decode, encode

_LONGEST: Final = 4000
"""Characters of a message: gRPC carries it in a header, and refuses long ones."""

_DOING: Final = {
    "GetSchema": "describing",
    "CheckConfig": "checking the configuration of",
    "Configure": "configuring",
    "Check": "checking",
    "Diff": "comparing",
    "Create": "creating",
    "Read": "reading",
    "Update": "updating",
    "Delete": "deleting",
}

_Method = Callable[["Servicer", Any], Awaitable[Any]]
_Handler = Callable[["Servicer", Any, Any], Awaitable[Any]]


def _answering(method: _Method) -> _Handler:
    """Make a method of the protocol that answers, or fails with one line that says what is wrong.

    The work goes on when the engine has gone: an answer on its way from an API must not be thrown away half-way.
    """

    @functools.wraps(method)
    async def handler(self: "Servicer", request: Any, context: Any) -> Any:
        task = asyncio.ensure_future(self.answer(method, request))
        response, text = await asyncio.shield(task)
        if text:
            await context.abort(grpc.StatusCode.UNKNOWN, text)
        return response

    return handler


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one provider; the methods in capitals are the protocol's.

    Args:
        provider: what is served.
        engine: address of the engine; none where nobody is told how far an operation has come.
    """

    def __init__(self, provider: Provider, engine: str | None = None) -> None:
        super().__init__()
        self.session = Session(provider)
        self._engine = Engine(engine, self.session.redaction)
        self._provider = provider
        self._running: set[asyncio.Task[Any]] = set()

    async def answer(self, method: _Method, request: Any) -> tuple[Any, str]:
        """Return a method's answer, or what to tell the user instead."""
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        CANCELLED.set(self.session.cancelled)
        SAYING.set(self._engine.say)
        try:
            return await method(self, request), ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line
            return None, self.session.redaction(self._told(error, method.__name__, request))[:_LONGEST]

    async def finish(self, seconds: float) -> None:
        """End: what runs may come to its end, waits do not, and the client is closed.

        Args:
            seconds: how long what runs may still take.
        """
        self.session.cancelled.set()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        await self.session.close()
        await self._engine.close()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the protocol's
        """Answer with the version."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the protocol's
        """Leave it to the engine, which then compares for itself and replaces no provider."""
        return provider_pb2.DiffResponse()

    async def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the protocol's
        """End all waits; it comes at the end of every run too."""
        self.session.cancelled.set()
        return empty_pb2.Empty()

    @_answering
    async def GetSchema(self, request: Any) -> Any:  # noqa: ARG002, N802 - the protocol's
        """Answer with the package's schema."""
        return provider_pb2.GetSchemaResponse(schema=schema(self._provider))

    @_answering
    async def CheckConfig(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Answer with all that is wrong with the configuration."""
        given = self._decoded(request.news, self._provider.settings)
        return self._checked(self.session.check(given), self.session.recorded(given))

    @_answering
    async def Configure(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Open the client."""
        await self.session.configure(self._decoded(request.args, self._provider.settings))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_answering
    async def Check(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Answer with all that is wrong with a resource's inputs."""
        life = self._life(request)
        checked = life.check(self._decoded(request.news, life.kind.inputs))
        return self._checked(checked, checked.values)

    @_answering
    async def Diff(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Answer with what differs."""
        life = self._life(request)
        record = self._record(life, request.olds, request.old_inputs)
        wanted = self._decoded(request.news, life.kind.inputs)
        return _diff(life.kind, life.differences(record, wanted, request.ignoreChanges))

    @_answering
    async def Create(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Make a resource."""
        life = self._life(request)
        given = self._decoded(request.properties, life.kind.inputs)
        resource_id, outputs = await life.create(given, preview=request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=self._encoded(outputs))

    @_answering
    async def Read(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Answer with what exists."""
        life = self._life(request)
        found = await life.read(request.id, self._record(life, request.properties, request.inputs))
        if found is None:
            return provider_pb2.ReadResponse(properties=struct_pb2.Struct(), inputs=struct_pb2.Struct())
        outputs, inputs = (self._encoded(values) for values in found)
        return provider_pb2.ReadResponse(id=request.id, properties=outputs, inputs=inputs)

    @_answering
    async def Update(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Change a resource in place."""
        life = self._life(request)
        record = self._record(life, request.olds, request.old_inputs)
        given = self._decoded(request.news, life.kind.inputs)
        outputs = await life.update(request.id, record, given, request.ignoreChanges, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=self._encoded(outputs))

    @_answering
    async def Delete(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        """Remove a resource."""
        life = self._life(request)
        await life.delete(request.id, self._record(life, request.properties, request.old_inputs))
        return empty_pb2.Empty()

    def _life(self, request: Any) -> Lifecycle:
        return Lifecycle(self.session, Operation(request.urn, getattr(request, "timeout", 0) or None))

    def _record(self, life: Lifecycle, outputs: struct_pb2.Struct, inputs: struct_pb2.Struct) -> Record:
        return Record(self._decoded(outputs, life.kind.outputs), self._decoded(inputs, life.kind.inputs))

    def _decoded(self, struct: struct_pb2.Struct, shape: Shape) -> Values:
        values = decode(struct)
        self.session.redaction.learn(values, shape)
        return values

    def _encoded(self, values: Values) -> struct_pb2.Struct:
        self.session.redaction.learn(values)
        return encode(values)

    def _checked(self, checked: Checked, values: Values) -> Any:
        redact = self.session.redaction
        failures = [
            provider_pb2.CheckFailure(property=one.property, reason=redact(one.reason)) for one in checked.failures
        ]
        return provider_pb2.CheckResponse(inputs=encode(values), failures=failures)

    def _told(self, error: Exception, method: str, request: Any) -> str:
        told = [*_told(error)]
        if told:
            return "; ".join(told)
        subject = getattr(request, "urn", "").rpartition("::")[2] or "the provider"
        return f"{self._provider.name}: internal error while {_DOING[method]} {subject}: {place(error)}; report it"


def _told(error: BaseException) -> Iterator[str]:
    """Give what the user is to be told: the texts of our own errors, those in groups too."""
    if isinstance(error, ProviderError):
        yield str(error)
    elif isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _told(one)


def _diff(kind: Kind, differences: Differences) -> Any:
    final = differences.final
    wires = kind.inputs.wires
    replaced = sorted({wires.get(one.field, one.field) for one in final if one.replace})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if final else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted(differences.changed),
        replaces=replaced,
        # Also where we see no replacement: the engine may have been asked for one by name.
        deleteBeforeReplace=kind.resource.delete_before_replace,
        stables=[] if replaced or differences.uncertain else kind.stable(differences.changed),
        detailedDiff={one.path: provider_pb2.PropertyDiff(kind=_wire_kind(one)) for one in final},
        hasDetailedDiff=True,
    )


def _wire_kind(one: Difference) -> Any:
    name = f"{one.kind.upper()}_REPLACE" if one.replace else one.kind.upper()
    return provider_pb2.PropertyDiff.Kind.Value(name)
