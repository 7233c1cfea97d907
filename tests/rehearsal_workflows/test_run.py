"""Workflows that are run here: what holds is GitHub's, and what nobody evaluates is refused."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.workflows import Runner, WorkflowError, WorkflowRun, read
from rehearsal.workflows.expressions import Expressions

pytestmark = pytest.mark.engine
"""They need Node.js and GitHub's library, as set-up brings them."""

CHECKOUT = "actions/checkout@" + "a" * 40
UPLOAD = "actions/upload-artifact@" + "b" * 40
DOWNLOAD = "actions/download-artifact@" + "c" * 40
OTHER = "somebody/something@" + "d" * 40

HEAD = """\
name: Planted
"on": [push]
permissions: {}
"""


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, str]:
    """A repository with two commits, and the second one's name."""
    root = tmp_path / "source"
    root.mkdir()
    person = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for words in (("init", "--quiet"), *((("commit", "--quiet", "--allow-empty", f"--message={n}")) for n in "12")):
        subprocess.run(["git", *person, *words], cwd=root, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True)
    return root, done.stdout.strip()


@pytest.fixture
def run(expressions: Expressions, source: tuple[Path, str], tmp_path: Path) -> Callable[..., WorkflowRun]:
    """Runs a workflow of these jobs."""

    def do(jobs: str, **more: Any) -> WorkflowRun:
        file = tmp_path / "planted.yml"
        file.write_text(HEAD + jobs, encoding="utf-8")
        root, commit = source
        given = {
            "repository": "ai-cherry/sophia-main",
            "api": "http://127.0.0.1:1",
            "token": lambda may: " ".join(f"{name}:{how}" for name, how in may.items()) or "nothing",
            "environment": {"PATH": "/usr/bin:/bin"},
            **more,
        }
        runner = Runner(expressions=expressions, source=root, folder=tmp_path / "run", **given)
        return runner.run(read(file), "push", {"ref": "refs/heads/main"}, commit)

    return do


def said(found: WorkflowRun, job: str) -> list[str]:
    return [step.said.strip() for step in found.jobs[job].steps]


def test_steps_hand_on_what_they_say_and_conditions_are_githubs(run):
    found = run(
        """
env: {GREETING: hello}
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    outputs: {greeting: "${{ steps.say.outputs.greeting }}!"}
    steps:
      - {id: say, run: 'echo "greeting=$GREETING" >> "$GITHUB_OUTPUT"; echo "LATER=1" >> "$GITHUB_ENV"'}
      - if: steps.say.outputs.greeting == 'HELLO'
        run: 'echo "later $LATER"; echo "# Told" >> "$GITHUB_STEP_SUMMARY"'
      - {run: echo never, if: "github.event_name == 'pull_request'"}
      - {id: broken, run: exit 3, continue-on-error: true}
      - {run: 'echo "${{ steps.broken.outcome }} ${{ steps.broken.conclusion }} ${{ job.status }}"'}
  two:
    needs: one
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {run: 'echo "${{ needs.one.outputs.greeting }} ${{ needs.one.result }}"'}
"""
    )
    assert found.result == "success"
    assert said(found, "one")[1:] == ["later 1", "", "", "failure success success"]
    assert [step.outcome for step in found.jobs["one"].steps] == ["success", "success", "skipped", "failure", "success"]
    assert found.jobs["one"].summary == "# Told\n"
    assert said(found, "two") == ["hello! success"]


def test_what_comes_after_a_failure_is_skipped_but_for_what_asks_for_it(run):
    found = run(
        """
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {run: 'false'}
      - {run: echo next}
      - {run: echo cleared, if: "${{ !cancelled() }}"}
      - {run: echo mourned, if: failure()}
  two: {needs: one, runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo two}]}
  three:
    needs: one
    if: always()
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps: [{run: 'echo "${{ needs.one.result }}"'}]
  four: {needs: two, runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo four}]}
"""
    )
    assert found.result == "failure"
    assert [step.outcome for step in found.jobs["one"].steps] == ["failure", "skipped", "success", "success"]
    assert {name: job.result for name, job in found.jobs.items() if name != "one"} == {
        "two": "skipped",
        "three": "success",
        "four": "skipped",
    }
    assert said(found, "three") == ["failure"]


