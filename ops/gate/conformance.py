"""The protocol's own conformance suite: what it is asked about a server, and what it says beside what is known.

Only scenarios that need no fixtures are asked: most of the suite calls tools that its reference server has and nobody
else. One process asks about all servers (``tools/conformance/ask.mjs``), because a Node.js of its own for each scenario
would take longer than the rest of the gate.
"""

import asyncio
import itertools
import json
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
from pydantic import BaseModel, Field, TypeAdapter

from ops.gate.asking import Expected
from ops.gate.reach import SECONDS, Way
from ops.gate.relay import Relay, relay
from ops.gate.verdict import Check

Asked = tuple[str, str]
"""A scenario, and the revision of the protocol at which it is asked."""

_PROGRAM = Path(__file__).parents[2] / "tools/conformance/ask.mjs"
_BOTH = ("tools-list", "resources-list", "prompts-list", "dns-rebinding-protection")
_OLD = ("server-initialize", "server-session-lifecycle", "ping", *_BOTH)
_NEW = ("server-stateless", "caching", "http-header-validation", *_BOTH)
_LEGACY: Sequence[Asked] = [(scenario, LATEST_HANDSHAKE_VERSION) for scenario in _OLD]
_MODERN: Sequence[Asked] = [(scenario, LATEST_MODERN_VERSION) for scenario in _NEW]
SCENARIOS: Mapping[str, Sequence[Asked]] = {
    "dual": [*_LEGACY, *_MODERN],
    "modern": _MODERN,
    "legacy": _LEGACY,
    # Its bridge starts a program for each request.
    "bridged": [("tools-list", LATEST_HANDSHAKE_VERSION)],
}
"""What is asked through the Service, by profile."""
PUBLIC = frozenset({"tools-list"})
"""What of that is asked through the gateway too: the protocol is the server's, the way back and forth the gateway's.
Where the gateway refuses, it does so by its own rules and without the request's id, which it does not read."""

_PATIENCE = 3 * SECONDS
"""How long all that is asked of one server may take."""
_LINE = 2**24
"""The longest answer in bytes: a check shows every message that breaks the protocol's schema."""


class Reference(BaseModel):
    """Where the protocol says so."""

    id: str
    """What the suite calls the place."""
    url: str = ""
    """Its address."""


class Tested(BaseModel):
    """One check of the suite."""

    id: str
    """Its id; one scenario may give several with the same one."""
    name: str
    """Its name."""
    description: str
    """What must be so."""
    status: Literal["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]
    """How it went."""
    message: str = Field("", alias="errorMessage")
    """What was wrong."""
    references: tuple[Reference, ...] = Field((), alias="specReferences")
    """Where the protocol says so."""

    @property
    def failed(self) -> bool:
        """Whether it fails: a warning does, as in the suite's own baselines."""
        return self.status in {"FAILURE", "WARNING"}


class Answer(BaseModel):
    """What the suite says of one scenario."""

    scenario: str
    """The scenario."""
    version: str
    """The revision at which it was asked."""
    checks: tuple[Tested, ...]
    """Its checks."""
    error: str = ""
    """Why there are none."""
    seconds: float = 0.0
    """How long it took."""
    way: str = ""
    """How the server was reached."""


_ANSWERS = TypeAdapter(tuple[Answer, ...])


@dataclass(slots=True)
class Suite:
    """The suite while it runs."""

    _process: Process
    _relay: Relay
    _waiting: dict[str, asyncio.Future[tuple[Answer, ...]]] = field(default_factory=dict, init=False)
    _keys: Iterator[int] = field(default_factory=itertools.count, init=False)

    async def ask(self, way: Way, asked: Sequence[Asked], forbidden: frozenset[str]) -> tuple[Answer, ...]:
        """Return what it says of a server; where it says nothing, why.

        Args:
            way: how the server is reached.
            asked: scenarios, and at which revisions.
            forbidden: tools that it may not call, as it does the first one that is listed, with no arguments.
        """
        key, answers = str(next(self._keys)), asyncio.get_running_loop().create_future()
        self._waiting[key] = answers
        try:
            async with self._relay.to(way, forbidden) as url, asyncio.timeout(_PATIENCE):
                question = {"key": key, "url": url, "asked": asked, "patience": 1000 * SECONDS}
                assert self._process.stdin  # noqa: S101 - it was asked for
                self._process.stdin.write(json.dumps(question).encode() + b"\n")
                found = await answers
        except TimeoutError:
            found = (_none(asked, f"the suite has not come to an end within {_PATIENCE:.0f} s"),)
        except (ConnectionError, EOFError) as error:
            found = (_none(asked, f"the suite ended before it answered: {error}"),)
        finally:
            del self._waiting[key]
        return tuple(answer.model_copy(update={"way": way.name}) for answer in found)

    async def listen(self) -> None:
        """Hand out what it answers until it ends."""
        assert self._process.stdout  # noqa: S101 - they were asked for
        assert self._process.stderr  # noqa: S101
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            waiting = self._waiting.get(said["key"])
            if waiting and not waiting.done():
                waiting.set_result(_ANSWERS.validate_python(said["found"]))
        last = (await self._process.stderr.read()).decode(errors="replace").strip().splitlines()[-3:]
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EOFError(" / ".join(last)))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Suite]:
    """Run the suite until the block ends.

    Args:
        folder: has ``bin/node``, and the suite below ``node_modules``.
    """
    with tempfile.TemporaryDirectory(prefix="sophia-conformance-") as scratch:
        # It gets nothing of this environment, least of all credentials.
        command, environment = (folder / "bin/node", _PROGRAM), {"TMPDIR": scratch}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, limit=_LINE
        )
        async with relay() as opened:
            suite = Suite(process, opened)
            listening = asyncio.create_task(suite.listen())
            try:
                yield suite
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                await listening


