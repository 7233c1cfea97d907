"""``rollout``: the next version of a server takes over by steps, each one gated, and goes back where it fails."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import catalog
from catalog import CatalogError, Offence
from catalog.rollout import STEPS
from ops.deployment import Deployment, Target, folder_of
from ops.results import Returned, RolloutResult, RolloutStep
from ops.verify import verify, watch
from rehearsal.home import private, write_private

_KEY = "rollout"
_FIRST_SECONDS = 2.0
_WEIGHT = re.compile(rf"(^{_KEY}:(?:.*\n(?=[ #]))*?.*?\bweight:\s*)\d+", re.MULTILINE)
_INLINE = re.compile(rf"^{_KEY}:\s*\{{", re.MULTILINE)
_BLOCK = re.compile(rf"^{_KEY}:\s*\n(\s+)", re.MULTILINE)


class Rollout:
    """One server's rollout in one stack.

    Args:
        stack: name of the stack.
        server: name of the server.
        deployment: gives the stack as it is declared at the moment.
        up: brings the stack to what is declared, and returns what went wrong.
        root: the catalog's folder.
    """

    def __init__(
        self,
        stack: str,
        server: str,
        *,
        deployment: Callable[[], Deployment],
        up: Callable[[], tuple[str, ...]],
        root: Path = catalog.ROOT,
    ) -> None:
        self._stack, self._server, self._deployment, self._up = stack, server, deployment, up
        self._file = root / f"mcp/{server}.yaml"

    def run(self, target: int, *, seconds: float) -> RolloutResult:
        """Go from the weight that the catalog states to another; upwards by every step between, each one gated.

        The weight in the catalog is what is in force, also where this is interrupted.

        Args:
            target: the weight to reach, one of `STEPS`.
            seconds: how long the next version is watched at each step.

        Raises:
            CatalogError: there is no such server, or no next version of it, or no such step.
        """
        weight = self._weight(target)
        steps: list[RolloutStep] = []
        good = 0
        if target < weight:
            return self._result([self._step(target, seconds=0.0, gated=False)], None)
        for next_weight in (one for one in STEPS if weight <= one <= target):
            step = self._step(next_weight, seconds=seconds, gated=True)
            steps.append(step)
            if step.wrong:
                return self._result(steps, self._back(next_weight, good, step))
            good = next_weight
        return self._result(steps, None)

    def _weight(self, target: int) -> int:
        facts = catalog.load()
        offences = []
        if target not in STEPS:
            remedy = f"choose one of {', '.join(map(str, STEPS))}"
            offences.append(Offence("--to", str(target), "a rollout goes by steps", remedy))
        server = facts.mcp.get(self._server)
        if server is None:
            known = ", ".join(facts.mcp)
            offences.append(Offence("server", self._server, "it names an MCP server", f"choose one of: {known}"))
        elif server.rollout is None:
            path, remedy = f"catalog/mcp/{self._server}.yaml: {_KEY}", f'state one: {_KEY}: {{tag: "1.1.0"}}'
            offences.append(Offence(path, "absent", "it has a next version", remedy))
        if offences or server is None or server.rollout is None:
            raise CatalogError(offences)
        return server.rollout.weight

    def _step(self, weight: int, *, seconds: float, gated: bool) -> RolloutStep:
        begun, at = time.monotonic(), _now()
        write_weight(self._file, weight)
        wrong = self._up()
        if not wrong and gated:
            wrong = self._gated(seconds)
        return RolloutStep(weight=weight, at=at, seconds=round(time.monotonic() - begun, 1), wrong=wrong)

    def _gated(self, seconds: float) -> tuple[str, ...]:
        deployment = self._deployment()
        following = deployment.graph.choice.canaries[self._server]
        # One that is plainly down is found out before it is asked a hundred things.
        if told := watch(deployment, following, _FIRST_SECONDS):
            return (f"{following.name}, {told}",)
        if errors := verify(deployment, [following.name]).errors:
            return errors
        told = watch(deployment, following, seconds)
        return (f"{following.name}, {told}",) if told else ()

    def _back(self, from_: int, to: int, step: RolloutStep) -> Returned | None:
        """Return to the last good weight; nothing where it is in force."""
        if from_ == to:
            return None
        begun, at = time.monotonic(), _now()
        write_weight(self._file, to)
        errors = self._up()
        seconds = round(time.monotonic() - begun, 1)
        return Returned(from_weight=from_, to_weight=to, at=at, seconds=seconds, why=step.wrong[0], errors=errors)

    def _result(self, steps: list[RolloutStep], returned: Returned | None) -> RolloutResult:
        report = private(folder_of(self._stack, Target.REHEARSAL) / _KEY) / f"{self._server}.json"
        result = RolloutResult(
            stack=self._stack,
            server=self._server,
            steps=tuple(steps),
            returned=returned,
            report=str(report),
            errors=(*(wrong for step in steps for wrong in step.wrong), *(returned.errors if returned else ())),
        )
        write_private(report, result.model_dump_json(indent=1) + "\n")
        return result


def write_weight(path: Path, weight: int) -> None:
    """State a weight in a server's file, whose comments and order stay.

    Args:
        path: the file, which states a next version.
        weight: the weight.
    """
    text = path.read_text(encoding="utf-8")
    changed, count = _WEIGHT.subn(rf"\g<1>{weight}", text, count=1)
    if not count:
        changed, count = _INLINE.subn(f"{_KEY}: {{weight: {weight}, ", text, count=1)
    if not count:
        changed = _BLOCK.sub(rf"{_KEY}:\n\g<1>weight: {weight}\n\g<1>", text, count=1)
    path.write_text(changed, encoding="utf-8")


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
