"""Bare machines made hosts as the catalog wants them, one and five; then an `up` and a drift scan that find nothing.

The machines run already and have their packages: what is measured is this project's own work on them. Whole commands
are timed; beside them stands what of it is the hosts' own, which is all but what the engine takes for the same command
of the same program whose hosts are `benchmarks/still_hosts`, which answer at once. The second `up` is judged by that.

Five machines share the processors of this computer, where five real ones have their own: how hosts are configured
beside each other is measured with a fifth of a core for each, and what sharing costs stands beside it.
"""

import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.checkout import ROOT
from benchmarks.project import UP, Project, environment, project
from benchmarks.samples import Row, beside, machine, median, ratio, show
from catalog import load
from ops.access import CI, wg_quick
from ops.access import hosts as reachable
from rehearsal.access import private_key, public_key
from rehearsal.machines import Room
from rehearsal.machines.cgroups import confine
from rehearsal.machines.names import RUNNER
from rehearsal.machines.testing import key_pair, spec, temporary_room
from rehearsal.pulumi_cloud.store import read_checkpoint
from rehearsal.toolchain import ensure, progress_for

COUNT = 5
CONFIGURED_SECONDS = 25.0
GROWTH = 1.6
AGAIN_SECONDS = 2.0
SCAN_SECONDS = 4.0
ROUNDS = 5
SHARE = 0.2
"""Of a core, for a machine: five take one, which leaves one for the engine."""
AGAIN = ("pulumi", "up", "--refresh", "--run-program", "--yes", "--skip-preview", "--non-interactive")
SCAN = ("pulumi", "refresh", "--preview-only", "--expect-no-changes", "--non-interactive")

_PROGRAM = """
import os
from dataclasses import replace

import catalog
from catalog.access import BreakGlass
from components import Host
from components.hosts import plan

entry = {"reason": "first contact", "owner": "benchmark", "expires": "2099-01-01T00:00:00Z"}
stack = catalog.load().stack(
    "dev",
    machines=["sophia-development"],
    image_lock="rehearsal",
    access_ci_public_key=os.environ["CI_PUBLIC_KEY"],
    break_glass=[BreakGlass(cidr=os.environ["RUNNER"] + "/32", **entry)],
)
(model,) = plan.hosts(stack)
numbers = range(1, int(os.environ["HOSTS"]) + 1)
addresses = [f"203.0.113.{number}" for number in numbers]
for number, address in zip(numbers, addresses, strict=True):
    host = replace(model, name=f"host-{number}", access_address=f"10.97.0.{number}/24")
    Host(host.name, plan=host, machine=f"m{number}", address=address, nodes=addresses)
"""


def measure() -> list[Row]:
    """Return how long hosts take, one and five of them, and how long it takes to find nothing to do."""
    programs = ensure(load(), progress=progress_for()).bin
    one = _configured(1, programs)
    many = _configured(COUNT, programs)
    confined = [_configured(count, programs, confined=True)["first"] for count in (1, COUNT)]
    return [
        Row("one bare machine to configured host", _whole(one["first"], one["first own"])),
        Row(
            f"{COUNT} bare machines to configured hosts",
            _whole(many["first"], many["first own"]),
            f"under {CONFIGURED_SECONDS:.0f} s",
            many["first"] < CONFIGURED_SECONDS,
        ),
        ratio(f"{COUNT} against one, each machine with processors of its own", confined[1] / confined[0], GROWTH),
        Row("the same where all share this computer's", f"{many['first'] / one['first']:.2f}"),
        Row(f"the hosts' own of {COUNT} against one's", f"{many['first own'] / one['first own']:.2f}"),
        Row(
            f"a second up of {COUNT}",
            _whole(many["again"], many["again own"]),
            f"at most {AGAIN_SECONDS:.0f} s their own",
            many["again own"] <= AGAIN_SECONDS,
        ),
        Row(
            f"drift scan of {COUNT}",
            f"{many['scan']:.1f} s",
            f"under {SCAN_SECONDS:.0f} s",
            many["scan"] < SCAN_SECONDS,
        ),
    ]


def _whole(seconds: float, own: float) -> str:
    return f"{seconds:.1f} s, {own:.1f} s of it the hosts' own"


def _configured(count: int, programs: Path, *, confined: bool = False) -> Mapping[str, float]:
    """Return the seconds that a number of hosts takes, from bare machines on."""
    private, public = key_pair()
    ci = private_key()
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder, temporary_room() as room:
        boot(room, count, public)
        if confined:
            share_out(room, range(1, count + 1))
        settings = {
            "HOST_SSH_PRIVATE_KEY": private,
            "HOST_PROXY_URL": room.gate,
            "CI_PUBLIC_KEY": public_key(ci),
            "RUNNER": RUNNER,
            "HOSTS": str(count),
        }
        engine = environment(Path(folder), programs, settings)
        hosts = _project(Path(folder) / "hosts", engine, "providers/host")
        still = _project(Path(folder) / "still", engine, "benchmarks/still_hosts")
        if confined:
            return {"first": hosts.timed(*UP)[0]}
        first_still, first = still.timed(*UP)[0], hosts.timed(*UP)[0]
        state = read_checkpoint(Path(folder) / ".pulumi/stacks/hosts/dev.json").get("resources") or ()
        # From here on it comes in as every run after the first does.
        peer = load().access.peers[CI]
        room.join_access(wg_quick(CI, peer, stack="dev", hosts=reachable(state), private_key=ci))
        again = beside(lambda: unchanged(hosts), lambda: unchanged(still), runs=ROUNDS)
        return {
            "first": first,
            "first own": first - first_still,
            "again": again.whole,
            "again own": again.own,
            "scan": median(lambda: hosts.timed(*SCAN)[0], runs=ROUNDS),
        }


def _project(folder: Path, engine: Mapping[str, str], plugin: str) -> Project:
    """Return the program of hosts with a plugin for them, which is a folder of this checkout."""
    made = project(folder, engine, {"__main__.py": _PROGRAM}, host_provider(plugin))
    made.initialise()
    return made


def host_provider(folder: str) -> Mapping[str, object]:
    """Return what Pulumi.yaml says of the provider of hosts when it is a folder of this checkout."""
    return {"plugins": {"providers": [{"name": "host", "path": str(ROOT / folder)}]}}


def unchanged(hosts: Project) -> float:
    """Return how long an `up` takes that finds nothing to do."""
    return hosts.timed(*AGAIN, "--expect-no-changes")[0]


def boot(room: Room, count: int, public: str) -> None:
    """Boot machines 1 to COUNT that admit a key, with the packages of hosts."""
    packages = load().hosts.packages
    for number in range(1, count + 1):
        booted = room.boot(spec(number, public))
        script = f"DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes {' '.join(packages)}"
        done = room.enter(booted.spec.id, ["sh", "-c", script], seconds=300)
        if done.returncode:
            msg = f"machine {number}: packages cannot be installed: {done.stderr[-500:]}"
            raise RuntimeError(msg)


def share_out(room: Room, numbers: Iterable[int]) -> None:
    """Give machines `SHARE` of a core each, whatever others do."""
    for number in numbers:
        confine(room.names.tag, f"m{number}", SHARE)


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show("Hosts", measure())
