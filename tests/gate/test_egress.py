"""What the gate makes of connections that were tried from a server's place."""

import pytest

import catalog
from catalog import egress
from ops.gate.egress import PROBE, Attempt, Outcome, attempts, pod

FACTS = catalog.load()
STACK = FACTS.stack("dev", machines=["sophia-development"], mcp_servers=["github", "postgres", "slack"])
SERVERS = {one.name: one for one in STACK.servers}
NAMESPACE = "sophia-mcp"
LIKE = {
    "metadata": {"labels": {"sophia.ai/workload": "github", "pod-template-hash": "abc"}},
    "spec": {"nodeName": "sophia-development"},
}


def outcome(ended: str, answer: str = "in its words") -> Outcome:
    return Outcome(to="api.github.com:443", ended=ended, answer=answer)


@pytest.mark.parametrize("ends", ["connected", "refused", "blocked"])
@pytest.mark.parametrize("ended", ["connected", "refused", "failed", "blocked", "unresolved"])
def test_only_the_end_that_was_declared_is_good(ends, ended):
    attempt = Attempt("reaches it", "api.github.com:443", "", ends)
    check = attempt.check(outcome(ended))
    assert check.ok is (ended == ends)
    assert "in its words" in check.detail
    assert ended in check.detail


def test_who_may_go_out_is_tried_by_name_by_another_name_by_another_entrance_and_around():
    tried = {one.name: one for one in attempts(STACK, SERVERS["github"], NAMESPACE)}
    own, others = (f"http://egress-proxy.{NAMESPACE}.svc.cluster.local:{port}" for port in (19005, 19004))
    assert {(one.to, one.via, one.ends) for one in tried.values()} == {
        ("api.github.com:443", own, "connected"),
        (f"{egress.FORBIDDEN}:443", own, "refused"),
        ("api.github.com:443", others, "blocked"),
        ("api.github.com:443", "", "blocked"),
    }


def test_who_may_go_nowhere_comes_in_to_no_entrance_and_gets_to_no_address():
    assert [one.ends for one in attempts(STACK, SERVERS["postgres"], NAMESPACE)] == ["blocked", "blocked"]


def test_the_pod_that_tries_is_bound_by_the_server_s_policies_and_taken_for_no_pod_of_the_server():
    made = pod(LIKE, SERVERS["github"], "image", attempts(STACK, SERVERS["github"], NAMESPACE))
    assert made["metadata"]["labels"] == {"sophia.ai/workload": "github", PROBE: "github"}
    assert made["spec"]["readinessGates"], "no Service leads to it"
    assert made["spec"]["nodeName"] == "sophia-development"
