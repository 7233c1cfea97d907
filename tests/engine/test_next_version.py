"""The next version of a server in a whole stack, with clients of both versions at work."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from benchmarks.checkout import Checkout
from tests.engine import next_version

pytestmark = pytest.mark.engine

SERVER = "github"
SCHEMA = Path(__file__).parents[2] / "docs/schema/rollout.json"
AT_MOST = timedelta(seconds=240)
"""On a machine that also runs other tests; alone it is under the two minutes that are promised."""


@pytest.fixture(scope="module")
def rolling(lane: Checkout) -> Iterator[Checkout]:
    """Dev up with a next version of one server; its image comes with the machine's, so that this boots anew."""
    before = {path: path.read_text() for path in next_version.files(lane, SERVER)}
    next_version.state(lane, SERVER, '{tag: "1.1.0"}')
    try:
        lane.sophia("down", "dev")
        assert lane.answer("up", "dev")["changes"]["create"] > 250
        yield lane
    finally:
        for path, text in before.items():
            path.write_text(text)
        lane.sophia("up", "dev")


def weight(checkout: Checkout) -> int:
    found = re.search(r"weight: (\d+)", (checkout.root / f"catalog/mcp/{SERVER}.yaml").read_text())
    return int(found[1]) if found else 0


@contextmanager
def clients(checkout: Checkout) -> Iterator[dict[str, dict[str, int]]]:
    """Clients call while the block runs; what they saw is there afterwards."""
    told: dict[str, dict[str, int]] = {}
    command = [str(checkout.root / ".venv/bin/python"), "-m", "benchmarks.clients", "dev", SERVER]
    with subprocess.Popen(
        command,
        cwd=checkout.root,
        env=checkout.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield told
        finally:
            told |= json.loads(process.communicate(timeout=60)[0])
            print(told)  # noqa: T201 - what clients saw


def rollout(checkout: Checkout, *words: str, code: int = 0) -> dict[str, Any]:
    result = dict(checkout.answer("rollout", "dev", SERVER, *words, code=code))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(result)
    return result


@pytest.mark.soak
def test_requests_move_by_steps_and_no_client_sees_an_error(rolling):
    with clients(rolling) as told:
        result = rollout(rolling, "--to", "10", "--seconds", "5")
    assert [(step["weight"], step["wrong"]) for step in result["steps"]] == [(0, []), (10, [])]
    assert weight(rolling) == 10
    assert set(told["present version"]) == {"1.0.0"}
    assert set(told["either version"]) == {"1.0.0", "1.1.0"}


def test_a_next_version_that_breaks_gives_back_and_clients_of_the_present_one_notice_nothing(rolling):
    """They go to it by steps until then."""
    broken: list[datetime] = []

    def break_it() -> None:
        while weight(rolling) < 50:
            time.sleep(0.2)
        time.sleep(2)
        broken.append(datetime.now(UTC))
        rolling.kubectl("dev", "-n", "sophia-mcp", "scale", f"deployment/mcp-{SERVER}-canary", "--replicas=0")

    breaking = threading.Thread(target=break_it, daemon=True)
    breaking.start()
    try:
        with clients(rolling) as told:
            result = rollout(rolling, "--to", "100", "--seconds", "20", code=1)
            ended = datetime.now(UTC)
    finally:
        rolling.kubectl("dev", "-n", "sophia-mcp", "scale", f"deployment/mcp-{SERVER}-canary", "--replicas=1")
    breaking.join()
    back = result["returned"]
    assert (back["from_weight"], back["to_weight"]) == (50, 10)
    assert f"{SERVER}-canary" in back["why"]
    taken = ended - broken[0]
    print(f"from the break to the last good weight in force: {taken.total_seconds():.0f} s")  # noqa: T201 - the figure
    assert taken < AT_MOST
    assert weight(rolling) == 10
    assert set(told["present version"]) == {"1.0.0"}
    assert {*told["either version"]} >= {"1.0.0", "1.1.0"}


def test_what_is_no_step_and_who_has_no_next_version_is_bad_input(rolling):
    shown = rolling.sophia("rollout", "dev", "linear", "--to", "30", check=False)
    assert shown.returncode == 2
    assert "--to: 30" in shown.stderr
    assert "catalog/mcp/linear.yaml: rollout" in shown.stderr
