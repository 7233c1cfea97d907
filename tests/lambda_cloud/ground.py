"""Where the faults happen: an account, a provider that serves it, and the books about both."""

import hashlib
import random
import secrets
import traceback
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hypothesis.errors import HypothesisException

from providers.kit.testing import Plugin, Secret
from rehearsal.lambda_cloud import Account, Fake, Fault, FaultKind, InstanceView, serve
from tests.lambda_cloud.engine import Engine, Slot
from tests.lambda_cloud.resources import SPEED, public_key

FOLDER: Final = Path(__file__).parents[2] / "providers" / "lambda_cloud"
OWNER: Final = "pulumi:owner"
WEST: Final = {"instanceType": "gpu_1x_a10", "region": "us-west-1"}
EAST: Final = {"instanceType": "gpu_1x_a10", "region": "us-east-3"}
PING: Final = {"protocol": "icmp", "sourceNetwork": "0.0.0.0/0", "description": "Ping"}
SSH: Final = {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "0.0.0.0/0", "description": "SSH"}
ACCESS: Final = {"protocol": "udp", "portRange": [51822, 51822], "sourceNetwork": "0.0.0.0/0"}
FOREIGN: Final = {
    "protocol": "tcp",
    "port_range": [8443, 8443],
    "source_network": "198.51.100.9/32",
    "description": "-",
}
# Of each request that the kind can hit.
CHANCE: Final = {
    FaultKind.ANSWER_LOST: 0.05,
    FaultKind.CONNECTION_RESET: 0.05,
    FaultKind.RATE_LIMITED: 0.05,
    FaultKind.SERVER_ERROR: 0.04,
    FaultKind.PROVIDER_UNAVAILABLE: 0.04,
    FaultKind.INTERNAL_ERROR: 0.05,
    FaultKind.UNAUTHORIZED: 0.02,
    FaultKind.ACCOUNT_INACTIVE: 0.02,
    FaultKind.SLOW: 0.03,
    FaultKind.NO_CAPACITY: 0.1,
    FaultKind.NO_IP: 0.05,
    FaultKind.NO_PRIVATE_IP: 0.05,
    FaultKind.UNHEALTHY: 0.05,
    FaultKind.PREEMPTED: 0.05,
}


@dataclass
class Tally:
    """What has happened, over all runs."""

    steps: int = 0
    hit: int = 0
    """Steps in which at least one fault of the API happened."""
    deeds: Counter[str] = field(default_factory=Counter)
    """How often something went wrong without the API, by kind."""
    errors: int = 0
    orphans: int = 0
    """Machines that neither the state nor a create that will be repeated knows."""
    doubles: int = 0
    """Machines beyond the first of one resource."""


