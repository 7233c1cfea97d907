"""What the verbs answer and with which code they leave."""

import json
import signal
from functools import partial
from pathlib import Path

import httpx
import jsonschema
import pytest

import catalog
from catalog import CatalogError, Concern, Offence
from ops.engine import EngineError, InterruptedRunError
from ops.exit_code import ExitCode
from ops.results import VERBS
from rehearsal import RehearsalError
from render import RenderError

SCHEMAS = Path(__file__).resolve().parents[2] / "docs/schema"
PLANNED = "ops.cli.plan_verb"

pytestmark = pytest.mark.timeout(30)


def raising(error: BaseException):
    def verb(*_: object, **__: object) -> None:
        raise error

    return verb


@pytest.fixture
def with_stand_in(monkeypatch, deployment, sophia):
    """Gives a verb on the dev stack whose deployment, taken from a seam, has an engine that stands in."""

    def verb(name: str, seam: str):
        def run(engine, *words: str, names: tuple[str, ...] = ()):
            monkeypatch.setattr(seam, lambda *_, **__: deployment(engine, *names))
            return sophia(name, "dev", *words)

        return run

    return verb


@pytest.fixture
def up(with_stand_in):
    """Brings a stack up."""
    return with_stand_in("up", "ops.up.rehearsed")