def test_a_matrix_runs_once_for_each_value_and_one_failure_is_the_jobs(run):
    found = run(
        """
jobs:
  each:
    strategy: {fail-fast: false, matrix: {stack: [dev, prod]}}
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps: [{run: 'echo ${{ matrix.stack }}; test ${{ matrix.stack }} = dev'}]
  after: {needs: each, if: failure(), runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo told}]}
"""
    )
    assert {name: job.result for name, job in found.jobs.items()} == {
        "each (dev)": "success",
        "each (prod)": "failure",
        "after": "success",
    }
    assert said(found, "each (prod)") == ["prod"]


def test_checkouts_are_as_deep_as_asked_and_artefacts_go_from_job_to_job(run, source):
    found = run(
        f"""
jobs:
  shallow:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {{uses: {CHECKOUT}, with: {{persist-credentials: false}}}}
      - {{run: 'git log --oneline | wc -l; git rev-parse HEAD; echo found > report.json'}}
      - {{uses: {UPLOAD}, with: {{name: report, path: report.json}}}}
  deep:
    needs: shallow
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {{uses: {CHECKOUT}, with: {{fetch-depth: 0}}}}
      - {{uses: {DOWNLOAD}, with: {{name: report}}}}
      - {{run: 'git log --oneline | wc -l; cat report.json'}}
      - {{uses: {OTHER}, with: {{what: "${{{{ github.repository }}}}"}}}}
      - {{uses: {DOWNLOAD}, with: {{name: none}}}}
"""
    )
    assert said(found, "shallow")[1].split() == ["1", source[1]]
    assert said(found, "deep")[2].split() == ["2", "found"]
    assert found.not_done == (OTHER,)
    assert said(found, "deep")[3] == "not carried out here (what: ai-cherry/sophia-main)"
    assert said(found, "deep")[4] == "Artifact not found for name: none"
    assert found.jobs["deep"].result == "failure"


def test_folders_are_handed_on_without_what_is_hidden_and_patterns_fetch_each_into_its_own(run):
    found = run(
        f"""
jobs:
  each:
    strategy: {{matrix: {{stack: [dev, prod]}}}}
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {{run: 'mkdir -p plan/more; echo ${{{{ matrix.stack }}}} > plan/more/a; touch plan/.hidden'}}
      - {{uses: {UPLOAD}, with: {{name: "plan-${{{{ matrix.stack }}}}", path: plan}}}}
  together:
    needs: each
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - {{uses: {DOWNLOAD}, with: {{pattern: plan-*, path: plans}}}}
      - {{run: 'cd "${{{{ github.workspace }}}}/plans"; find . -type f | sort; cat */more/a'}}
      - {{uses: {DOWNLOAD}, with: {{pattern: none-*, path: others}}}}
"""
    )
    assert said(found, "together") == [
        "more, more",
        "./plan-dev/more/a\n./plan-prod/more/a\ndev\nprod",
        "no artefacts were found",
    ]


def test_a_job_whose_needs_are_not_run_here_goes_on_only_where_it_says_so(run):
    steps = "runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo done}]"
    jobs = f"jobs:\n  a: {{{steps}}}\n  b: {{needs: a, {steps}}}\n  c: {{needs: a, if: '!cancelled()', {steps}}}\n"
    found = run(jobs, only=frozenset({"b", "c"}))
    assert {name: job.result for name, job in found.jobs.items()} == {"b": "skipped", "c": "success"}


