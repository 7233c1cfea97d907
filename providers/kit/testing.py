"""Driving a provider as the engine does: its process, its protocol, plain Python values.

with Plugin("providers/example", {"EXAMPLE_TOKEN": token}) as plugin:
    plugin.configure({"root": "/somewhere"})
    made = plugin.create("File", {"name": "a", "content": Secret("b")})
    assert plugin.diff("File", made.id, made.outputs, {"name": "c"}).replaces == ["name"]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from providers.kit.exchange import Checked, Diff, Secret, State, bare, plain, struct
from providers.kit.values import UNKNOWN, Values, encode

__all__ = ["UNKNOWN", "Checked", "Diff", "Plugin", "PluginError", "Secret", "State"]

_START_SECONDS: Final = 60.0
_CALL_SECONDS: Final = 120.0
_END_SECONDS: Final = 30.0


class PluginError(Exception):
    """What the user of the engine would have been told."""


class Plugin:
    """The process of a provider; ``Secret`` and ``UNKNOWN`` stand in values where the engine marks them.

    Args:
        folder: the plugin's folder.
        environment: variables it sees beside the PATH; nothing of this process's environment is passed on.
        project: name of the project its resources belong to.
        stack: name of the stack.
        call_seconds: how long a call may take.

    Raises:
        PluginError: it does not start; the text is what it printed.
    """

    def __init__(
        self,
        folder: Path | str,
        environment: Mapping[str, str] | None = None,
        *,
        project: str = "sample",
        stack: str = "test",
        call_seconds: float = _CALL_SECONDS,
    ) -> None:
        self._call_seconds = call_seconds
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._logs = [tempfile.TemporaryFile("w+b") for _ in range(2)]  # noqa: SIM115 - closed when the process ends
        self._process = subprocess.Popen(
            [sys.executable, str(folder), "127.0.0.1:1"],
            env={"PATH": os.environ.get("PATH", ""), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._logs[0],
            stderr=self._logs[1],
        )
        try:
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port()}")
        except BaseException:
            self._end()
            raise
        self._stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._package: str = self.schema()["name"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def printed(self) -> str:
        """All it has printed, on both outputs."""
        logs = [log.fileno() for log in self._logs]
        return "".join(os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace") for log in logs)

    def urn(self, kind: str, name: str = "sample") -> str:
        """Return the URN of a resource of a kind, ``File`` or ``example:index:File``."""
        return f"{self._prefix}{kind if ':' in kind else f'{self._package}:index:{kind}'}::{name}"

    def schema(self) -> Mapping[str, Any]:
        """Return the package's schema."""
        document: Mapping[str, Any] = json.loads(self._call("GetSchema", provider_pb2.GetSchemaRequest()).schema)
        return document

    def check_config(self, values: Mapping[str, Any]) -> Checked:
        """Check configuration; as the engine does, without marks."""
        urn = f"{self._prefix}pulumi:providers:{self._package}::default"
        return self._checked("CheckConfig", provider_pb2.CheckRequest(urn=urn, news=encode(Values(bare(values)))))

    def configure(self, values: Mapping[str, Any] | None = None) -> None:
        """Configure the provider."""
        given = values or {}
        variables = {f"{self._package}:config:{key}": str(value) for key, value in bare(given).items()}
        self._call("Configure", provider_pb2.ConfigureRequest(args=struct(given), variables=variables))

    def check(
        self, kind: str, inputs: Mapping[str, Any], *, old: Mapping[str, Any] | None = None, name: str = "sample"
    ) -> Checked:
        """Check a resource's inputs."""
        request = provider_pb2.CheckRequest(urn=self.urn(kind, name), news=struct(inputs), olds=struct(old or {}))
        return self._checked("Check", request)

    def diff(
        self,
        kind: str,
        resource_id: str,
        outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        old_inputs: Mapping[str, Any] | None = None,
        ignore_changes: Sequence[str] = (),
        name: str = "sample",
    ) -> Diff:
        """Compare recorded outputs with wanted inputs."""
        request = provider_pb2.DiffRequest(
            id=resource_id,
            urn=self.urn(kind, name),
            olds=struct(outputs),
            news=struct(inputs),
            old_inputs=struct(old_inputs or {}),
            ignoreChanges=list(ignore_changes),
        )
        answer = self._call("Diff", request)
        kinds = provider_pb2.PropertyDiff.Kind
        details = {path: kinds.Name(one.kind).lower().replace("_", "-") for path, one in answer.detailedDiff.items()}
        changes = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Diff(changes, details, list(answer.replaces), list(answer.diffs), answer.deleteBeforeReplace)

    def create(
        self,
        kind: str,
        inputs: Mapping[str, Any],
        *,
        preview: bool = False,
        timeout: float = 0,
        name: str = "sample",
    ) -> State:
        """Make a resource."""
        request = provider_pb2.CreateRequest(
            urn=self.urn(kind, name), properties=struct(inputs), preview=preview, timeout=timeout
        )
        answer = self._call("Create", request)
        return State(answer.id, plain(answer.properties), inputs)

    def read(
        self,
        kind: str,
        resource_id: str,
        outputs: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        *,
        name: str = "sample",
    ) -> State:
        """Read a resource; without outputs and inputs it is an import."""
        request = provider_pb2.ReadRequest(
            id=resource_id, urn=self.urn(kind, name), properties=struct(outputs or {}), inputs=struct(inputs or {})
        )
        answer = self._call("Read", request)
        return State(answer.id, plain(answer.properties), plain(answer.inputs))

    def update(
        self,
        kind: str,
        resource_id: str,
        outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        old_inputs: Mapping[str, Any] | None = None,
        ignore_changes: Sequence[str] = (),
        preview: bool = False,
        timeout: float = 0,
        name: str = "sample",
    ) -> State:
        """Change a resource in place."""
        request = provider_pb2.UpdateRequest(
            id=resource_id,
            urn=self.urn(kind, name),
            olds=struct(outputs),
            news=struct(inputs),
            old_inputs=struct(old_inputs or {}),
            ignoreChanges=list(ignore_changes),
            preview=preview,
            timeout=timeout,
        )
        return State(resource_id, plain(self._call("Update", request).properties), inputs)

    def delete(
        self, kind: str, resource_id: str, outputs: Mapping[str, Any], *, timeout: float = 0, name: str = "sample"
    ) -> None:
        """Remove a resource."""
        request = provider_pb2.DeleteRequest(
            id=resource_id, urn=self.urn(kind, name), properties=struct(outputs), timeout=timeout
        )
        self._call("Delete", request)

    def cancel(self) -> None:
        """Cancel the run."""
        self._call("Cancel", empty_pb2.Empty())

    def close(self) -> None:
        """End the process."""
        self._channel.close()
        self._end()

    def _checked(self, method: str, request: Any) -> Checked:
        answer = self._call(method, request)
        failures: dict[str, str] = {}
        for one in answer.failures:
            failures[one.property] = "\n".join(filter(None, [failures.get(one.property), one.reason]))
        return Checked(plain(answer.inputs), failures)

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=self._call_seconds)
        except grpc.RpcError as error:
            raise PluginError(error.details()) from None

    def _port(self) -> int:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            line, end, _ = os.pread(self._logs[0].fileno(), 100, 0).partition(b"\n")
            if end:
                return int(line)
            time.sleep(0.005)
        raise PluginError(self.printed or "it printed nothing")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for log in self._logs:
            log.close()
