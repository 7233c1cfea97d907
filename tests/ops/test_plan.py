"""What a plan says about a checkout whose files were edited since a commit."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from benchmarks.checkout import ROOT, Checkout, copied
from catalog.quantity import millicores
from render import render

pytestmark = pytest.mark.timeout(120)


def edit(path: Path, **changes: object) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, **changes}), encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Checkout:
    return copied(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def planned(checkout):
    """A plan after one server was given another setting and more CPU, and the stack older prices."""
    server, stack = checkout.root / "catalog/mcp/linear.yaml", checkout.root / "Pulumi.dev.yaml"
    before = {path: path.read_bytes() for path in (server, stack)}
    edit(server, settings={"SYNC_INTERVAL": "77"}, resources={"requests": {"cpu": "1500m"}, "limits": {"cpu": "2"}})
    config = yaml.safe_load(stack.read_text(encoding="utf-8"))["config"]
    edit(stack, config={**config, "sophia:price_book": "2025"})
    document = checkout.answer("plan", "dev")
    for path, content in before.items():
        path.write_bytes(content)
    return document


@pytest.fixture(scope="module")
def committed():
    """The stack as it was committed."""
    return render("dev").choice


def test_a_plan_names_what_changes_and_nothing_else(planned):
    assert {(c["name"], c["kind"], c["op"]) for c in planned["changes"]} == {
        ("mcp-linear-config", "ConfigMap", "update"),
        ("mcp-linear-deployment", "Deployment", "update"),
        # Nothing is launched above the book's price.
        ("sophia-development-instance", "Instance", "update"),
    }


def test_a_plan_names_the_properties_that_differ(planned):
    paths = {change["kind"]: change["paths"] for change in planned["changes"]}
    assert paths["ConfigMap"] == ["data.SYNC_INTERVAL"]
    assert paths["Deployment"] == [
        "spec.template.metadata.annotations.sophia.ai/config-checksum",
        "spec.template.spec.containers[0].resources.limits.cpu",
        "spec.template.spec.containers[0].resources.requests.cpu",
    ]


def test_a_plan_shows_what_it_costs_before_and_after(planned, committed):
    assert planned["base_monthly_cost_usd"] == f"{committed.monthly_cents / 100:.2f}"
    assert float(planned["monthly_cost_usd"]) < float(planned["base_monthly_cost_usd"]), "prices were lower in 2025"


def test_a_plan_shows_the_room_that_is_left_on_the_one_node(planned, committed):
    (node,) = committed.nodes
    asked = sum(w.replicas.min * w.resources.requests.millicores for w in committed.workloads)
    left = millicores(planned["headroom"][node.name].split(" CPU")[0])
    # cert-manager's three pods, six runs of backups and drills, the migrations, the GPU plugin, and what K3s brings.
    others = 30 + 600 + 50 + 10 + 200
    assert left == node.allocatable.millicores - asked - others - 1000, "one pod asks for a core more"


def test_a_plan_is_as_its_schema_says(planned):
    schema = json.loads((ROOT / "docs/schema/plan.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(planned)


def test_a_plan_makes_nothing(checkout, planned):
    assert planned["stack"] == "dev"
    assert not checkout.home.exists()


def test_an_unknown_commit_leaves_with_2_and_its_remedy(sophia):
    left = sophia("plan", "dev", "--base", "nosuch")
    assert (left.code, left.out) == (2, "")
    assert left.err == "error: nosuch: git knows no such commit; name one that `git log` shows, or fetch it first\n"


def test_a_broken_catalog_leaves_with_2_and_every_offence(checkout):
    broken = {checkout.root / f"catalog/mcp/{name}.yaml": name for name in ("linear", "slack")}
    before = {path: path.read_bytes() for path in broken}
    for path in broken:
        path.write_text("title: [unclosed\n", encoding="utf-8")
    try:
        done = checkout.sophia("plan", "dev", "--json", check=False)
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(f"catalog/mcp/{name}.yaml" in done.stderr for name in broken.values())
    assert "Traceback" not in done.stderr
