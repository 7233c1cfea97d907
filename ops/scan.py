"""``scan``: what is known to be wrong with the code, its workflows, what it deploys, what it is built from and runs.

Each part is a tool's own answer in the Static Analysis Results Interchange Format 2.1.0. What asks a database elsewhere
is done where its tool is and reaches it; otherwise it is skipped, and says so.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import catalog
from ops import policy
from ops.answer import write
from ops.commit import git
from ops.error import InputError
from ops.results import ScanResult
from ops.sarif import SCHEMA, sarif
from ops.scan_rows import PartRow
from render import ROOT

Json = Mapping[str, Any]

DATABASE: Final = "grype"
"""The program that knows what is known of packages and images."""
_SECONDS: Final = 1800
_LEVELS: Final = frozenset({"error", "warning"})
"""What is found and not only noted."""
_SECURITY: Final = re.compile(r"S\d")
"""How ruff's rules of security are called."""
_REMEDY: Final = "install grype (https://github.com/anchore/grype), and run this again where its database is reached"


class SkippedError(Exception):
    """A part cannot be looked at here; the message says why, and what to do."""


def scan(folder: Path | None) -> ScanResult:
    """Return what was found, part by part.

    Args:
        folder: where a document is written for each part; none by default.

    Raises:
        InputError: a document cannot be written.
    """
    rows = [_row(name, what, look, folder) for name, what, look in parts()]
    errors = [f"{row.name}: {row.findings} findings, the first: {row.first}" for row in rows if row.findings]
    return ScanResult(stack="", parts=tuple(rows), errors=tuple(errors))


def parts() -> Iterator[tuple[str, str, Callable[[], Sequence[Json]]]]:
    """Yield what is looked at: its name, what it is, and what gives the runs of its document."""
    yield "code", "the program itself, by ruff's rules of security (flake8-bandit)", _code
    yield "workflows", "the workflows and the updates of dependencies, by zizmor", _workflows
    yield "secrets", "every file that is committed, by detect-secrets with the shapes of our own keys", _secrets
    for stack in catalog.load().limits.stacks:
        yield f"manifests-{stack}", f"all that {stack} deploys, by the rules of docs/policies.md", _manifests(stack)
    yield "dependencies", "every lock of packages, by grype and its database", lambda: _known([f"dir:{ROOT}"])
    yield "images", "every image that is run, by grype and its database", lambda: _known(images())


def images() -> Sequence[str]:
    """Return the images that stacks run, by digest, as grype takes them.

    Raises:
        SkippedError: no digest is locked yet.
    """
    lock = catalog.load().image_locks["images"]
    pinned = [f"registry:{lock.pinned(one)}" for one, digest in sorted(lock.images.items()) if digest]
    if not pinned:
        msg = f"none of {len(lock.images)} images has a digest yet: ./sophia lock published"
        raise SkippedError(msg)
    return pinned


def results(runs: Iterable[Json]) -> Sequence[Json]:
    """Return what runs found and nobody answers for.

    Args:
        runs: the runs of a document.
    """
    every = [one for run in runs for one in run.get("results") or ()]
    return [one for one in every if one.get("level", "warning") in _LEVELS and not one.get("suppressions")]


def _row(name: str, what: str, look: Callable[[], Sequence[Json]], folder: Path | None) -> PartRow:
    try:
        runs = look()
    except SkippedError as why:
        return PartRow(name=name, what=what, skipped=str(why))
    file = ""
    if folder is not None:
        # GitHub tells runs of one tool apart by this alone.
        told = [{**run, "automationDetails": {"id": f"{name}/{number}/"}} for number, run in enumerate(runs)]
        file = str(_write(folder, name, {"$schema": SCHEMA, "version": "2.1.0", "runs": told}))
    found = results(runs)
    first = f"{found[0].get('ruleId', '')}: {found[0]['message']['text']}" if found else ""
    return PartRow(name=name, what=what, findings=len(found), first=first, file=file)


def _write(folder: Path, name: str, document: Json) -> Path:
    file = folder / f"{name}.sarif"
    write(file, json.dumps(document, indent=1) + "\n")
    return file


def _code() -> Sequence[Json]:
    # With the exceptions that pyproject.toml reasons, which a choice of rules here would take away.
    runs = _sarif([_beside("ruff"), "check", "--output-format", "sarif", "--exit-zero", "."])
    return [{**run, "results": [one for one in run["results"] if _SECURITY.match(one["ruleId"])]} for run in runs]


def _workflows() -> Sequence[Json]:
    words = ("--offline", "--persona", "auditor", "--no-progress", "--quiet", "--format", "sarif", ".github")
    return _sarif([_beside("zizmor"), *words])


def _secrets() -> Sequence[Json]:
    listed = git("ls-files", "-z").stdout.split("\0")
    words = ("--json", "--baseline", ".secrets.baseline", "--plugin", ".ci/secret_shapes.py")
    # It says nothing where it finds nothing, and leaves with 1 where it does.
    told = json.loads(_ran([_beside("detect-secrets-hook"), *words, *filter(None, listed)], frozenset({0, 1})) or "{}")
    found = [one for each in (told.get("results") or {}).values() for one in each]
    rules = sorted({str(one["type"]) for one in found})
    driver = {"name": "detect-secrets", "rules": [{"id": rule} for rule in rules]}
    return [{"tool": {"driver": driver}, "results": [_secret(one) for one in found]}]


def _secret(one: Json) -> Json:
    """Return where something stands that looks like a secret: never what, not as a digest either."""
    file, line = str(one["filename"]), int(one["line_number"])
    identity = hashlib.sha256(f"{one['type']}\n{file}\n{line}".encode()).hexdigest()
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": line}}
    return {
        "ruleId": one["type"],
        "level": "error",
        "message": {"text": f"{file}:{line} looks like a secret; rotate it, and take it out of the history"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ruleAndPlace/v1": identity},
    }


def _manifests(stack: str) -> Callable[[], Sequence[Json]]:
    def look() -> Sequence[Json]:
        runs: Sequence[Json] = sarif(policy.of_render(stack))["runs"]
        return runs

    return look


def _known(sources: Sequence[str]) -> Sequence[Json]:
    """Return what a database of vulnerabilities knows of sources; there is a run for each.

    Raises:
        SkippedError: its program is not here, or does not reach its database.
    """
    program = shutil.which(DATABASE)
    if program is None:
        msg = f"grype is not here; {_REMEDY}"
        raise SkippedError(msg)
    try:
        _ran([program, "db", "update"])
    except InputError as error:
        msg = f"its database is not reached ({error}); {_REMEDY}"
        raise SkippedError(msg) from None
    return [run for source in sources for run in _sarif([program, source, "--output", "sarif"])]


def _sarif(words: Sequence[str]) -> Sequence[Json]:
    runs: Sequence[Json] = json.loads(_ran(words))["runs"]
    return runs


def _ran(words: Sequence[str], good: frozenset[int] = frozenset({0})) -> str:
    """Return what a program printed.

    Raises:
        InputError: it fails.
    """
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode not in good:
        said = " / ".join(done.stderr.strip().splitlines()[-3:])
        msg = f"{' '.join(words[:4])}: exit code {done.returncode}: {said}"
        raise InputError(msg)
    return done.stdout


def _beside(program: str) -> str:
    return str(Path(sys.executable).with_name(program))
