"""How time and memory grow with the number of servers: in the catalog, in the render and through the engine."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.checkout import Checkout, copied
from benchmarks.samples import Row, exponent, show

_FIRST_PORT = 10000
_LOAD = "import catalog; catalog.load()"
_RENDER = "from render import render; render('dev')"
_TIMED = r"""
import json, pathlib, re, sys, time
sys.path.insert(0, "")
begun = time.process_time()
{what}
seconds = time.process_time() - begun
# Not getrusage: its maximum starts at what the parent had when it forked.
peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())
print(json.dumps([seconds, int(peak[1]) / 1024]))
"""
_LIMIT = 1.1
_ROUNDS = 3


def measure(*, pure: Sequence[int] = (16, 160, 1600), engine: Sequence[int] = (16, 64)) -> list[Row]:
    """Return seconds (of CPU, where nothing is waited for) and MiB by number of servers, and the exponents of growth.

    Args:
        pure: numbers of servers for the catalog and the render, the smallest first; it is the floor that the growth
            is net of, because imports cost the same whatever the size.
        engine: numbers of servers for an ``up`` through the engine, without checkpoints.
    """
    rows = []
    for what, code in (("catalog load", _LOAD), ("render", _RENDER)):
        rounds = _rounds(pure, code)
        for count in pure:
            seconds, mib = (statistics.median(found[count][i] for found in rounds) for i in (0, 1))
            rows.append(Row(f"{what}, {count} servers", f"{seconds:.2f} s, {mib:.0f} MiB"))
        rows += _growth(what, rounds)
    found = {count: _up(count) for count in engine}
    for n, (s, mib) in found.items():
        rows.append(Row(f"up, {n} servers", f"{s:.1f} s, {s / n:.2f} s a server, {mib:.0f} MiB"))
    grown = exponent((engine[0], found[engine[0]][0]), (engine[-1], found[engine[-1]][0]))
    return [*rows, Row("up, exponent", f"{grown:.2f}", f"at most {_LIMIT}", grown <= _LIMIT)]


def _growth(what: str, rounds: Sequence[Mapping[int, tuple[float, float]]]) -> list[Row]:
    rows = []
    for index, unit in enumerate(("time", "memory")):
        grown = statistics.median(_exponent(found, index) for found in rounds)
        rows.append(Row(f"{what}, exponent of {unit}", f"{grown:.2f}", f"at most {_LIMIT}", grown <= _LIMIT))
    return rows


def _exponent(found: Mapping[int, tuple[float, float]], index: int) -> float:
    floor, middle, top = found
    small, large = ((n - floor, max(found[n][index] - found[floor][index], 1e-3)) for n in (middle, top))
    return exponent(small, large)


def _rounds(counts: Sequence[int], code: str) -> list[dict[int, tuple[float, float]]]:
    """Measure all sizes one after the other, several times: the machine's speed changes from minute to minute."""
    with contextlib.ExitStack() as folders:

        def checkout(count: int) -> Checkout:
            return scaled(Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="sophia-scale-"))), count)

        checkouts = {count: checkout(count) for count in counts}
        for of in checkouts.values():
            _once(of, "import catalog, components, render, settings")  # compiles the modules
        return [{count: _once(of, code) for count, of in checkouts.items()} for _ in range(_ROUNDS)]


def _once(checkout: Checkout, code: str) -> tuple[float, float]:
    words = [str(checkout.root / ".venv/bin/python"), "-c", _TIMED.format(what=code)]
    done = subprocess.run(words, cwd=checkout.root, capture_output=True, text=True, check=True)
    seconds, mib = json.loads(done.stdout)
    return float(seconds), float(mib)


def _up(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="sophia-scale-") as folder:
        checkout = scaled(Path(folder), count)
        try:
            # Preview starts the cluster, so that the engine alone is measured.
            checkout.sophia("preview", "dev")
            environment = {**checkout.engine_environment("dev"), "PULUMI_SKIP_CHECKPOINTS": "true"}
            words = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
            return _watched(words, checkout.root, environment)
        finally:
            checkout.sophia("down", "--all")


def _watched(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return seconds and the MiB of the largest process of a command and all it starts.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.perf_counter()
    with subprocess.Popen(words, cwd=folder, env=dict(environment), stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"{' '.join(words)}: exit code {process.returncode}"
        raise RuntimeError(msg)
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def scaled(folder: Path, count: int) -> Checkout:
    """Return a copy of this checkout whose catalog has so many servers, the added ones small enough to fit."""
    checkout = copied(folder)
    mcp = checkout.root / "catalog/mcp"
    present = len(list(mcp.glob("[a-z]*.yaml")))
    pattern = yaml.safe_load((mcp / "github.yaml").read_text(encoding="utf-8"))
    tiny = {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": "32Mi"}}
    for index in range(count - present):
        document = {**pattern, "port": _FIRST_PORT + index, "resources": tiny}
        (mcp / f"server-{index}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    limits = checkout.root / "catalog/limits.yaml"
    limits.write_text(re.sub(r"max_pods: \d+", "max_pods: 20000", limits.read_text(encoding="utf-8")), encoding="utf-8")
    return checkout


if __name__ == "__main__":
    show("Growth with the number of servers", measure())
