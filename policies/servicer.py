"""The rules as the engine asks for them: each resource is read once, whatever the number of rules."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import replace
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
from policies.sources import PROJECT, STACK, explicit

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

_IMAGE_LOCK = f"{PROJECT}:image_lock"
"""Key of the configuration that names the lock of images."""


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
        self._seen: dict[str, Resource] = {}
        self._image_lock = ""
        self._final = False
        self._lock = threading.Lock()
        about = known(stack)
        self._told = {rule.id: about.level(rule.id, rule.severity) for rule in rules}
        policies = [described(rule, self._told[rule.id], self.judge) for rule in rules]
        super().__init__(NAME, "0.0.1", policies, pulumi_policy.EnforcementLevel.MANDATORY)

    @override
    def Analyze(self, request: proto.AnalyzeRequest, _context: Any) -> proto.AnalyzeResponse:
        """Return what the rules find in one resource, and remember it for those about the stack."""
        resource = resource_of(request)
        with self._lock:
            self._seen[request.urn] = resource
        return self._answer(self.judge(request.urn).one(resource))

    @override
    def AnalyzeStack(self, request: proto.AnalyzeStackRequest, _context: Any) -> proto.AnalyzeResponse:
        """Return what the rules about a stack find in what was declared, and those about its exports in these.

        What the engine sends here is what came of the resources: of a preview that is little, and of components not
        what they were given. So the rules have what was asked about one by one.
        """
        with self._lock:
            seen = tuple(self._seen.values())
        stacks = [resource_of(one) for one in request.resources if one.type == STACK]
        if not stacks:
            return proto.AnalyzeResponse()
        judge = self.judge(stacks[0].urn)
        exported = (
            Resource(one.urn, one.type, one.name, {}, options=one.options.value, outputs=one.inputs.value)
            for one in stacks
        )
        found = [*(finding for one in exported for finding in judge.one(one)), *judge.whole(seen)]
        return self._answer(found, named=True)

    def _answer(self, found: Iterable[Finding], *, named: bool = False) -> proto.AnalyzeResponse:
        response = proto.AnalyzeResponse()
        for finding in found:
            rule = self._rules[finding.rule]
            if finding.verdict is Verdict.EXEMPT:
                reason = _excuse(finding)
                response.not_applicable.append(proto.PolicyNotApplicable(policy_name=rule.id, reason=reason))
            elif finding.level is not Level.SKIP:
                response.diagnostics.append(self._diagnostic(rule, finding, finding.urn if named else ""))
        return response

    @override
    def ConfigureStack(self, request: proto.AnalyzerStackConfigureRequest, _context: Any) -> Any:
        """Note which lock pins the stack's images, and whether what is asked about is about to be made."""
        with self._lock:
            self._image_lock = request.config.get(_IMAGE_LOCK, "")
            self._final = not request.dry_run
            self._judges.clear()
            self._seen.clear()
        return super().ConfigureStack(request, _context)

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
                known = replace(self._known(stack), final=self._final)
                if self._image_lock:
                    known = replace(known, image_lock=self._image_lock)
                self._judges[stack] = Judge(tuple(self._rules.values()), known)
            return self._judges[stack]

    def _diagnostic(self, rule: Rule, finding: Finding, urn: str) -> proto.AnalyzeDiagnostic:
        return proto.AnalyzeDiagnostic(
            policyName=rule.id,
            policyPackName=NAME,
            policyPackVersion="0.0.1",
            message=finding.message,
            urn=urn,
            description=rule.title,
            enforcementLevel=self._map_enforcement_level(_LEVELS[finding.level]),
            severity=self._map_severity(pulumi_policy.Severity(rule.severity)),
        )


def resource_of(request: proto.AnalyzeRequest | proto.AnalyzerResource) -> Resource:
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
        provider=explicit(request.provider.urn) if request.HasField("provider") else "",
    )


def described(rule: Rule, level: Level, judge: Callable[[str], Judge]) -> pulumi_policy.Policy:
    """Return a rule as a policy of the SDK: for what the engine is told of it, and for packs of the SDK's own.

    Args:
        rule: the rule.
        level: what a violation of it means in the stack.
        judge: gives what judges the stack of a URN.
    """

    def validate(args: pulumi_policy.ResourceValidationArgs, report: pulumi_policy.ReportViolation) -> None:
        if rule not in judge(args.urn).applying(args.resource_type):
            return
        given = args.opts
        options = {
            "protect": given.protect,
            "ignoreChanges": given.ignore_changes,
            "deleteBeforeReplace": given.delete_before_replace,
            "additionalSecretOutputs": given.additional_secret_outputs,
            "customTimeouts": {"create": given.custom_timeouts.create_seconds or None},
        }
        provider = explicit(args.provider.urn) if args.provider else ""
        resource = Resource(
            args.urn, args.resource_type, args.name, tree(args.props), options=tree(options), provider=provider
        )
        for finding in judge(args.urn).ask(rule, (resource,)):
            if finding.level is not Level.SKIP:
                report(finding.message, None)

    def validate_stack(args: pulumi_policy.StackValidationArgs, report: pulumi_policy.ReportViolation) -> None:
        given = tuple(Resource(one.urn, one.resource_type, one.name, tree(one.props)) for one in args.resources)
        for finding in judge(given[0].urn).ask(rule, given) if given else ():
            if finding.level is not Level.SKIP:
                report(finding.message, finding.urn)

    first = rule.standards[0]
    about: dict[str, Any] = {"validate": validate_stack if rule.subjects is None else validate}
    kind = pulumi_policy.StackValidationPolicy if rule.subjects is None else pulumi_policy.ResourceValidationPolicy
    return kind(
        name=rule.id,
        description=rule.title,
        **about,
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
