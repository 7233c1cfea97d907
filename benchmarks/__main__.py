"""``make bench``: every figure, as ratios from one run."""

import os
import subprocess
import sys

from benchmarks import (
    capacity,
    drift,
    engine,
    gate,
    hosts,
    k3s,
    kit,
    policies,
    providers,
    pulumi_cloud,
    readiness,
    scale,
    sessions,
    weaviate,
)
from benchmarks.checkout import ROOT
from benchmarks.samples import Row, machine, median, seconds, show

_LOAD_SECONDS = 0.3
_FAST_SECONDS = 60


def start_up() -> list[Row]:
    """Return what a person waits for before anything else."""

    def timed(*words: str) -> float:
        return seconds([sys.executable, *words], folder=ROOT, environment=os.environ)

    load = median(lambda: timed("-c", "import catalog; catalog.load()"), runs=5)
    fast = timed("-m", "ops", "test", "fast")
    return [
        Row("catalog load, with interpreter and imports", f"{load:.2f} s", "under 0.3 s", load < _LOAD_SECONDS),
        Row("fast tests", f"{fast:.0f} s", "under 60 s", fast < _FAST_SECONDS),
    ]


if __name__ == "__main__":
    words = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    sys.stdout.write(f"Commit {commit}; {machine()}\n\n")
    show("Start", start_up())
    show("The engine against kubectl", engine.measure())
    show("Providers", [*providers.measure(), *kit.measure(), *readiness.measure()])
    show("The vector store", weaviate.measure())
    show("Policies", policies.measure())
    show("The rehearsal's Pulumi Cloud", pulumi_cloud.measure())
    show("Hosts", hosts.measure())
    show("K3s", k3s.measure())
    show("Drift of prod", drift.measure())
    show("The gate and the gateway", gate.measure())
    show("Sessions through the gateway", sessions.measure())
    show("Capacity", capacity.measure())
    show("Growth with the number of servers", scale.measure())
