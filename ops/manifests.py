"""``policy check-manifests``: what the rules say of plain Kubernetes manifests."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from catalog.policy import LATEST, Level
from ops.error import InputError
from ops.manifest_rows import ManifestRow, PodSecurityCheck
from policies import RULES, Context, Finding, Judge, Rule, SourceError, Verdict, context, judge
from policies.sources import Manifest, of_manifests

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""What the names of manifests end with."""

_VERSION = re.compile(r"v?(1\.[0-9]{1,3})")
_LEVELS: Final[dict[str, Literal["baseline", "restricted"]]] = {"PSS-B-": "baseline", "PSS-R-": "restricted"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a folder of manifests."""

    rows: tuple[ManifestRow, ...]
    """A row for each rule and object that it says something of, by file, document and rule."""
    objects: int
    """How many objects there are."""
    refused: bool
    """Whether something is found at a level that blocks."""


@dataclass(frozen=True, slots=True)
class _Placed:
    file: str
    manifest: Manifest


def known(stack: str, version: str = "") -> Context:
    """Return what manifests are judged with: the levels, bounds and exemptions of a stack.

    Args:
        stack: name of the stack.
        version: of the Pod Security Standards, such as ``1.36`` or ``latest``; empty for the catalog's.

    Raises:
        CatalogError: the catalog breaks a rule.
        InputError: it names no stack, or the version is none.
    """
    found = context(stack)
    if stack not in found.policy.stacks:
        msg = f"--stack {stack}: choose one of: {', '.join(found.policy.stacks)}"
        raise InputError(msg)
    if not version:
        return found
    matched = _VERSION.fullmatch(version)
    if not matched and version != LATEST:
        msg = f"--version {version}: it is a version of the Pod Security Standards, such as v1.36, or latest"
        raise InputError(msg)
    policy = found.policy.model_copy(update={"pod_security_version": matched[1] if matched else LATEST})
    return replace(found, facts=replace(found.facts, policy=policy))


def check(folder: Path, known: Context) -> Checked:
    """Return what all rules say of the manifests of a folder; those that need several see all of them together.

    Args:
        folder: the folder, or one file.
        known: what they are judged with.

    Raises:
        CatalogError: levels or exemptions of the catalog name no rule.
        InputError: there is none, or some cannot be read; the message names file and document of each.
    """
    placed = _read(folder, known.stack)
    asking = judge(known)
    rows: list[tuple[int, ManifestRow]] = []
    refused = False
    for rule in RULES:
        if not rule.manifests or rule.id in asking.skipped:
            continue
        found = _found(rule, placed, asking)
        for place, one in enumerate(placed):
            findings = found.get(one.manifest.resource.urn, [])
            if findings or rule.concerned(one.manifest.resource, known):
                rows.append((place, _row(one, rule, findings)))
                refused = refused or any(finding.level is Level.BLOCK for finding in findings)
    ordered = tuple(row for _, row in sorted(rows, key=lambda row: row[0]))
    return Checked(ordered, len(placed), refused)


def _read(folder: Path, stack: str) -> list[_Placed]:
    files = sorted(_files(folder))
    if not files:
        msg = f"{folder}: there is no manifest in it; they are files that end with {', '.join(SUFFIXES)}"
        raise InputError(msg)
    placed: list[_Placed] = []
    wrong: list[str] = []
    for path in files:
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        try:
            text = path.read_bytes().decode("utf-8-sig")
            placed += [_Placed(name, one) for one in of_manifests(text, file=name, stack=stack)]
        except SourceError as error:
            wrong.append(str(error))
        except UnicodeDecodeError as error:
            wrong.append(f"{name}: byte {error.start} is no UTF-8; save it as UTF-8 text")
        except OSError as error:
            wrong.append(f"{name}: {error.strerror}; make it readable")
    if wrong:
        raise InputError("\n".join(wrong))
    return placed


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.rglob("*") if path.suffix in SUFFIXES and not path.is_dir())
    elif folder.exists():
        yield folder
    else:
        msg = f"{folder}: there is no such folder; name one with manifests"
        raise InputError(msg)


def _found(rule: Rule, placed: Sequence[_Placed], asking: Judge) -> dict[str, list[Finding]]:
    """Return what a rule finds, by resource; where it broke on all together, each has it."""
    resources = [one.manifest.resource for one in placed]
    found: dict[str, list[Finding]] = {one.urn: [] for one in resources}
    if rule.subjects is not None:
        for one in resources:
            if rule in asking.applying(one.type):
                found[one.urn] += asking.ask(rule, (one,))
        return found
    for finding in asking.ask(rule, resources):
        for urn in (finding.urn,) if finding.urn in found else tuple(found):
            found[urn].append(finding)
    return found


def _row(one: _Placed, rule: Rule, findings: Sequence[Finding]) -> ManifestRow:
    manifest = one.manifest
    return ManifestRow(
        file=one.file,
        document=manifest.document,
        kind=manifest.kind,
        name=manifest.name,
        rule=rule.id,
        standard=_standard(rule),
        verdict=_verdict(findings),
        message="\n".join(finding.message for finding in findings),
    )


def _verdict(findings: Iterable[Finding]) -> Literal["pass", "fail", "unknown", "exempt"]:
    verdicts = {finding.verdict for finding in findings}
    if verdicts & {Verdict.VIOLATION, Verdict.FAILED}:
        return "fail"
    if Verdict.UNKNOWN in verdicts:
        return "unknown"
    return "exempt" if verdicts else "pass"


def _standard(rule: Rule) -> PodSecurityCheck | None:
    for prefix, level in _LEVELS.items():
        if rule.id.startswith(prefix):
            return PodSecurityCheck(level=level, check=rule.id.removeprefix(prefix))
    return None
