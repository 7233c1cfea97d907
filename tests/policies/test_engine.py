"""The real engine with the pack: what is refused in a preview, what in an update, and that nothing was done."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import catalog
from ops.engine import Engine, Outcome
from ops.preview import PACK
from rehearsal.toolchain import ensure, progress_for

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]

PRELUDE = """
import asyncio
import pulumi

def future(value):
    made = asyncio.get_event_loop().create_future()
    made.set_result(value)
    return made

def unknown():
    return pulumi.Output(future(set()), future(None), future(False))

def declare(kind, name, inputs, **options):
    return pulumi.ComponentResource(kind, name, inputs, pulumi.ResourceOptions(**options))

"""

POD = 'declare("kubernetes:core/v1:Pod", "bad", {"spec": {"containers": [{"securityContext": {"privileged": VALUE}}]}})'
FIREWALL = (
    'declare("lambda-cloud:index:GlobalFirewallRuleset", "bad", {"unmanagedRules": "remove", "rules": '
    '[{"protocol": "tcp", "portRange": [6443, 6443], "sourceNetwork": VALUE}]}, protect=True)'
)
MACHINE = (
    'declare("sophia:lambda:Machine", "bad", {"name": "a", "region": "us-east-3", "firewall": "lambda", '
    '"hourly_cents": 229, "instance_type": VALUE, "tags": dict.fromkeys(("cost-center", "environment", "managed-by", '
    '"owner", "project", "role"), "a")})'
)
ARTEFACT = (
    'declare("host:index:K3sServer", "bad", {"version": "v1.36.2+k3s1", "artefacts": {"amd64": {"sha256": VALUE}}})'
)
VARIABLE = (
    'declare("vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable", "bad", {"key": "VITE_KEY", '
    '"sensitive": VALUE, "value": pulumi.Output.secret("words"), "targets": ["production"]})'
)


@dataclass(frozen=True)
class Project:
    """A project of its own, its state, and the engine as the verbs run it."""

    folder: Path
    engine: Engine

    def run(self, program: str, *words: str) -> Outcome:
        (self.folder / "__main__.py").write_text(PRELUDE + program + "\n", encoding="utf-8")
        return self.engine.run((*words, *PACK), lambda _: None)

    def state(self) -> list[str]:
        done = subprocess.run(
            ["pulumi", "stack", "export", "--stack", "prod"],
            cwd=self.folder,
            env=dict(self.engine.environment),
            capture_output=True,
            text=True,
            check=True,
        )
        return [one["urn"] for one in json.loads(done.stdout)["deployment"].get("resources") or ()]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "sample", "runtime": runtime}), encoding="utf-8")
    programs = ensure(catalog.load(), progress=progress_for()).bin
    state = tmp_path_factory.mktemp("state")
    environment = {
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(state),
        "PULUMI_HOME": str(state / "home"),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(8),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    subprocess.run(["pulumi", "stack", "init", "prod"], cwd=folder, env=environment, check=True, capture_output=True)
    return Project(folder, Engine("prod", project=folder, environment=environment, run_file=state / "run.json"))


@pytest.mark.parametrize(
    ("rule", "program", "bad"),
    [
        ("PSS-B-privileged", POD, "True"),
        ("LMB-FW-1", FIREWALL, '"0.0.0.0/0"'),
        ("LMB-INS-1", MACHINE, '"gpu_8x_h100"'),
        ("K3S-ART-1", ARTEFACT, '"latest"'),
        ("VRC-1", VARIABLE, "False"),
    ],
)
def test_a_preview_refuses_a_bad_change_and_the_same_with_its_field_unknown(project, rule, program, bad):
    for value, said in ((bad, " must "), ("unknown()", "could not evaluate " if rule != "VRC-1" else " must ")):
        outcome = project.run(program.replace("VALUE", value), "preview")
        assert not outcome.ok
        assert outcome.refused
        (found,) = [one for one in outcome.judged if one.rule == rule and one.blocks and said in one.message][:1]
        assert found.urn.endswith("::bad")
        assert any(one.startswith(f"{rule}: bad: ") for one in outcome.errors)
    assert project.state() == []


def test_rules_about_the_stack_as_a_whole_are_asked_in_the_preview_too(project):
    told = {"metadata": {"namespace": "a", "labels": {"sophia.ai/workload": "github"}}}
    route = {**told, "spec": {"hostnames": ["a.example.com"], "rules": [{"backendRefs": [{"name": "mcp-github"}]}]}}
    kind = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    outcome = project.run(f'declare("{kind}", "bad", {route!r})\npulumi.export("kubeconfig", "words")', "preview")
    assert {one.rule for one in outcome.judged if one.blocks} >= {"MCP-2", "OUT-1"}


def test_what_only_the_update_knows_is_refused_then_and_not_made(project):
    program = (
        'key = unknown() if pulumi.runtime.is_dry_run() else ""\n'
        'declare("command:remote:Command", "bad", {"triggers": ["a"], "addPreviousOutputInEnv": False, '
        '"create": "true", "connection": {"user": "ubuntu", "hostKey": key}},'
        'custom_timeouts=pulumi.CustomTimeouts(create="1m"))'
    )
    preview = project.run(program, "preview")
    assert preview.ok, preview.errors
    outcome = project.run(program, "up", "--yes", "--skip-preview")
    assert {one.rule for one in outcome.judged if one.blocks} == {"SSH-1"}
    assert not any(urn.endswith("::bad") for urn in project.state())


def test_what_no_rule_minds_is_made(project):
    program = 'declare("sophia:addons:Addon", "good", {"digest": "0f" * 32})'
    run: Callable[..., Outcome] = project.run
    assert run(program, "preview").ok
    outcome = run(program, "up", "--yes", "--skip-preview")
    assert outcome.ok, outcome.errors
    assert any(urn.endswith("::good") for urn in project.state())