@pytest.fixture
def drift(with_stand_in, monkeypatch, tmp_path):
    """Looks for drift."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    return with_stand_in("drift", "ops.deployment.existing")


@pytest.fixture
def preview(with_stand_in):
    """Previews."""
    return with_stand_in("preview", "ops.cli.rehearsed")


@pytest.fixture
def lock(monkeypatch, tmp_path, sophia):
    """Fills a lock of one image from a registry that has it not."""

    def run(*words: str):
        (tmp_path / "lock").mkdir()
        (tmp_path / "lock/images.yaml").write_text("images:\n  example/sample:1.0.0: null\n", encoding="utf-8")
        (tmp_path / "lock/k3s.yaml").write_text("programs: {}\n", encoding="utf-8")
        monkeypatch.setattr(catalog, "ROOT", tmp_path)
        missing = httpx.MockTransport(lambda _: httpx.Response(404))
        monkeypatch.setattr("ops.cli.httpx.Client", partial(httpx.Client, transport=missing))
        return sophia("lock", *words)

    return run


@pytest.fixture
def policy(sophia):
    """Asks the rules about a stack."""
    return lambda *words: sophia("policy", "dev", *words)


@pytest.fixture
def doctor(sophia):
    """Looks at this machine."""
    return lambda *words: sophia("doctor", "dev", *words)


_ELSEWHERE = (
    "access",
    "backup",
    "capacity",
    "cost",
    "delivery",
    "dns",
    "drift repair",
    "drift tell",
    "load",
    "machines",
    "plan",
    "policy",
    "restore",
    "report",
    "review",
    "rollback",
    "rollout",
    "scan",
    "secrets",
    "sites",
    "verify",
)
"""Verbs that need more, such as a repository or a cluster: they are held to their schemas where they have it."""


@pytest.mark.parametrize("verb", sorted(verb for verb in VERBS if not verb.startswith(_ELSEWHERE)))
def test_the_answer_of_a_verb_is_as_its_schema_says(verb, request, replayed):
    recording = {"up": "unchanged.jsonl", "drift": "drift.jsonl", "preview": "drift.jsonl"}
    given = [replayed(recording[verb])] if verb in recording else []
    document = json.loads(request.getfixturevalue(verb)(*given, "--json").out)
    schema = json.loads((SCHEMAS / f"{verb}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert set(document) == set(schema["properties"]), "every member is there, so that a reader need not guess"


def test_an_up_that_succeeds_leaves_with_0_and_shows_what_runs(up, replayed):
    left = up(replayed("unchanged.jsonl"))
    assert left.code == ExitCode.OK
    assert "http://mcp-github.sophia-mcp.svc:9005" in left.out
    assert "$941.70 a month" in left.out


def test_an_up_that_the_cluster_refuses_leaves_with_1_and_the_reason(up, replayed):
    left = up(replayed("refused.jsonl", code=255))
    assert left.code == ExitCode.FAILED
    assert "exceeded quota: few" in left.err


def test_an_up_that_does_not_reach_a_host_does_the_rest_and_leaves_with_1_and_the_page(up, stand_in):
    left = up(
        stand_in("print(open(f'{RECORDED}/host-down-up.jsonl').read())\nsys.exit('--continue-on-error' in sys.argv)")
    )
    assert left.code == ExitCode.FAILED
    (error,) = [line for line in left.err.splitlines() if line.startswith("error:")]
    assert error.endswith("then run again; docs/runbooks/locked-out.md says how")
    assert "sophia-ai-core" in left.err, "what was repaired is told"


def test_an_up_that_the_engine_breaks_off_says_how_to_go_on(up, stand_in):
    left = up(stand_in("os.kill(os.getpid(), signal.SIGKILL)"), "--json")
    assert left.code == ExitCode.FAILED
    assert json.loads(left.out)["errors"] == ["the engine ended with code 137; run `./sophia up dev` again to go on"]


def test_an_up_whose_pod_fits_no_node_is_ended_and_names_pod_reason_and_remedy(up, stand_in, monkeypatch):
    monkeypatch.setattr("ops.watch._PERIOD_SECONDS", 0.01)
    monkeypatch.setattr("ops.watch._GRACE_SECONDS", 0.1)
    policies = "if sys.argv[1] == 'preview': sys.exit()\n"
    waiting = policies + "signal.signal(signal.SIGINT, lambda *_: os._exit(1))\nwhile True:\n    time.sleep(0.01)"
    left = up(stand_in(waiting), "--json", names=("mcp-github", "mcp-lost"))
    (error,) = json.loads(left.out)["errors"]
    assert left.code == ExitCode.FAILED
    assert error.startswith("pod sophia-mcp/mcp-lost-5c5bcd45f6-xx8zj: Unschedulable: 0/1 nodes are available")
    assert error.endswith("then run `./sophia up dev` again")


def test_drift_leaves_with_7_and_names_what_drifted_and_the_repair(drift, replayed):
    left = drift(replayed("drift.jsonl"))
    assert left.code == ExitCode.DRIFT
    assert "mcp-github-deployment" in left.out
    assert "mcp-github-service" in left.out
    assert "./sophia up dev" in left.out


def test_drift_answers_with_what_is_expected_and_what_is_there(drift, replayed):
    changes = {c["name"]: c["deviations"] for c in json.loads(drift(replayed("drift.jsonl"), "--json").out)["changes"]}
    assert changes == {
        "mcp-github-service": [
            {"path": "spec.ports[0].port", "expected": 9005, "actual": 9999, "drift_class": "availability"}
        ],
        "mcp-github-deployment": [{"path": "", "expected": "exists", "actual": "gone", "drift_class": "availability"}],
    }


def test_drift_shows_what_is_expected_and_what_is_there(drift, replayed):
    left = drift(replayed("drift.jsonl"))
    assert "spec.ports[0].port: 9005 → 9999" in left.out
    assert "exists → gone" in left.out


def test_a_preview_answers_with_what_is_and_what_would_be(preview, replayed):
    changes = json.loads(preview(replayed("drift.jsonl"), "--json").out)["changes"]
    assert {c["name"]: c["edits"] for c in changes} == {
        "mcp-github-service": [{"path": "spec.ports[0].port", "before": 9005, "after": 9999}],
        "mcp-github-deployment": [],
    }


def test_a_host_that_is_not_reached_is_a_drift_and_no_failure(drift, replayed):
    left = drift(replayed("host-down-again.jsonl"), "--json")
    assert left.code == ExitCode.DRIFT
    assert json.loads(left.out)["errors"] == []


def test_no_drift_leaves_with_0(drift, replayed):
    left = drift(replayed("unchanged.jsonl"))
    assert left.code == ExitCode.OK
    assert "No drift" in left.out


def test_drift_that_cannot_be_told_is_a_failure_and_no_drift(drift, replayed):
    left = drift(replayed("refused.jsonl", code=255))
    assert left.code == ExitCode.FAILED


def test_a_preview_shows_what_would_change_and_leaves_with_0(preview, replayed):
    left = preview(replayed("drift.jsonl"), "--json")
    changes = json.loads(left.out)["changes"]
    assert left.code == ExitCode.OK
    assert {(c["component"], c["kind"], c["op"]) for c in changes} == {
        ("mcp-github", "Service", "update"),
        ("mcp-github", "Deployment", "delete"),
    }


def offence(concern: Concern) -> Offence:
    return Offence("catalog/a.yaml", "1", "it is 2", "write 2", concern)


FAILURES = [
    pytest.param(CatalogError([offence(Concern.INPUT)]), ExitCode.BAD_INPUT, id="catalog"),
    pytest.param(CatalogError([offence(Concern.COST)]), ExitCode.COST, id="cost"),
    pytest.param(CatalogError([offence(Concern.CAPACITY)]), ExitCode.CAPACITY, id="capacity"),
    pytest.param(
        CatalogError([offence(Concern.COST), offence(Concern.CAPACITY)]), ExitCode.BAD_INPUT, id="several concerns"
    ),
    pytest.param(RenderError("why"), ExitCode.BAD_INPUT, id="render"),
    pytest.param(EngineError("why"), ExitCode.FAILED, id="engine"),
    pytest.param(RehearsalError("why"), ExitCode.FAILED, id="rehearsal"),
    pytest.param(InterruptedRunError("why"), ExitCode.INTERRUPTED, id="interrupted engine"),
]


@pytest.mark.parametrize(("error", "code"), FAILURES)
def test_every_failure_is_one_message_and_its_own_code(error, code, monkeypatch, sophia):
    monkeypatch.setattr(PLANNED, raising(error))
    left = sophia("plan", "dev")
    assert (left.code, left.out, left.err) == (code, "", f"error: {error}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_of_any_verb_leaves_with_130_and_says_how_to_go_on(number, monkeypatch, sophia):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(PLANNED, lambda *_: signal.raise_signal(number))
    left = sophia("plan", "dev")
    assert left.code == ExitCode.INTERRUPTED
    assert "run it again to go on" in left.err


@pytest.mark.parametrize("verb", ["up", "plan", "preview", "drift", "down", "env", "doctor"])
def test_an_unknown_stack_leaves_with_2_and_names_the_choices(verb, monkeypatch, tmp_path, sophia):
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    left = sophia(verb, "nowhere")
    assert left.code == ExitCode.BAD_INPUT
    assert "choose one of: dev, prod, staging" in left.err
    assert not (tmp_path / "home").exists(), "nothing is made before the input was judged"


def test_an_unknown_option_leaves_with_2(sophia):
    assert sophia("plan", "dev", "--bse", "HEAD").code == ExitCode.BAD_INPUT


def test_no_verb_shows_the_verbs(sophia):
    left = sophia()
    assert all(verb in left.out + left.err for verb in ("up", "plan", "preview", "drift", "down", "doctor"))
