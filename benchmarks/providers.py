"""The lambda-cloud provider against the same resources as Python dynamic ones, and both ends of its process.

Three programs: an empty one, a hundred firewall rulesets, and the same hundred as ``pulumi.dynamic`` resources, whose
class is importable, not secret and asks the same account. What is compared is a preview without changes, and beside
it one that refreshes, each less what it takes of the empty program in the same round.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import catalog
from benchmarks.checkout import ROOT
from benchmarks.project import PREVIEW, REFRESH, UP, Project, environment, project
from benchmarks.samples import Row, machine, ratio, show
from rehearsal.lambda_cloud import Account, Fake, serve
from rehearsal.toolchain import ensure, progress_for

FOLDER = ROOT / "providers" / "lambda_cloud"
COUNT = 100
SPEED = 2000.0
GOAL = 1.3
STARTS = 9
END_SECONDS = 30.0

_RULES = """
def rules(number):
    return [
        {"protocol": "tcp", PORTS: [22, 22], SOURCE: "203.0.113.7/32", "description": "SSH from the office"},
        {"protocol": "tcp", PORTS: [8000 + number, 8000 + number], SOURCE: "10.0.0.0/8", "description": "MCP"},
        {"protocol": "udp", PORTS: [51820, 51820], SOURCE: "0.0.0.0/0", "description": "WireGuard"},
    ]
"""

_NATIVE = f"""
from providers.lambda_cloud import sdk

PORTS, SOURCE = "port_range", "source_network"
{_RULES}
for number in range({COUNT}):
    sdk.FirewallRuleset(f"native-{{number}}", name=f"native-{{number}}", region="us-west-1", rules=rules(number))
"""

_DYNAMIC = f"""
from rulesets import Ruleset

PORTS, SOURCE = "portRange", "sourceNetwork"
{_RULES}
for number in range({COUNT}):
    Ruleset(f"dynamic-{{number}}", name=f"dynamic-{{number}}", region="us-west-1", rules=rules(number))
"""

_MODULE = """
import json
import os
import urllib.request

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

