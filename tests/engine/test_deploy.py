"""The workflows of deliveries, drift and repairs, run as they are committed, with GitHub's API on this machine too."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import ROOT, Checkout, copied
from rehearsal.github import GitHub, User, serve
from rehearsal.github.records import Approval
from rehearsal.workflows import WorkflowRun, read
from rehearsal.workflows.expressions import Expressions
from tests.engine import next_version
from tests.engine.workflows import runner
from tests.slack import Slack, served

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

SERVER = "github"
WORKFLOWS = ROOT / ".github/workflows"
AT_MOST = 120.0
"""Seconds that a return may take."""


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with a next version of a server, which no request is led to."""
    made = copied(tmp_path_factory.mktemp("deploy"))
    next_version.state(made, SERVER, '{tag: "1.1.0", weight: 0}')
    try:
        yield made
    finally:
        made.sophia("down", "--all")


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with serve() as made:
        yield made


@pytest.fixture
def slack() -> Iterator[Slack]:
    with served() as made:
        yield made


@pytest.fixture
def run(
    change: Checkout,
    hub: GitHub,
    slack: Slack,
    expressions: Expressions,
    tmp_path: Path,
) -> Callable[..., WorkflowRun]:
    """Runs a workflow for an event at a commit; somebody approves of prod."""
    runs: list[WorkflowRun] = []

    def approve(environment: str) -> bool:
        if environment == "prod":
            said = Approval(environment="prod", user=User(login="ada"))
            hub.repository.approvals.setdefault("1", []).append(said)
        return True

    def do(workflow: str, event: str, commit: str, **payload: Any) -> WorkflowRun:
        running = runner(
            change,
            hub,
            expressions,
            tmp_path / f"run-{len(runs)}",
            environment={"SLACK_WEBHOOK_URL": slack.url, "SOPHIA_HOME": str(change.home)},
            variables={"PULUMI_ORG": "ai-cherry"},
            approve=approve,
            instead={"TARGET": "rehearsal", "JITTER": "0"},
        )
        told = {"ref": "refs/heads/main", "sender": {"login": "eve"}, **payload}
        runs.append(running.run(read(WORKFLOWS / f"{workflow}.yml"), event, told, commit))
        for name, job in runs[-1].jobs.items():
            for step in job.steps:
                print(f"{workflow}, {name}: {step.title}: {step.outcome}, {step.seconds:.0f} s")  # noqa: T201 - the time
                if step.outcome == "failure":
                    print(step.said)  # noqa: T201 - why
        return runs[-1]

    return do


def ended(found: WorkflowRun) -> dict[str, str]:
    """How each job ended."""
    return {name: job.result for name, job in found.jobs.items()}


def weights(change: Checkout) -> dict[str, int]:
    """Weights of the versions of the server in prod."""
    (route,) = [
        one
        for one in change.objects("prod", "-n", "sophia-mcp", "httproutes")
        if any(of["name"] == f"mcp-{SERVER}" for rule in one["spec"]["rules"] for of in rule.get("backendRefs", ()))
    ]
    return {of["name"]: of.get("weight", 1) for rule in route["spec"]["rules"] for of in rule["backendRefs"]}


def test_staging_is_woken_asked_and_put_to_sleep_and_prod_gets_the_plan_that_was_approved(change, run):
    good = change.commit("good")
    found = run("deploy", "push", good)
    assert ended(found) == {"staging": "success", "plan": "success", "prod": "success"}
    steps = {step.title: step for step in found.jobs["staging"].steps}
    assert "staging sleeps" in steps['./sophia machines sleep staging --target "$TARGET" --yes'].said
    assert change.answer("drift", "staging")["asleep"]
    assert f"staging runs {good[:12]}" in found.jobs["staging"].summary
    assert "### The plan" not in found.jobs["staging"].summary
    assert f"prod at `{good[:12]}`" in found.jobs["plan"].summary, "whoever approves reads what will be done"
    told = found.jobs["prod"].summary
    assert f"prod runs {good[:12]}" in told
    assert "| approved by | `ada` |" in told
    assert "| update | 1, succeeded, " in told
    assert "| by | `eve` |" in told
    assert all(one.startswith(("actions/setup-", "pulumi/")) for one in found.not_done)


def test_a_next_version_that_breaks_in_prod_is_taken_back_and_the_report_says_so(change, run, tmp_path):
    entry = change.root / f"catalog/mcp/{SERVER}.yaml"
    assert weights(change)[f"mcp-{SERVER}-canary"] == 0
    entry.write_text(entry.read_text().replace("weight: 0}", "weight: 10}"))
    commit = change.commit("more to the next version")
    titles = [step.title for step in read(WORKFLOWS / "deploy.yml").jobs["prod"].steps]
    watching = titles.index('./sophia verify prod --target "$TARGET" --watch 60')

    def break_it() -> None:
        while not (tmp_path / f"run-0/prod/step-{watching}").exists():
            time.sleep(0.2)
        change.kubectl("prod", "-n", "sophia-mcp", "scale", f"deployment/mcp-{SERVER}-canary", "--replicas=0")

    threading.Thread(target=break_it, daemon=True).start()
    found = run("deploy", "push", commit)
    assert ended(found) == {"staging": "success", "plan": "success", "prod": "failure"}
    returned = next(one for one in found.jobs["prod"].steps if one.title.startswith("./sophia rollback"))
    assert returned.outcome == "success"
    assert returned.seconds < AT_MOST
    assert weights(change)[f"mcp-{SERVER}-canary"] == 0
    told = found.jobs["prod"].summary
    assert f"prod did not bear {commit[:12]}: its workloads are those of " in told
    assert f"{SERVER}-canary" in told
    assert change.answer("drift", "prod")["changes"] == []


def test_what_the_morning_look_finds_is_told_once_and_repaired_where_somebody_puts_the_label(change, run, hub, slack):
    commit = change.commit("as it is")
    change.sophia("up", "prod")
    change.kubectl("prod", "-n", "sophia-mcp", "delete", "deployment", "mcp-linear", "--cascade=foreground")
    found = run("drift", "schedule", commit)
    assert ended(found) == {"look (dev)": "failure", "look (staging)": "success", "look (prod)": "failure"}
    issues = {issue.title: issue for issue in hub.repository.issues.values()}
    assert issues.keys() == {"Drift: dev", "Drift: prod"}, "staging sleeps, and dev is not there to be looked at"
    assert "mcp-linear" in issues["Drift: prod"].body
    assert "is not up" in issues["Drift: dev"].body
    told = len(slack.said), len(hub.repository.comments)

    run("drift", "schedule", commit)
    assert (len(slack.said), len(hub.repository.comments)) == told, "nothing is new"

    repairing = {"action": "labeled", "label": {"name": "drift-approved"}}
    issues["Drift: prod"].labels.append(hub.repository.label("drift-approved").name)
    labels = [{"name": name} for name in issues["Drift: prod"].labels]
    other = run("repair", "issues", commit, action="labeled", label={"name": "bug"}, issue={"labels": labels})
    assert ended(other) == {"repair": "skipped"}
    repaired = run("repair", "issues", commit, issue={"labels": labels}, **repairing)
    assert ended(repaired) == {"repair": "success"}
    assert issues["Drift: prod"].state == "closed"
    assert change.answer("drift", "prod")["changes"] == []
