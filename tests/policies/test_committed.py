"""The rules are asked about something: what the committed stacks declare, in each form that a choice gives it."""

import pytest

from policies import RULES, context, judge_graph
from render import render

NOT_DECLARED = {"DNS-1", "DNS-3", "DNS-4", "K8S-ING-2", "K8S-POD-1", "STATE-1"}
"""Rules about what prod does not declare: records, since its zone is kept elsewhere, Ingresses and bare pods."""


def test_every_rule_about_single_resources_holds_for_some_of_prod():
    report = judge_graph(render("prod"))
    asked = {rule.id for rule in RULES if rule.subjects}
    idle = {rule for rule in asked if not report.passes(rule) and not any(one.rule == rule for one in report.exempt)}
    # What is only known to the deployment is left for it.
    later = {one.rule for one in report.deferred}
    assert idle - later == NOT_DECLARED


@pytest.mark.parametrize("driver", ["rfc2136", "vercel"])
def test_the_zone_passes_whoever_keeps_it(driver):
    graph = render("prod", choices={"sophia:dns": driver})
    report = judge_graph(graph, context("prod", choice=graph.chosen))
    assert [one.message for one in (*report.blocking, *report.warnings)] == []
    assert report.passes("DNS-1")
    assert report.passes("DNS-3")
    assert {one.rule for one in report.deferred} >= {"DNS-4"}, "addresses of machines are judged once they are known"