def ask(method, path="", body=None):
    request = urllib.request.Request(
        os.environ["LAMBDA_CLOUD_API_URL"] + "/api/v1/firewall-rulesets" + path, method=method,
        headers={"Authorization": "Bearer " + os.environ["LAMBDA_CLOUD_API_KEY"], "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as response:
        return json.load(response)["data"]

def wire(rule):
    return {"protocol": rule["protocol"], "port_range": [int(port) for port in rule["portRange"]],
        "source_network": rule["sourceNetwork"], "description": rule["description"]}

def props(found):
    rules = [{"protocol": rule["protocol"], "portRange": rule["port_range"],
        "sourceNetwork": rule["source_network"], "description": rule["description"]} for rule in found["rules"]]
    return {"name": found["name"], "region": found["region"]["name"], "rules": rules}

class Rulesets(ResourceProvider):
    serialize_as_secret_always = False

    def diff(self, id, olds, news):
        changed = [key for key in ("name", "region", "rules") if olds[key] != news[key]]
        return DiffResult(changes=bool(changed), replaces=[key for key in changed if key == "region"])

    def create(self, given):
        made = ask("POST", body={"name": given["name"], "region": given["region"],
            "rules": [wire(rule) for rule in given["rules"]]})
        return CreateResult(made["id"], {**given, "instanceIds": made["instance_ids"]})

    def read(self, id, known):
        found = ask("GET", "/" + id)
        return ReadResult(id, {**known, **props(found), "instanceIds": found["instance_ids"]}, props(found))

    def delete(self, id, known):
        ask("DELETE", "/" + id)

class Ruleset(Resource, module="bench", name="Ruleset"):
    name: pulumi.Output[str]
    region: pulumi.Output[str]
    rules: pulumi.Output[list]
    instance_ids: pulumi.Output[list]

    def __init__(self, resource_name, *, name, region, rules, opts=None):
        given = {"name": name, "region": region, "rules": rules, "instanceIds": None}
        super().__init__(Rulesets(), resource_name, given, opts)
"""


_Round = Mapping[str, tuple[float, float]]
"""Seconds by program, and those of CPU time."""


def measure(runs: int = 9) -> list[Row]:
    """Return the ratio of the two kinds of provider, medians of several rounds, and the start of the plugin."""
    programs = ensure(catalog.load(), progress=progress_for()).bin
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder, serve(Account.born(), speed=SPEED) as fake:
        projects = _projects(Path(folder), environment(Path(folder), programs, _settings(fake)))
        for one in projects.values():
            one.initialise()
            one.timed(*UP)
        # What is compared is measured in the same round: the machine's speed changes from minute to minute.
        idle = [{name: one.timed(*PREVIEW) for name, one in projects.items()} for _ in range(runs)]
        fresh = [{name: one.timed(*REFRESH) for name, one in projects.items()} for _ in range(runs // 2)]
    refreshed = _rows("preview with refresh", fresh, None)
    return [*_rows("preview without changes", idle, GOAL), *refreshed, *_starts(programs)]


def _rows(what: str, rounds: Sequence[_Round], goal: float | None) -> list[Row]:
    def median(name: str, clock: int) -> float:
        return statistics.median(found[name][clock] for found in rounds)

    def relative(clock: int) -> float:
        def beyond_nothing(name: str) -> float:
            return statistics.median(found[name][clock] - found["empty"][clock] for found in rounds)

        return beyond_nothing("native") / beyond_nothing("dynamic")

    def took(program: str, name: str) -> Row:
        return Row(f"{what}, {program}", f"{median(name, 0):.2f} s, {median(name, 1):.2f} s of CPU time")

    compared = f"{what}, rulesets / dynamic, each less empty"
    return [
        took("empty program", "empty"),
        took(f"{COUNT} rulesets", "native"),
        took(f"{COUNT} dynamic resources", "dynamic"),
        ratio(compared, relative(0), goal) if goal else Row(compared, f"{relative(0):.2f}"),
        Row("the same of CPU time", f"{relative(1):.2f}"),
    ]


def _starts(programs: Path) -> list[Row]:
    """Return what the engine waits for at both ends of a plugin's process."""
    plugins = {"lambda-cloud": FOLDER / "pulumi-resource-lambda-cloud"}
    plugins["pulumi.dynamic"] = programs / "pulumi-resource-pulumi-python"
    rounds = [{name: _start_and_end(program) for name, program in plugins.items()} for _ in range(STARTS)]
    rows = []
    for name in plugins:
        start, end = (statistics.median(found[name][clock] for found in rounds) * 1000 for clock in (0, 1))
        rows.append(Row(f"plugin of {name}, from its start to its port; its end", f"{start:.0f} ms; {end:.0f} ms"))
    return rows


def _start_and_end(program: Path) -> tuple[float, float]:
    """Return the seconds until a plugin says its port, and those it takes to end when the engine interrupts it."""
    environment = {"PATH": os.environ["PATH"], "PULUMI_RUNTIME_VIRTUALENV": str(ROOT / ".venv")}
    begun = time.perf_counter()
    with subprocess.Popen(
        [str(program), "127.0.0.1:1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        told = time.perf_counter()
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        ended = time.perf_counter()
    if not line.strip().isdigit():
        msg = f"{program} printed {line!r} where its port belongs"
        raise RuntimeError(msg)
    return told - begun, ended - told


def _projects(folder: Path, settings: Mapping[str, str]) -> dict[str, Project]:
    native = {"plugins": {"providers": [{"name": "lambda-cloud", "path": str(FOLDER)}]}}
    return {
        "empty": project(folder / "empty", settings, {"__main__.py": ""}),
        "native": project(folder / "native", settings, {"__main__.py": _NATIVE}, native),
        "dynamic": project(folder / "dynamic", settings, {"__main__.py": _DYNAMIC, "rulesets.py": _MODULE}),
    }


def _settings(fake: Fake) -> dict[str, str]:
    return {
        "LAMBDA_CLOUD_API_KEY": fake.key,
        "LAMBDA_CLOUD_API_URL": fake.url,
        "LAMBDA_CLOUD_CLOCK_SPEED": str(SPEED),
    }


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show("The provider against dynamic resources", measure())
