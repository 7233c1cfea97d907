"""A mock resource monitor that records what the engine would be told."""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from typing_extensions import override

from render.graph import SECRET, UNKNOWN, Resource

_DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
_STACK_TYPE = "pulumi:pulumi:Stack"

ROOT = Path(__file__).resolve().parent.parent
"""Root of the checkout whose program is rendered."""


class DuplicateUrnError(ValueError):
    """Two resources would have the same identity; stock mocks accept that, the engine does not."""


class Recorder(mocks.Mocks):
    """Answers every registration with its own inputs, as a provider in preview does."""

    @override
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", args.inputs

    @override
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        msg = f"the program calls {args.token}: a render has no provider to ask; pass the value as an input"
        raise NotImplementedError(msg)


class Monitor(mocks.MockMonitor):
    """Records parents, options and secrets of every resource, and refuses duplicate URNs.

    Args:
        project: name of the project.
        stack: name of the stack.
    """

    def __init__(self, project: str, stack: str) -> None:
        super().__init__(Recorder())
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._root = f"{self._prefix}{_STACK_TYPE}::{project}-{stack}"
        self._lock = threading.Lock()
        self.recorded: dict[str, Resource] = {}
        self.outputs: Mapping[str, Any] = {}

    @override
    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN the engine would give: the stock one forgets all ancestors but the parent."""
        qualified = "" if parent in ("", self._root) else parent.split("::")[2] + "$"
        return f"{self._prefix}{qualified}{type_}::{name}"

    @override
    def RegisterResource(self, request: Any) -> Any:
        """Record the request and answer with its inputs."""
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._root)
        resource = self._resource(request)
        with self._lock:
            if resource.urn in self.recorded:
                msg = f"{resource.urn} is registered twice; give one of the two another logical name"
                raise DuplicateUrnError(msg)
            self.recorded[resource.urn] = resource
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK's mocks are not annotated

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Record the stack's exports."""
        if request.urn == self._root:
            self.outputs = plain(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # as above

    def _resource(self, request: Any) -> Resource:
        parent = "" if request.parent == self._root else request.parent
        return Resource(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=parent,
            provider=request.provider.rsplit("::", 1)[0],
            inputs=_readable(request.type, plain(request.object)),
            dependencies=tuple(sorted(request.dependencies)),
            options=_options(request),
            position=_position(request),
        )


def _position(request: Any) -> str:
    """Return where a resource is registered, in the checkout that is rendered."""
    path = Path(request.sourcePosition.uri.removeprefix("file://"))
    return f"{path.relative_to(ROOT)}:{request.sourcePosition.line}" if path.is_relative_to(ROOT) else ""


def _readable(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs as people review them: of a definition of resources, versions by digest, for they fill pages."""
    if kind != _DEFINITION or not isinstance(inputs.get("spec"), dict):
        return inputs
    spec = inputs["spec"]
    digest = hashlib.sha256(json.dumps(spec.get("versions"), sort_keys=True).encode()).hexdigest()
    return {**inputs, "spec": {**spec, "versions": f"sha256:{digest}"}}


def _options(request: Any) -> dict[str, Any]:
    options = {
        "protect": request.protect,
        "retain_on_delete": request.retainOnDelete,
        "import_id": request.importId,
        "delete_before_replace": request.deleteBeforeReplace,
        "deleted_with": request.deletedWith,
        "ignore_changes": sorted(request.ignoreChanges),
        "replace_on_changes": sorted(request.replaceOnChanges),
        "additional_secret_outputs": sorted(request.additionalSecretOutputs),
        "aliases": sorted(alias.urn or alias.spec.name or alias.spec.type for alias in request.aliases),
        "custom_timeouts": {
            act: seconds for act in ("create", "update", "delete") if (seconds := getattr(request.customTimeouts, act))
        },
    }
    return {key: value for key, value in options.items() if value}


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a property struct as plain data, with markers where secrets and unknowns stood."""
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _struct(value.struct_value)
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _struct(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[rpc._special_sig_key].string_value if rpc._special_sig_key in struct.fields else ""  # noqa: SLF001 - the SDK names the wire constants here and nowhere public
    if signature == rpc._special_secret_sig:  # noqa: SLF001 - as above
        return SECRET
    if signature == rpc._special_resource_sig:  # noqa: SLF001 - as above
        return struct.fields["urn"].string_value
    return plain(struct)
