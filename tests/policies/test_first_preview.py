"""A first preview, before there is a cluster: what only the cluster will tell does not keep it from coming."""

from dataclasses import replace

import pytest

from policies import judge
from policies.sources import of_graph
from render import render
from render.monitor import Recorder


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_nothing_that_the_engine_asks_blocks_because_there_is_no_cluster_yet(stack, committed, monkeypatch):
    echoing = Recorder.new_resource

    def without_a_cluster(self, args):
        name, outputs = echoing(self, args)
        return name, {} if args.typ.startswith("kubernetes:") else outputs

    monkeypatch.setattr(Recorder, "new_resource", without_a_cluster)
    graph = render(stack)
    asking = judge(replace(committed, stack=stack, choice=graph.chosen))
    resources = of_graph(graph)
    assert any("[unknown]" in str(one.inputs) for one in graph), "its namespaces are not known"
    found = [finding for one in resources for finding in asking.one(one) if finding.level == "block"]
    assert [one.message for one in found] == []