@dataclass
class Ground:
    """An account and the provider's process, used by one run after the other.

    Args:
        fake: the account.
        plugin: the provider, configured for it.
        secret: what no output, error or log may hold.
        chance: where faults come from.
    """

    fake: Fake
    plugin: Plugin
    secret: tuple[str, ...]
    chance: random.Random
    keys: tuple[str, str] = field(default_factory=lambda: (public_key(), public_key()))
    tally: Tally = field(default_factory=Tally)
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    """The last steps, in order."""
    failure: str | None = None
    """Why the first run that failed did."""

    def engine(self) -> Engine:
        """Return an engine with nothing recorded, and the whole program before it."""
        script = Secret(f"#cloud-config\n# {self.secret[0]}")
        machine = {
            "candidates": [WEST, EAST],
            "sshKeyName": "sophia2025",
            "userData": script,
            "capacityDeadlineSeconds": 60,
        }
        program = {name: Slot("Instance", {**machine, "name": name}) for name in ("one", "two", "three")}
        program["key"] = Slot("SshKey", {"name": "laptop", "publicKey": self.keys[0]})
        program["data"] = Slot("Filesystem", {"name": "data", "region": "us-west-1"})
        program["door"] = Slot("FirewallRuleset", {"name": "door", "region": "us-west-1", "rules": [SSH]})
        program["world"] = Slot("GlobalFirewallRuleset", {"rules": [PING, SSH]})
        return Engine(self.plugin, program, self.canaries)

    def canaries(self) -> set[str]:
        """Return every secret there is now."""
        return {*self.secret, *(one.jupyter_token for one in self.fake.account.view().instances)}

    def owned(self, engine: Engine, instances: Iterable[InstanceView] | None = None) -> dict[str, list[InstanceView]]:
        """Return the live machines by the resource whose tag they carry."""
        names = {
            hashlib.sha256(self.plugin.urn(slot.kind, name).encode()).hexdigest()[:16]: name
            for name, slot in engine.program.items()
        }
        found: dict[str, list[InstanceView]] = {}
        for one in self.fake.account.view().instances if instances is None else instances:
            if one.live and OWNER in one.tags:
                found.setdefault(names[one.tags[OWNER].rpartition("/")[2]], []).append(one)
        return found

    def others(self) -> dict[str, list[str]]:
        """Return the ids of all that is no machine and was not there at the beginning, by kind."""
        view = self.fake.account.view()
        born = self.fake.account.state.born_keys
        return {
            "SshKey": [key.id for key in view.ssh_keys if key.id not in born],
            "Filesystem": [one.id for one in view.file_systems],
            "FirewallRuleset": [one.id for one in view.rulesets],
        }

    @contextmanager
    def step(self, what: str, fault: Fault | None = None) -> Iterator[None]:
        """Count a step; chance decides what goes wrong in it, beside a fault that is aimed."""
        self.trace.append(f"{what}, {fault}" if fault else what)
        counts = self.fake.faults.counts
        before = counts.total()
        self.fake.faults.happen_by_chance(CHANCE, self.chance.getrandbits(32))
        if fault:
            self.fake.faults.script(fault)
        yield
        self.fake.faults.clear()
        self.tally.steps += 1
        self.tally.hit += counts.total() > before

    def deed(self, kind: str, about: str = "") -> None:
        """Count what went wrong without the API: a crash of the engine, a deed behind the provider's back."""
        self.trace.append(f"{kind} {about}")
        self.tally.deeds[kind] += 1

    def failed(self, error: BaseException | None) -> bool:
        """Tell whether a run has ended early, and keep why: replayed, it takes another course in time, and may pass."""
        if self.failure is None and isinstance(error, Exception) and not isinstance(error, HypothesisException):
            self.failure = "\n".join([*traceback.format_exception(error), "The last steps:", *self.trace])
        return error is not None

    def calm(self) -> None:
        """End what makes a repair impossible: faults, missing capacity, machines of others."""
        self.fake.faults.clear()
        for place in (WEST, EAST):
            self.fake.control.set_capacity(place["instanceType"], place["region"], None)
        self.fake.control.reset(ids=[one.id for one in self.fake.account.view().instances if foreign(one)])
        self.fake.control.advance_clock(120.0)

    def clear(self) -> None:
        """Make the account what it was at the beginning."""
        self.calm()
        view = self.fake.account.view()
        others = [one for ids in self.others().values() for one in ids]
        self.fake.control.reset(ids=["global", *others, *(one.id for one in view.instances if not one.born)])

    def report(self, seed: int) -> str:
        """Return what happened, as lines."""
        tally = self.tally
        kinds = [*sorted(self.fake.faults.counts.items()), *sorted(tally.deeds.items())]
        share = 100 * tally.hit / max(tally.steps, 1)
        return "\n".join(
            [
                f"{tally.steps} steps, {tally.hit} ({share:.0f} %) hit by a fault, {tally.errors} errors, seed {seed}",
                *(f"  {kind}: {count}" for kind, count in kinds),
                f"{tally.orphans} orphans, {tally.doubles} doubles",
            ]
        )


def foreign(one: InstanceView) -> bool:
    """Tell whether a machine is somebody else's, who launched it meanwhile."""
    return not one.born and OWNER not in one.tags


@contextmanager
def prepared(seed: int) -> Iterator[Ground]:
    """Give an account like the real one, and the provider's process.

    Args:
        seed: of the faults that happen by chance.
    """
    canary, fingerprint = secrets.token_hex(16), secrets.token_hex(32)
    with serve(Account.born(), speed=SPEED) as fake, Plugin(FOLDER, project="sophia", stack="dev") as plugin:
        configuration: dict[str, Any] = {
            "apiUrl": fake.url,
            "clockSpeed": str(SPEED),
            "apiKey": Secret(fake.key),
            "fingerprintKey": Secret(fingerprint),
        }
        plugin.configure(configuration)
        yield Ground(fake, plugin, (canary, fingerprint, fake.key), random.Random(seed))  # noqa: S311 - must be repeatable
