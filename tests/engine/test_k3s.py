"""K3s with the real engine: what somebody changed is named and repaired, and a node that leaves is emptied first."""

import json
from datetime import UTC, datetime

import pytest

from rehearsal.home import Folder
from rehearsal.state import State
from tests.engine.audit import deeds
from tests.engine.by_hand import on, running
from tests.engine.clusters import MCP, choose, drifted, floors_held, nodes, place_on, ready

pytestmark = [pytest.mark.engine, pytest.mark.soak]

CONFIG = "/etc/rancher/k3s/config.yaml"
BINARY = "/usr/local/bin/k3s"
ROLE = "sophia.ai/role"
SERVER, MCP_NODE, LEAVING, LABELLED = (
    *("sophia-ai-core", "sophia-mcp-orchestrator"),
    *("sophia-data-pipeline", "sophia-production-instance"),
)


def test_what_somebody_changed_is_named_and_repaired(prod):
    on(prod, MCP_NODE, f"echo 'debug: true' >> {CONFIG}")
    on(prod, LEAVING, f"cp {BINARY} {BINARY}.x; printf x >> {BINARY}.x; mv {BINARY}.x {BINARY}")
    prod.kubectl("prod", "label", "node", LABELLED, f"{ROLE}-")
    found = drifted(prod, "prod")
    assert set(found) == {f"k3s-{MCP_NODE}", f"k3s-{LEAVING}", f"k3s-{LABELLED}-labels"}
    assert any(path.startswith("config") for path in found[f"k3s-{MCP_NODE}"]), found
    assert any(path.startswith(("version", "artefacts")) for path in found[f"k3s-{LEAVING}"]), found
    assert f'metadata.labels["{ROLE}"]' in found[f"k3s-{LABELLED}-labels"]

    # The label is read from the API, which is that very unit: from here on drift says that it cannot be read.
    on(prod, SERVER, "systemctl stop k3s.service")
    answer = prod.answer("drift", "prod", code=7)
    assert answer["errors"] == []
    assert {one["name"] for one in answer["changes"]} == {f"k3s-{name}" for name in (SERVER, MCP_NODE, LEAVING)}
    assert f"k3s-{LABELLED}-labels" in answer["cluster"]["unchecked"]
    assert answer["cluster"]["remedy"] == answer["repair"] == "./sophia up prod"

    prod.sophia("up", "prod")
    assert prod.answer("drift", "prod")["changes"] == []
    assert nodes(prod, "prod")[LABELLED]["metadata"]["labels"][ROLE] == "production"
    assert "debug" not in on(prod, MCP_NODE, f"cat {CONFIG}")
    assert on(prod, SERVER, "systemctl is-active k3s.service").strip() == "active"


def test_a_node_that_leaves_is_emptied_first_and_no_client_notices(prod):
    place_on(prod, "prod", LEAVING, "mcp-slack")
    service = json.loads(prod.kubectl("prod", *MCP, "get", "service", "mcp-slack", "-o", "json"))["spec"]
    url = f"http://{service['clusterIP']}:{service['ports'][0]['port']}/health"
    once = f"curl --silent --output /dev/null --max-time 3 --write-out '%{{http_code}} %{{errormsg}}\\n' {url}"
    begun = datetime.now(UTC)
    # Nobody takes a pinned machine out by editing a file alone.
    resources = State(Folder(prod.home, "prod")).resources()
    (pinned,) = (one["urn"] for one in resources if one["urn"].endswith(f"::{LEAVING}-instance"))
    prod.by_hand("prod", "pulumi", "state", "unprotect", pinned, "--yes")
    choose(prod, "prod", machines=[SERVER, MCP_NODE, LABELLED])
    with (
        running(prod, MCP_NODE, f"while :; do {once}; sleep 0.05; done") as answers,
        floors_held(prod, "prod", {"mcp-slack": 1}),
    ):
        prod.sophia("up", "prod")
    assert len(answers) > 50
    assert {answer.strip() for answer in answers} == {"200"}

    done = deeds(prod, SERVER, LEAVING, begun)
    assert list(dict.fromkeys(deed.what for deed in done)) == ["cordon", "evict", "delete", "forget"], done
    assert [deed.what for deed in done].count("evict") >= 2, "both pods were moved"
    assert on(prod, LEAVING, f"ls {BINARY} /etc/rancher/k3s /var/lib/rancher/k3s 2>/dev/null || true") == ""
    ended = "journalctl --unit k3s-agent.service --output json --grep Stopped | tail --lines 1"
    uninstalled = int(json.loads(on(prod, LEAVING, ended))["__REALTIME_TIMESTAMP"]) / 1e6
    assert uninstalled > done[-1].moment.timestamp(), "the agent ended when nobody knew its node any more"
    assert nodes(prod, "prod").keys() == {SERVER, MCP_NODE, LABELLED}


def test_a_node_that_comes_back_joins_again(prod):
    choose(prod, "prod", machines=[SERVER, MCP_NODE, LEAVING, LABELLED])
    prod.sophia("up", "prod")
    assert ready(prod, "prod") == {SERVER, MCP_NODE, LEAVING, LABELLED}
    assert prod.answer("drift", "prod")["changes"] == []