def test_a_job_has_the_token_and_the_secrets_that_are_its_own(run):
    found = run(
        """
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    permissions: {contents: read, checks: write}
    steps: [{run: 'echo "$TOKEN; $SECRET"', env: {TOKEN: "${{ github.token }}", SECRET: "${{ secrets.DEPLOY }}"}}]
  two:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    environment: prod
    steps: [{run: 'echo "$TOKEN; $SECRET"', env: {TOKEN: "${{ github.token }}", SECRET: "${{ secrets.DEPLOY }}"}}]
""",
        secrets={"prod": {"DEPLOY": "canary"}},
    )
    assert said(found, "one") == ["contents:read checks:write;"]
    assert said(found, "two") == ["nothing; canary"]


def test_what_stands_behind_an_environment_waits_for_an_approval(run):
    asked: list[str] = []
    jobs = """
jobs:
  one: {environment: prod, runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo deployed}]}
"""

    def refuse(name: str) -> bool:
        asked.append(name)
        return False

    found = run(jobs, approve=refuse)
    assert (asked, found.result, said(found, "one")) == (["prod"], "failure", [""])


def test_variables_are_others_here_only_where_the_workflow_has_them(run):
    found = run(
        """
env: {TARGET: cloud, EVENT: "${{ github.event_name }}"}
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    env: {BOTH: "${{ env.TARGET }} on ${{ env.EVENT }}"}
    steps:
      - {run: 'echo "$TARGET ${MORE:-none}, $BOTH"; echo "LATER=$""{{ none }}" >> "$GITHUB_ENV"'}
      - {if: env.TARGET == 'rehearsal', run: 'echo "$OWN"', env: {OWN: "${{ env.LATER }}, ${{ env.EVENT }}"}}
""",
        instead={"TARGET": "rehearsal", "MORE": "surprise"},
    )
    assert said(found, "one") == ["rehearsal none, rehearsal on push", "${{ none }}, push"]


def test_a_step_that_outlives_its_job_is_ended(run, monkeypatch):
    monkeypatch.setattr("rehearsal.workflows.run.MINUTE", 0.01)
    found = run("jobs:\n  one: {runs-on: ubuntu-24.04, timeout-minutes: 1, steps: [{run: echo begun; sleep 60}]}\n")
    assert found.result == "failure"
    assert said(found, "one") == ["begun\n\nthe job's time is up"]


@pytest.mark.parametrize(
    ("jobs", "why"),
    [
        ("jobs: {one: {runs-on: x, steps: [{run: a, shell: pwsh}]}}", "jobs.one.steps.0.shell: Extra inputs"),
        ("jobs: {one: {runs-on: x, container: y, steps: [{run: a}]}}", "jobs.one.container: Extra inputs"),
        ("jobs: {one: {runs-on: x, steps: [{run: a, uses: b}]}}", "either runs something or uses an action"),
        ("jobs: {one: {needs: two, runs-on: x, steps: [{run: a}]}}", "job one needs two, which has to stand before it"),
        ("defaults: {}\njobs: {one: {runs-on: x, steps: [{run: a}]}}", "defaults: Extra inputs"),
        ("jobs: {}", "jobs: Dictionary should have at least 1 item"),
    ],
)
def test_what_nobody_evaluates_is_refused_with_its_place(run, jobs, why):
    with pytest.raises(WorkflowError, match=re.escape(why)):
        run(jobs)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ('{run: "echo ${{ nowhere.x }}"}', "nowhere"),
        ('{run: "echo ${{ hashFiles(1) }}"}', "hashFiles"),
        ('{run: "echo ${{ 1 + }}"}', "1 +"),
        ("{uses: actions/checkout@v5}", "pinned by the 40 digits of a commit"),
        (f"{{uses: {CHECKOUT}, with: {{submodules: true}}}}", "submodules: no input of this action"),
    ],
)
def test_what_cannot_be_evaluated_ends_the_run(run, step, why):
    with pytest.raises(WorkflowError, match=re.escape(why)):
        run(f"jobs:\n  one: {{runs-on: x, timeout-minutes: 1, steps: [{step}]}}\n")
