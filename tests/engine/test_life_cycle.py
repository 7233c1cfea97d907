"""The main path with the real engine and API server: up, no-op, change, drift, repair, destroy."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.engine

NAMESPACE = ("-n", "sophia-mcp")


def test_a_second_up_changes_nothing_and_every_server_of_dev_is_at_its_floor(dev):
    result = dev.answer("up", "dev")
    assert set(result["changes"]) == {"same"}, result["changes"]
    assert len(result["servers"]) == 16 + 5 + 5
    assert all(server["ready"] == server["wanted"] for server in result["servers"])
    assert sum(server["ready"] for server in result["servers"]) == 28 + 5


def test_drift_of_what_runs_is_none(dev):
    result = dev.answer("drift", "dev")
    assert result["changes"] == []
    assert result["checked"] > 250, "a drift check that compares nothing finds nothing"


def test_a_deleted_deployment_and_an_edited_service_are_named_and_repaired(dev):
    dev.kubectl("dev", *NAMESPACE, "delete", "deployment", "mcp-github")
    edit = '[{"op": "replace", "path": "/spec/ports/0/port", "value": 9999}]'
    dev.kubectl("dev", *NAMESPACE, "patch", "service", "mcp-slack", "--type=json", "-p", edit)

    drifted = dev.answer("drift", "dev", code=7)["changes"]
    assert {(c["name"], c["op"]) for c in drifted} == {
        ("mcp-github-deployment", "delete"),
        ("mcp-slack-service", "update"),
    }
    assert ["spec.ports[0].port"] in [c["paths"] for c in drifted]
    shown = dev.sophia("drift", "dev", check=False)
    assert shown.returncode == 7
    assert "./sophia up dev" in shown.stdout, "it names the command that repairs"

    dev.sophia("up", "dev")
    assert dev.answer("drift", "dev")["changes"] == []


def test_a_seventeenth_server_is_one_file_and_its_objects_alone(dev):
    copy_server(dev.root, "github", "seventeenth", 9099)
    try:
        changes = dev.answer("preview", "dev")["changes"]
        found = {
            op: sorted((c["component"], c["kind"]) for c in changes if c["op"] == op) for op in ("create", "update")
        }
        kinds = (
            "ConfigMap",
            "Deployment",
            "HTTPRoute",
            "HorizontalPodAutoscaler",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Secret",
            "Service",
            "ServiceAccount",
        )
        # Of what leads in, of what leads out by a port of its own, and of what lists it: each its file, and its pods.
        told = sorted(
            [
                *(
                    (name, kind)
                    for name in ("egress-proxy", "mcp-gateway", "registry-v2")
                    for kind in ("ConfigMap", "Deployment")
                ),
                *(("egress-proxy", kind) for kind in ("NetworkPolicy", "Service")),
            ]
        )
        assert found == {
            "create": [("mcp-seventeenth", kind) for kind in kinds],
            "update": told,
        }
        assert len(changes) == len(kinds) + len(told)
    finally:
        (dev.root / "catalog/mcp/seventeenth.yaml").unlink()


def test_a_changed_setting_that_was_reviewed_rolls_the_pods_of_its_server_alone_and_is_not_done_twice(dev, tmp_path):
    before = pods_by_server(dev)
    path = dev.root / "catalog/mcp/linear.yaml"
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**document, "settings": {**document["settings"], "SYNC_INTERVAL": "77"}}))
    reviewed = tmp_path / "preview.json"
    reviewed.write_text(dev.sophia("preview", "dev", "--json").stdout)
    dev.sophia("up", "dev", "--reviewed", str(reviewed))
    after = settled_pods_by_server(dev)
    assert {name for name in after if after[name] != before[name]} == {"linear"}
    again = dev.sophia("up", "dev", "--reviewed", str(reviewed), check=False)
    assert again.returncode == 2
    assert "the state has moved" in again.stderr
    assert "reviewed, and would not be done: update Deployment mcp-linear-deployment" in again.stderr


def test_a_changed_secret_rolls_the_pods_that_use_it_alone(dev):
    before = pods_by_server(dev)
    path = "rehearsal/sophia/dev-secrets sophia.business.LINEAR_API_KEY"
    dev.by_hand("dev", "sh", "-c", f"base64 /proc/sys/kernel/random/uuid | pulumi env set {path} --secret --file -")
    dev.sophia("up", "dev")
    after = settled_pods_by_server(dev)
    assert {name for name in after if after[name] != before[name]} == {"linear"}


def test_pulumi_and_kubectl_work_by_hand_after_env(dev):
    shown = dev.by_hand("dev", "pulumi", "preview", "--non-interactive")
    assert re.search(r"^\s+4\d\d unchanged$", shown, re.MULTILINE), shown
    assert "sophia-development" in dev.kubectl("dev", "get", "nodes")


def test_destroy_ends_with_no_resource(dev):
    dev.by_hand("dev", "pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
    state = json.loads(dev.by_hand("dev", "pulumi", "stack", "export"))
    assert state["deployment"].get("resources", []) == []


def copy_server(root: Path, source: str, name: str, port: int) -> None:
    """What an engineer does to add a server: copy a file, give it a port of its own."""
    path = root / f"catalog/mcp/{name}.yaml"
    shutil.copy(root / f"catalog/mcp/{source}.yaml", path)
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**document, "port": port}))


def pods_by_server(checkout) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pod in checkout.objects("dev", *NAMESPACE, "pods"):
        if "deletionTimestamp" not in pod["metadata"]:
            found.setdefault(pod["metadata"]["labels"]["sophia.ai/workload"], set()).add(pod["metadata"]["name"])
    return found


def settled_pods_by_server(checkout) -> dict[str, set[str]]:
    """Wait, bounded, until a rollout has removed the pods it replaces."""
    floors = dict.fromkeys(
        ("ai-memory", "gong", "hubspot", "slack", "egress-proxy", "mcp-gateway", "mcp-orchestration"), 2
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pods = pods_by_server(checkout)
        if all(len(names) == floors.get(server, 1) for server, names in pods.items()):
            return pods
        time.sleep(0.5)
    msg = "the rollout did not settle within 60 s"
    raise AssertionError(msg)