async def conformity(suite: Suite, expected: Expected, service: Way, public: Way | None) -> list[Check]:
    """Return what the suite finds of one server.

    Args:
        suite: the suite.
        expected: what the server is declared to be.
        service: the way through its Service.
        public: the way through the gateway; None where it is not exposed.
    """
    mcp = expected.mcp
    asked = SCENARIOS[mcp.conformance.profile]
    forbidden = _forbidden(expected)
    known = mcp.conformance.expected_failures
    found = [*await suite.ask(service, asked, forbidden)]
    # It waits half a second for some answers, which is little where all servers are asked at once.
    unlike = (one for one in found if one.checks and not all(check.ok for check in _of_answer(one, known)))
    if again := [(one.scenario, one.version) for one in unlike]:
        second = {(one.scenario, one.version): one for one in await suite.ask(service, again, forbidden)}
        found = [second.get((one.scenario, one.version), one) for one in found]
    # A bridge starts a program for each request; that the gateway leads to it is asked without the suite.
    if public and not mcp.bridge:
        found += await suite.ask(public, [one for one in asked if one[0] in PUBLIC], forbidden)
    return judged(found, known)


def judged(answers: Sequence[Answer], known: Sequence[str]) -> list[Check]:
    """Return what the suite found of a server, beside what it is known to fail.

    Args:
        answers: what the suite said, of all ways to it.
        known: ids of the checks that it is known to fail.
    """
    checks = [check for answer in answers for check in _of_answer(answer, known)]
    well = all(check.ok for check in checks)
    tested = [check for answer in answers for check in answer.checks]
    way = answers[0].way if answers else ""
    for name in known:
        statuses = {check.status for check in tested if check.id == name}
        if not statuses and well:
            problem = "expected_failures has it, and the suite has no such check: correct it, or take it out"
        elif "SUCCESS" in statuses and not statuses & {"FAILURE", "WARNING"}:
            problem = "expected_failures has it, and it passes again: it must leave the list"
        else:
            continue
        checks.append(Check(name=f"conformance: {name}", way=way, ok=False, detail=problem))
    return checks


def _of_answer(answer: Answer, known: Sequence[str]) -> Iterator[Check]:
    """Return a line for each check that fails, or one for all where none does."""
    name = f"conformance: {answer.scenario} {answer.version}"
    if answer.error or not answer.checks:
        detail = answer.error or "the suite tells no check"
        yield Check(name=name, way=answer.way, ok=False, detail=detail, seconds=answer.seconds)
        return
    failed = [check for check in answer.checks if check.failed]
    unknown = [check for check in failed if check.id not in known]
    passed = sum(check.status == "SUCCESS" for check in answer.checks)
    # A scenario may find that it has nothing to ask, and says why in a check that neither passes nor fails.
    detail = f"{passed} of {passed + len(failed)} checks" if passed or failed else answer.checks[0].description
    if expected := sorted({check.id for check in failed} & {*known}):
        detail += f"; known to fail: {', '.join(expected)}"
    if not unknown:
        yield Check(name=name, way=answer.way, ok=True, detail=detail, seconds=answer.seconds)
    for check in unknown:
        places = ", ".join(dict.fromkeys(one.url or one.id for one in check.references))
        said = check.message or check.description
        detail = f"{check.name}: {said}" + (f" ({places})" if places else "")
        yield Check(name=f"{name}: {check.id}", way=answer.way, ok=False, detail=detail, seconds=answer.seconds)


def _forbidden(expected: Expected) -> frozenset[str]:
    """Return the tools that do not say of themselves that they only read; all of them where nobody has locked any."""
    mcp = expected.mcp
    if expected.tools is None:
        writing = {*mcp.tools.allow, *mcp.tools.deny}
    else:
        writing = {str(one["name"]) for one in expected.tools if not (one.get("annotations") or {}).get("readOnlyHint")}
    return frozenset(writing - {mcp.smoke_call.tool})


def _none(asked: Iterable[Asked], error: str) -> Answer:
    scenario, version = next(iter(asked))
    return Answer(scenario=scenario, version=version, checks=(), error=error)
