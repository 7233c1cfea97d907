"""How long machines take from the first launch until all are ready, against the least that the API allows.

The API lets one launch through per 12 s and a machine with one GPU boots 200 s (its fake's clock), so n machines need
12 s for each but the first, and one boot. Provider and account run at 60 times real time, as in the rehearsal.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.checkout import ROOT
from benchmarks.samples import Row, ratio, show
from providers.kit.testing import Plugin, Secret
from rehearsal.lambda_cloud import Account, serve

COUNT = 10
WEST = "us-west-1"
SPEED = 60.0
LAUNCH_SECONDS = 12
BOOT_SECONDS = 200
GOAL = 1.15


def measure() -> list[Row]:
    """Return the time that machines took, in seconds of the API's clock."""
    with serve(Account.empty(), speed=SPEED) as fake, Plugin(ROOT / "providers/lambda_cloud") as plugin:
        fake.account.ssh_keys.add({"name": "key"})
        settings: dict[str, Any] = {"apiUrl": fake.url, "clockSpeed": str(SPEED)}
        plugin.configure({**settings, "apiKey": Secret(fake.key), "fingerprintKey": Secret(secrets.token_hex(16))})

        def machine(number: int) -> None:
            name = f"machine-{number}"
            wanted = {"name": name, "sshKeyName": "key", "candidates": [{"instanceType": "gpu_1x_a10", "region": WEST}]}
            instance = plugin.create("Instance", plugin.check("Instance", wanted).inputs, name=name)
            ready = plugin.check("InstanceReady", {"instanceId": instance.id}).inputs
            plugin.create("InstanceReady", ready, name=name)

        with ThreadPoolExecutor(COUNT) as pool:
            list(pool.map(machine, range(COUNT)))
        ended = fake.account.clock.now
        requests = [entry for entry in fake.log.entries if entry.status != 429]  # noqa: PLR2004 - HTTP's number
        began = next(entry.time for entry in requests if entry.operation == "launch")
    least = (COUNT - 1) * LAUNCH_SECONDS + BOOT_SECONDS
    return [
        Row(f"{COUNT} machines ready after the first launch", f"{ended - began:.0f} s of the API's clock"),
        ratio("the same against the least that the API allows", (ended - began) / least, GOAL),
        Row("requests meanwhile", str(len(requests))),
    ]


if __name__ == "__main__":
    show("Readiness", measure())
