"""Asking a policy pack as the engine asks it: JSON into a Struct, an AnalyzeRequest, and what the pack answers.

Policies that are called with plain dictionaries pass tests and fail in use: the engine hands over proxies that are no
dictionaries, floats for integers, values that raise when they are touched, and secrets. So a test drives the servicer:

    analyzer = Analyzer.of([policy])
    answer = analyzer.analyze("kubernetes:core/v1:Pod", {"spec": {"hostNetwork": Secret(True), "nodeName": UNKNOWN}})
    assert [said.policy for said in answer.said] == ["no-host-network"]

It imports nothing of ours, so that it can be used for any pack in Python.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
import pulumi_policy
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

_START_SECONDS: Final = 60.0


class Unknown:
    """What stands in inputs where only a deployment will know the value."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""The one of its kind."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the engine marks as secret."""

    value: Any
    """The value."""


@dataclass(frozen=True, slots=True)
class Said:
    """One diagnostic."""

    policy: str
    """Name of the policy."""
    message: str
    """What people read."""
    level: str
    """``mandatory``, ``advisory``, ``disabled`` or ``remediate``."""
    severity: str
    """``low``, ``medium``, ``high``, ``critical`` or ``unspecified``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pack answers about one resource."""

    said: tuple[Said, ...] = ()
    """Its diagnostics, in their order."""
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    """Reasons why policies do not apply, by policy."""

    @property
    def mandatory(self) -> tuple[Said, ...]:
        """What stops the deployment."""
        return tuple(one for one in self.said if one.level == "mandatory")


class Analyzer:
    """A pack that is asked about resources.

    Args:
        servicer: what answers: an ``AnalyzerServicer`` in this process, or the stub of one in another.
        stack: name of the stack that the resources are of.
        project: name of the project.
    """

    def __init__(self, servicer: Any, *, stack: str = "test", project: str = "sample") -> None:
        self.servicer = servicer
        self._prefix = f"urn:pulumi:{stack}::{project}::"

    @classmethod
    def of(cls, policies: Sequence[pulumi_policy.Policy], *, stack: str = "test", project: str = "sample") -> Self:
        """Return one for policies of the SDK, asked by its own servicer.

        Args:
            policies: the policies.
            stack: name of the stack.
            project: name of the project.
        """
        level = pulumi_policy.EnforcementLevel.MANDATORY
        servicer = sdk._PolicyAnalyzerServicer("sample", "0.0.1", list(policies), level)  # noqa: SLF001 - the real one
        return cls(servicer, stack=stack, project=project)

    def request(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        name: str = "sample",
        options: Mapping[str, Any] | None = None,
        provider: str = "",
        parent: str = "",
    ) -> proto.AnalyzeRequest:
        """Return what the engine would send about a resource.

        Args:
            token: its type token.
            inputs: what it is given; ``Secret`` and ``UNKNOWN`` stand where the engine marks values.
            name: its logical name.
            options: its options by the engine's names, such as ``protect``.
            provider: URN of its provider.
            parent: URN of its parent.
        """
        told = dict(options or {})
        told["deleteBeforeReplaceDefined"] = "deleteBeforeReplace" in told
        request = proto.AnalyzeRequest(
            type=token,
            urn=f"{self._prefix}{token}::{name}",
            name=name,
            properties=struct(inputs),
            options=json_format.ParseDict({**told, "parent": parent}, proto.AnalyzerResourceOptions()),
        )
        if provider:
            request.provider.CopyFrom(proto.AnalyzerProviderResource(urn=provider, name=provider.rpartition("::")[2]))
        return request

    def analyze(self, token: str, inputs: Mapping[str, Any], **about: Any) -> Answer:
        """Return what the pack answers about a resource.

        Args:
            token: its type token.
            inputs: what it is given.
            about: what else ``request`` takes.
        """
        return self.ask(self.request(token, inputs, **about))

    def ask(self, request: proto.AnalyzeRequest) -> Answer:
        """Return what the pack answers to a request.

        Args:
            request: the request.
        """
        response = self.servicer.Analyze(request, None)
        return Answer(
            tuple(
                Said(
                    one.policyName,
                    one.message,
                    proto.EnforcementLevel.Name(one.enforcementLevel).lower(),
                    proto.PolicySeverity.Name(one.severity).removeprefix("POLICY_SEVERITY_").lower(),
                )
                for one in response.diagnostics
            ),
            {one.policy_name: one.reason for one in response.not_applicable},
        )

    def info(self) -> proto.AnalyzerInfo:
        """Return what the pack tells of itself."""
        info: proto.AnalyzerInfo = self.servicer.GetAnalyzerInfo(empty_pb2.Empty(), None)
        return info


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return values as the engine sends them.

    Args:
        values: plain data, with ``Secret`` and ``UNKNOWN`` in it.
    """
    return json_format.ParseDict(wire(values), struct_pb2.Struct(), max_recursion_depth=10_000)


def wire(value: Any) -> Any:
    """Return a value as JSON in the engine's form, its marks among it."""
    if isinstance(value, Secret):
        return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": wire(value.value)}
    if isinstance(value, Unknown):
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: wire(child) for key, child in value.items()}
    return [wire(child) for child in value] if isinstance(value, list | tuple) else value


class Pack:
    """The process of a pack, started as the engine starts it, with what asks it.

    Args:
        folder: the pack's folder.
        environment: variables that it sees beside the PATH.
        stack: name of the stack that the resources are of.

    Raises:
        RuntimeError: it does not start; the text is what it printed.
    """

    def __init__(self, folder: Path | str, environment: Mapping[str, str] | None = None, *, stack: str) -> None:
        self._log = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed when the process ends
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "PULUMI_STACK": stack, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port()}")
        self.analyzer = Analyzer(analyzer_pb2_grpc.AnalyzerStub(self._channel), stack=stack)

    def __enter__(self) -> Analyzer:
        return self.analyzer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()
        self._end()

    @property
    def printed(self) -> str:
        """All it has printed."""
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def _port(self) -> int:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            first, whole, _ = self.printed.partition("\n")
            if whole and first.isdigit():
                return int(first)
            time.sleep(0.02)
        printed = self.printed
        self._end()
        raise RuntimeError(printed)

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()
