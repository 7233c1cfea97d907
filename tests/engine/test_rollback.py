"""Workloads under load, and workloads as an earlier commit declares them."""

import subprocess

import pytest
import yaml

pytestmark = pytest.mark.engine

AT_MOST = 240
"""Seconds that a return may take beside other tests; alone it is to take two minutes at most."""


def interval(checkout) -> str:
    (config,) = [
        one
        for one in checkout.objects("dev", "-n", "sophia-mcp", "configmaps")
        if "SYNC_INTERVAL" in one.get("data", {}) and "linear" in one["metadata"]["name"]
    ]
    return str(config["data"]["SYNC_INTERVAL"])


def test_workloads_go_back_to_the_last_good_commit_and_what_else_came_stays(dev):
    good = dev.commit("good")
    dev.sophia("up", "dev")
    before = interval(dev)
    file = dev.root / "catalog/mcp/linear.yaml"
    document = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**document, "settings": {**document["settings"], "SYNC_INTERVAL": "5"}}))
    dev.commit("broken")
    dev.sophia("up", "dev")
    assert interval(dev) == "5"

    result = dev.answer("rollback", "dev")
    assert (result["commit"], result["errors"]) == (good, [])
    assert result["seconds"] < AT_MOST
    assert interval(dev) == before
    assert all(one["ready"] == one["wanted"] for one in result["servers"])
    told = dev.answer("drift", "dev", code=0)
    assert told["changes"] == [], "the state is what runs"
    subprocess.run(["git", "reset", "--quiet", "--hard", good], cwd=dev.root, check=True)


def test_every_server_bears_clients_that_never_wait(dev):
    result = dev.answer("load", "dev", "--seconds", "1", "--clients", "2")
    assert result["errors"] == []
    assert [row["server"] for row in result["servers"] if not row["calls"]] == []
    assert len(result["servers"]) == 16
