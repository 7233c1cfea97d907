"""The rules as the engine asks for them: each resource is read once, whatever the number of rules."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

import grpc
import pulumi_policy
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import policy as sdk
from typing_extensions import override

import catalog
from catalog.policy import Level
from policies.context import Context, context
from policies.entries import require
from policies.finding import Finding, Verdict
from policies.judging import Judge
from policies.reading import NOT_TOLD, tree, tree_of_struct
from policies.resources import Resource
from policies.rule import Rule

NAME: Final = "sophia"
"""The pack's name."""

_THREADS = 4
_LARGEST_MESSAGE = 400 << 20
_LEVELS: Final = {
    Level.BLOCK: pulumi_policy.EnforcementLevel.MANDATORY,
    Level.WARN: pulumi_policy.EnforcementLevel.ADVISORY,
    Level.SKIP: pulumi_policy.EnforcementLevel.DISABLED,
}

Known = Callable[[str], Context]
"""Gives what a stack is judged with, by its name."""


class Servicer(sdk._PolicyAnalyzerServicer):  # noqa: SLF001 - the SDK's only one, and what the engine is used to
    """Answers the engine; beside the SDK's own it keeps what is secret, and nothing fails open.

    Args:
        rules: the rules.
        known: gives what a stack is judged with.
        stack: the stack whose levels are told before the first resource; empty where it is not known yet.
    """

    def __init__(self, rules: tuple[Rule, ...], known: Known, stack: str = "") -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._known = known
        self._judges: dict[str, Judge] = {}
        self._lock = threading.Lock()
        about = known(stack)
        self._told = {rule.id: about.level(rule.id, rule.severity) for rule in rules}
        policies = [described(rule, self._told[rule.id], self.judge) for rule in rules]
        super().__init__(NAME, "0.0.1", policies, pulumi_policy.EnforcementLevel.MANDATORY)

    @override
    def Analyze(self, request: proto.AnalyzeRequest, _context: Any) -> proto.AnalyzeResponse:
        """Return what the rules find in one resource."""
        response = proto.AnalyzeResponse()
        for finding in self.judge(request.urn).one(resource_of(request)):
            rule = self._rules[finding.rule]
            if finding.verdict is Verdict.EXEMPT:
                reason = _excuse(finding)
                response.not_applicable.append(proto.PolicyNotApplicable(policy_name=rule.id, reason=reason))
            elif finding.level is not Level.SKIP:
                response.diagnostics.append(self._diagnostic(rule, finding))
        return response

    @override
    def Remediate(self, request: proto.AnalyzeRequest, _context: Any) -> proto.RemediateResponse:
        """Return nothing: what people declare is refused, never rewritten."""
        return proto.RemediateResponse()

    @override
    def Configure(self, request: proto.ConfigureAnalyzerRequest, _context: Any) -> Any:
        """Refuse levels and properties that differ from the catalog's, which is where both are reviewed."""
        other = []
        for name, given in request.policyConfig.items():
            told = self._told.get(name)
            level = _LEVELS[told] if told is not None else None
            if level is None or self._convert_enforcement_level(given.enforcementLevel) != level or given.properties:
                other.append(name)
        if other:
            names = ", ".join(sorted(other))
            msg = f"--policy-pack-config sets {names}: levels are those of catalog/policy.yaml; edit that"
            raise ValueError(msg)
        return super().Configure(request, _context)  # type: ignore[no-untyped-call]  # the SDK's is not annotated

    def judge(self, urn: str) -> Judge:
        """Return what judges the stack of a URN.

        Args:
            urn: identity of a resource.
        """
        parts = urn.split(":")
        stack = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - urn:pulumi:STACK
        with self._lock:
            if stack not in self._judges:
                self._judges[stack] = Judge(tuple(self._rules.values()), self._known(stack))
            return self._judges[stack]

    def _diagnostic(self, rule: Rule, finding: Finding) -> proto.AnalyzeDiagnostic:
        return proto.AnalyzeDiagnostic(
            policyName=rule.id,
            policyPackName=NAME,
            policyPackVersion="0.0.1",
            message=finding.message,
            urn="",
            description=rule.title,
            enforcementLevel=self._map_enforcement_level(_LEVELS[finding.level]),
            severity=self._map_severity(pulumi_policy.Severity(rule.severity)),
        )


def resource_of(request: proto.AnalyzeRequest) -> Resource:
    """Return the resource that the engine asks about, its secrets marked.

    Args:
        request: the engine's.
    """
    given = request.options
    options = {
        "protect": given.protect,
        "ignoreChanges": list(given.ignoreChanges),
        "deleteBeforeReplace": given.deleteBeforeReplace if given.deleteBeforeReplaceDefined else None,
        "additionalSecretOutputs": list(given.additionalSecretOutputs),
        "aliases": [alias if isinstance(alias, str) else str(alias.urn) for alias in given.aliases],
        "customTimeouts": json_format.MessageToDict(given.customTimeouts) if given.HasField("customTimeouts") else None,
        "retainOnDelete": NOT_TOLD,
    }
    return Resource(
        request.urn,
        request.type,
        request.name,
        tree_of_struct(request.properties),
        options=tree(options),
        parent=given.parent,
        provider=request.provider.urn if request.HasField("provider") else "",
    )


def described(rule: Rule, level: Level, judge: Callable[[str], Judge]) -> pulumi_policy.Policy:
    """Return a rule as a policy of the SDK: for what the engine is told of it, and for packs of the SDK's own.

    Args:
        rule: the rule.
        level: what a violation of it means in the stack.
        judge: gives what judges the stack of a URN.
    """

    def validate(args: pulumi_policy.ResourceValidationArgs, report: pulumi_policy.ReportViolation) -> None:
        options = {"protect": args.opts.protect, "ignoreChanges": args.opts.ignore_changes}
        resource = Resource(args.urn, args.resource_type, args.name, tree(args.props), options=tree(options))
        for finding in judge(args.urn).ask(rule, (resource,)):
            if finding.level is not Level.SKIP:
                report(finding.message, None)

    first = rule.standards[0]
    return pulumi_policy.ResourceValidationPolicy(
        name=rule.id,
        description=rule.title,
        validate=validate,
        enforcement_level=_LEVELS[level],
        severity=pulumi_policy.Severity(rule.severity),
        framework=pulumi_policy.PolicyComplianceFramework(name=first.framework, specification=first.reference),
        tags=[str(standard) for standard in rule.standards],
        remediation_steps=rule.remedy,
        url=rule.page,
    )


def _excuse(finding: Finding) -> str:
    entry = finding.exemption
    return f"exempt until {entry.expires} by {entry.owner}: {entry.reason}" if entry is not None else ""


def serve(rules: tuple[Rule, ...]) -> None:
    """Answer the engine until it ends this process; it reads the port from the first line that is printed.

    Args:
        rules: the rules.

    Raises:
        CatalogError: the catalog breaks a rule, or names one that there is not.
    """
    facts = catalog.load()
    require(facts.policy, rules)
    stack = os.environ.get("PULUMI_STACK", "")
    servicer = Servicer(rules, lambda name: context(name, facts=facts), stack)
    limits = [("grpc.max_receive_message_length", _LARGEST_MESSAGE)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=limits)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
