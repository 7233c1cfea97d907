"""What the rules found, in the Static Analysis Results Interchange Format 2.1.0, as code scanning services read it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ops.policy_rows import FindingRow, RuleRow
from ops.results import PolicyResult

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
"""What says how a document looks."""
_FINGERPRINT = "ruleAndResourceAndPath/v1"

_LEVELS = {"block": "error", "warn": "warning", "skip": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""The middle of each range by which code scanning services name severities."""

_CATALOG = "catalog/policy.yaml"
_PROGRAM = "Pulumi.yaml"


def sarif(result: PolicyResult, address: str = "") -> Mapping[str, Any]:
    """Return an answer as a document of SARIF.

    Args:
        result: the answer.
        address: where the repository's files can be read, such as ``https://github.com/OWNER/NAME/blob/main/``.
    """
    places = {rule.id: index for index, rule in enumerate(result.rules)}
    driver = {
        "name": "sophia",
        "rules": [_rule(rule, address) for rule in result.rules],
        "properties": {"stack": result.stack, "source": result.source},
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"policy/{result.stack}/{result.source}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, places) for one in result.findings if one.verdict != "deferred"],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: RuleRow, address: str) -> Mapping[str, Any]:
    return {
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": f"{rule.title}. {rule.why}"},
        "help": {"text": f"{rule.remedy}. {', '.join(rule.standards)}"},
        "helpUri": f"{address}{rule.page}",
        "defaultConfiguration": {"level": _LEVELS[rule.level], "enabled": rule.level != "skip"},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "precision": "very-high",
            "tags": ["security", *rule.standards],
        },
    }


def _result(one: FindingRow, places: Mapping[str, int]) -> Mapping[str, Any]:
    identity = f"{one.rule}\n{one.urn}\n{one.path}"
    return {
        "ruleId": one.rule,
        "ruleIndex": places[one.rule],
        "level": _LEVELS[one.level],
        "message": {"text": f"{one.name}: {one.message}" if one.name else one.message},
        "locations": [_location(one)],
        "partialFingerprints": {_FINGERPRINT: hashlib.sha256(identity.encode()).hexdigest()},
        "suppressions": _suppressions(one),
        "properties": {"verdict": one.verdict, "path": one.path},
    }


def _location(one: FindingRow) -> Mapping[str, Any]:
    """Return where a resource is declared; where that is not known, the file that the finding itself is about."""
    file, _, line = one.position.rpartition(":")
    if not file or not line.isdigit():
        file, line = _CATALOG if one.path.startswith(_CATALOG) else _PROGRAM, "1"
    place = {
        "artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": int(line)},
    }
    named = [{"name": one.name, "fullyQualifiedName": one.urn, "kind": "resource"}] if one.urn else []
    return {"physicalLocation": place, **({"logicalLocations": named} if named else {})}


def _suppressions(one: FindingRow) -> Sequence[Mapping[str, Any]]:
    if one.verdict != "exempt":
        return []
    why = f"{one.reason} ({one.owner}, until {one.expires}; {_CATALOG})"
    return [{"kind": "external", "status": "accepted", "justification": why}]
