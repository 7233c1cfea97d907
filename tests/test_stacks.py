"""What the committed stacks render to."""

import re
from pathlib import Path

import pytest
import yaml

from render import Graph, render
from render.graph import SECRET, UNKNOWN

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("dev", "staging", "prod")


@pytest.fixture(scope="module", params=STACKS)
def graph(request) -> Graph:
    return render(request.param)


def test_the_resource_graph_is_the_golden(graph):
    golden = (ROOT / f"tests/golden/{graph.stack}.json").read_text(encoding="utf-8")
    assert graph.to_json() == golden, "the resources changed: `make golden` writes the difference into the review"


def test_no_secret_value_shows(graph):
    assert "placeholder" not in graph.to_json()


def test_everything_a_secret_object_holds_is_marked_secret(graph):
    secrets = graph.of_type("kubernetes:core/v1:Secret")
    assert len(secrets) >= 16
    for secret in secrets:
        values = secret.inputs["stringData"]
        # The keys of Weaviate's users are the server's to make.
        held = {values} if isinstance(values, str) else {*values.values()}
        assert held <= {SECRET, UNKNOWN}, secret.urn


def test_the_kubeconfig_is_what_the_server_gives_and_a_secret(graph):
    (provider,) = graph.of_type("pulumi:providers:kubernetes")
    (server,) = graph.of_type("host:index:K3sServer")
    assert server.urn in provider.dependencies
    assert {"kubeconfig", "joinToken"} <= set(server.options["additional_secret_outputs"])
    assert provider.inputs["kubeconfig"] in {SECRET, UNKNOWN}, "only a deployment knows it"


def test_tokens_and_the_key_of_sessions_show_nowhere(graph):
    (server,) = graph.of_type("host:index:K3sServer")
    assert (server.inputs["token"], server.inputs["agentToken"]) == (SECRET, SECRET)
    hidden = {SECRET, UNKNOWN}
    assert {act.inputs["connection"] for act in graph.of_type("command:remote:Command")} <= hidden
    assert {agent.inputs["token"] for agent in graph.of_type("host:index:K3sAgent")} <= hidden


def test_every_stack_runs_the_sixteen_servers(graph):
    servers = [one for one in graph.of_type("sophia:workload:Workload") if one.name.startswith("mcp-")]
    assert {one.inputs["workload"] for one in servers} >= {one.name for one in graph.choice.servers}
    assert len(graph.choice.servers) == 16
    assert len(graph.of_type("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")) == 16 + 1


def test_every_resource_of_kubernetes_names_its_provider(graph):
    cluster = next(iter(graph.of_type("pulumi:providers:kubernetes"))).urn
    assert {r.provider for r in graph if r.type.startswith("kubernetes:")} == {cluster}


def test_names_hold_no_stack_and_no_index(graph):
    # Machines and regions are called by their own names, whatever those are.
    own = {name for machine in graph.choice.machines for name in (machine, graph.choice.machines[machine].region)}
    names = [re.sub("|".join(sorted(own)), "", r.name) for r in graph]
    assert [n for n in names if graph.stack in re.split(r"[-_]", n) or re.search(r"-\d+$", n)] == []


def test_components_have_three_part_literal_tokens(graph):
    tokens = {r.type for r in graph if not r.custom}
    assert tokens
    assert all(re.fullmatch(r"sophia:[a-z0-9]+:[A-Z][A-Za-z]+", token) for token in tokens)


def test_a_graph_survives_its_json(graph):
    again = Graph.from_json(graph.to_json())
    assert again.to_json() == graph.to_json()


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_is_short_and_holds_neither_secrets_nor_undeclared_keys(stack):
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    document = yaml.safe_load(text)
    assert len(text.splitlines()) <= 25
    assert {key.removeprefix("sophia:") for key in document["config"]} <= set(declared)
    assert "secure" not in text
    assert "encryptionsalt" not in text


def test_prices_follow_the_price_book_a_stack_chooses():
    assert render("prod").outputs["monthly_cost_usd"] == "4423.80"
    assert render("prod", choices={"sophia:price_book": "2025"}).outputs["monthly_cost_usd"] == "2978.40"
