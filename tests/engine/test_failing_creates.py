"""A create that fails, of each kind there is, tells no secret: not even where the other side repeats all of it."""

import base64
import json
import secrets
import subprocess

import pytest

from benchmarks.checkout import ROOT
from benchmarks.project import project
from ops.secret_search import FORMS, Search
from rehearsal.machines.testing import key_pair
from tests.engine import refusing

pytestmark = pytest.mark.engine


def test_a_failing_create_of_each_kind_tells_no_secret(dev, tmp_path):
    canaries = {name: f"canary{secrets.token_hex(20)}" for name in ("input", "lambda-cloud", "weaviate")}
    # In the forms that they must have.
    canaries["vercel"] = f"canary{secrets.token_hex(9)}"
    canaries["dns"] = base64.b64encode(secrets.token_bytes(32)).decode()
    canaries["ssh"], public = key_pair()
    with refusing.http() as (url, asked), refusing.RefusingHost(public).served() as host:
        kinds = refusing.kinds(host.connection)
        assert {*kinds} == refusing.expected(), "every kind that there is, and no other"
        environment = {
            **dev.engine_environment("dev"),
            "PULUMI_STACK": "refused",
            "LAMBDA_CLOUD_API_URL": url,
            "LAMBDA_CLOUD_API_KEY": canaries["lambda-cloud"],
            "WEAVIATE_URL": url,
            "WEAVIATE_API_KEY": canaries["weaviate"],
            "HOST_SSH_PRIVATE_KEY": canaries["ssh"],
            "VERCEL_API_URL": url,
            "VERCEL_API_TOKEN": canaries["vercel"],
            "DNS_UPDATE_SERVER": "127.0.0.1",
            "DNS_UPDATE_PORT": url.rpartition(":")[2],
            "DNS_UPDATE_KEYNAME": "refused",
            "DNS_UPDATE_KEYSECRET": canaries["dns"],
            "PYTHONPATH": str(ROOT),
        }
        plugins = [
            {"name": name, "path": str(ROOT / "providers" / name.replace("-", "_"))}
            for name in ("host", "lambda-cloud", "rfc2136", "weaviate")
        ]
        files = {"__main__.py": refusing.PROGRAM, "kinds.json": json.dumps(kinds)}
        made = project(tmp_path / "refused", environment, files, {"plugins": {"providers": plugins}})

        def pulumi(*words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["pulumi", *words, "--non-interactive"],
                cwd=made.folder,
                env=made.environment,
                input=text,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )

        begun = pulumi("stack", "init", "refused")
        assert begun.returncode == 0, begun.stderr
        try:
            pulumi("config", "set", "--secret", "canary", text=canaries["input"])
            for provider in ("host", "lambda-cloud"):
                pulumi("config", "set", "--secret", f"{provider}:fingerprintKey", text=secrets.token_hex(32))
            pulumi("config", "set", "kubeconfig", str(dev.home / "stacks/dev/kubeconfig"))
            done = pulumi("up", "--yes", "--skip-preview", "--continue-on-error", "--json")
            state = pulumi("stack", "export").stdout
        finally:
            pulumi("stack", "rm", "--yes", "--force")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    failed = {one["resOpFailedEvent"]["metadata"]["type"] for one in told if "resOpFailedEvent" in one}
    diagnostics = [one["diagnosticEvent"] for one in told if "diagnosticEvent" in one]
    errors = "\n".join(one["message"] for one in diagnostics if one["severity"] == "error")
    assert failed == {*kinds}, errors + done.stderr
    assert {path.rpartition("/")[2] for path in asked} >= {
        "ssh-keys",
        "filesystems",
        "launch",
        "schema",
        "aliases",
        "projects",
        "env",
    }

    search = Search(canaries)
    search.look("outputs", "outputs", (done.stdout + done.stderr).encode())
    search.look("states", "state", state.encode())
    for file in tmp_path.rglob("*"):
        if file.is_file():
            search.look_at_file("files", file, file.name)
    for file in (dev.home / "account/logs").iterdir():
        search.look_at_file("logs", file, file.name)
    assert search.found == set()
    print(f"{len(kinds)} kinds, {len(canaries)} secrets, {len(FORMS)} forms, {sum(search.places.values())} places: 0")  # noqa: T201 - what is shown
