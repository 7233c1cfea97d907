"""One thing of every kind changed behind the engine's back, and one brought: named, told once, repaired, closed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import httpx
import pytest

import catalog
from benchmarks.checkout import Checkout
from rehearsal import Rehearsal
from rehearsal.github import GitHub, serve
from tests.engine.by_hand import on

pytestmark = pytest.mark.engine

EDITED = "/etc/systemd/journald.conf.d/60-sophia.conf"
CONFIG = "/etc/rancher/k3s/config.yaml"
FILES_ON, FIREWALL_ON, K3S_ON = "sophia-data-pipeline", "sophia-production-instance", "sophia-mcp-orchestrator"
MINE = "somebodys"
WORLD = {"protocol": "tcp", "port_range": [9999, 9999], "source_network": "0.0.0.0/0", "description": "mine"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr mine"


class Behind:
    """What somebody does with the tools of each vendor, and undoes of what no `up` touches."""

    def __init__(self, checkout: Checkout, opened: ExitStack) -> None:
        self._checkout = checkout
        rehearsal = Rehearsal(stack="prod", home=checkout.home)
        account = rehearsal.account
        self.control = opened.enter_context(account.control())
        self.lambda_cloud = opened.enter_context(_client(f"{account.url}/api/v1", account.environment()))
        store = rehearsal.vector_store.environment()
        self.weaviate = opened.enter_context(_bearer(f"{store['WEAVIATE_URL']}/v1", store["WEAVIATE_API_KEY"]))
        self.vercel = opened.enter_context(_bearer(account.vercel.url, account.vercel.secrets()["VERCEL_API_TOKEN"]))
        self.vercel_control, self.authority = account.vercel.control(), account.authority
        self.project = catalog.load().sites.sites["app"].project
        self._ids: list[str] = []

    def change(self) -> None:
        """Change one thing of every kind."""
        self.control.add_rule("global", WORLD)
        self.control.rename(self.control.state().instance(FILES_ON).id, f"{FILES_ON}-2")
        self._checkout_on(f"{FILES_ON}-2", f"sed -i s/persistent/volatile/ {EDITED}; chmod 666 {EDITED}")
        self._checkout_on(FIREWALL_ON, "nft add rule inet sophia input tcp dport 9999 accept")
        self._checkout_on(K3S_ON, f"echo 'debug: true' >> {CONFIG}")
        edit = '[{"op": "replace", "path": "/spec/ports/0/port", "value": 9999}]'
        words = ("-n", "sophia-mcp", "patch", "service", "mcp-slack", "--type=json", "-p", edit)
        self._checkout.kubectl("prod", *words)
        self._checkout.kubectl("prod", "-n", "sophia-mcp", "delete", "networkpolicy", "mcp-github")
        declared = self.weaviate.get("/schema/UserProfile_v1").raise_for_status().json()
        self.weaviate.put(
            "/schema/UserProfile_v1", json={**declared, "description": "Somebody else's words"}
        ).raise_for_status()
        self.vercel_control.change(self.project, gitForkProtection=False)
        self._record("api", "192.0.2.66", ttl=300)

    def bring(self) -> None:
        """Bring something of every kind that nobody declares."""
        core = self.control.state().instance("sophia-ai-core")
        self._ids.append(self.control.duplicate(core.id))
        made = self.lambda_cloud.post("/ssh-keys", json={"name": MINE, "public_key": KEY}).raise_for_status()
        self._ids.append(made.json()["data"]["id"])
        for path, body in (
            ("/filesystems", {"name": MINE, "region": "us-east-1"}),
            ("/firewall-rulesets", {"name": MINE, "region": "us-east-1", "rules": [WORLD]}),
        ):
            self._ids.append(self.lambda_cloud.post(path, json=body).raise_for_status().json()["data"]["id"])
        self._checkout.kubectl("prod", "create", "namespace", MINE)
        self._checkout.kubectl(
            "prod", "-n", MINE, "create", "deployment", MINE, "--image=example.invalid/miner:1", "--replicas=0"
        )
        self.weaviate.post("/schema", json={"class": "Somebodys"}).raise_for_status()
        self.vercel.post("/v8/projects", json={"name": MINE}).raise_for_status()
        (project,) = [
            one["id"] for one in self.vercel_control.account()["projects"].values() if one["name"] == self.project
        ]
        host = {"name": f"{MINE}.example.com"}
        self.vercel.post(f"/v10/projects/{project}/domains", json=host).raise_for_status()
        self._record(MINE, "192.0.2.67", ttl=60)

    def remove(self) -> None:
        """Remove what was brought, and call the machine by its name: `up` finds those to take over by that here."""
        self.control.rename(self.control.state().instance(f"{FILES_ON}-2").id, FILES_ON)
        self.control._post("reset", names=[], ids=self._ids)  # noqa: SLF001 - it removes what is named alone
        self._checkout.kubectl("prod", "delete", "namespace", MINE, "--wait=true")
        self.weaviate.delete("/schema/Somebodys").raise_for_status()
        projects = self.vercel_control.account()["projects"]
        own = {one["name"]: key for key, one in projects.items()}
        self.vercel.delete(f"/v9/projects/{own[self.project]}/domains/{MINE}.example.com").raise_for_status()
        self.vercel.delete(f"/v8/projects/{own[MINE]}").raise_for_status()
        self._record(MINE, None, ttl=60)

    def _checkout_on(self, machine: str, script: str) -> None:
        on(self._checkout, machine, script)

    def _record(self, host: str, address: str | None, *, ttl: int) -> None:
        told = {**self.authority.variables(), **self.authority.secrets()}
        ring = dns.tsigkeyring.from_text({told["DNS_UPDATE_KEYNAME"]: ("hmac-sha256", told["DNS_UPDATE_KEYSECRET"])})
        update = dns.update.UpdateMessage(self.authority.zone, keyring=ring)
        if address:
            update.replace(f"{host}.{self.authority.zone}.", ttl, "A", address)
        else:
            update.delete(f"{host}.{self.authority.zone}.", "A")
        answer = dns.query.tcp(update, self.authority.loopback, port=self.authority.port, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR


def _client(url: str, environment: Any) -> httpx.Client:
    return _bearer(url, environment["LAMBDA_CLOUD_API_KEY"])


def _bearer(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30)


@pytest.fixture
def behind(prod: Checkout) -> Iterator[Behind]:
    with ExitStack() as opened:
        yield Behind(prod, opened)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with serve() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


CHANGED = {
    # what: (class, the beginning of a path)
    "lambda-account-global": ("security", "rules"),
    f"{FILES_ON}-instance": ("availability", "name"),
    f"{FILES_ON}-files": ("security", "files"),
    f"{FILES_ON}-systemd-journald": ("availability", ""),
    f"{FIREWALL_ON}-firewall": ("security", "unexpected"),
    f"k3s-{K3S_ON}": ("security", "config"),
    "mcp-slack-service": ("availability", "spec.ports[0].port"),
    "mcp-github-network-policy": ("security", ""),
    "memory-user-profile": ("availability", "description"),
    "sophia-sites-app-project": ("security", "gitForkProtection"),
    "zone-records": ("security", 'records["api.sophia-intel.ai A"].values[0]'),
}
BROUGHT = {
    ("lambda-cloud", "Instance", "sophia-ai-core", "cost"),
    ("lambda-cloud", "SshKey", MINE, "security"),
    ("lambda-cloud", "Filesystem", MINE, "cost"),
    ("lambda-cloud", "FirewallRuleset", MINE, "security"),
    ("kubernetes", "Namespace", MINE, "security"),
    ("kubernetes", "Deployment", f"{MINE}/{MINE}", "security"),
    ("weaviate", "Collection", "Somebodys", "availability"),
    ("vercel", "Project", MINE, "cost"),
    ("vercel", "ProjectDomain", f"{MINE}.example.com", "security"),
    ("rfc2136", "Zone", f"{MINE}.sophia-intel.ai A", "security"),
}


def test_one_of_every_kind_is_named_with_class_and_path_told_once_repaired_and_closed(prod, behind, github, tmp_path):
    assert prod.answer("drift", "prod")["coverage_percent"] == 100.0
    behind.change()
    behind.bring()
    first = prod.answer("drift", "prod", "--tell", "github", "--html", str(tmp_path / "drift.html"), code=7)
    changes = {one["name"]: one for one in first["changes"]}
    assert {name: one["drift_class"] for name, one in changes.items()} == {
        name: found for name, (found, _) in CHANGED.items()
    }
    for name, (_, path) in CHANGED.items():
        assert any(one["path"].startswith(path) for one in changes[name]["deviations"]), changes[name]
    brought = {
        (one["provider"], one["type"].rpartition(":")[2], one["name"], one["drift_class"]) for one in first["unmanaged"]
    }
    assert brought == BROUGHT
    assert first["coverage_percent"] < 100
    (issue,) = github.repository.issues.values()
    assert issue.state == "open"
    assert all(f"`{name}`" in (issue.body or "") for name in CHANGED)

    second = prod.answer("drift", "prod", "--tell", "github", code=7)
    assert second["fingerprint"] == first["fingerprint"]
    assert github.repository.comments == {}, "nobody is told again"
    assert {one["first_seen"] for one in second["changes"]} == {one["first_seen"] for one in first["changes"]}

    behind.remove()
    report = tmp_path / "report.json"
    report.write_text(json.dumps(prod.answer("drift", "prod", code=7)), encoding="utf-8")
    refused = prod.sophia("drift", "repair", "prod", "--report", str(report), check=False)
    assert (refused.returncode, "add --approved" in refused.stderr) == (2, True), refused.stderr
    repaired = prod.answer("drift", "repair", "prod", "--report", str(report), "--approved")
    assert (repaired["after"]["status"], repaired["after"]["coverage_percent"]) == ("in_sync", 100.0)
    (tmp_path / "after.json").write_text(json.dumps(repaired["after"]), encoding="utf-8")
    assert repaired["changes"]["update"] + repaired["changes"]["create"] >= len(CHANGED) - 1
    told = prod.answer("drift", "tell", "prod", "--report", str(tmp_path / "after.json"), "--to", "github")
    assert (told["action"], github.repository.issues[1].state) == ("closed", "closed")
    print(_shown(first, second, repaired))  # noqa: T201 - what is shown


def test_a_provider_that_is_down_leaves_the_rest_to_be_looked_at(prod, behind, github, tmp_path):
    behind.vercel_control.change(behind.project, gitForkProtection=False)
    on(prod, K3S_ON, f"echo 'debug: true' >> {CONFIG}")
    behind.vercel_control.fail([503] * 3)
    try:
        found = prod.answer("drift", "prod", "--tell", "github", code=6)
    finally:
        behind.vercel_control.fail([])
    assert (found["status"], [one["provider"] for one in found["silent"]]) == ("partial", ["vercel"])
    assert [one["name"] for one in found["changes"]] == [f"k3s-{K3S_ON}"], "the rest is told all the same"
    assert github.repository.issues[1].state == "open"
    prod.sophia("up", "prod")
    assert prod.answer("drift", "prod")["status"] == "in_sync"
    del tmp_path


def _shown(first: Any, second: Any, repaired: Any) -> str:
    rows = [
        f"{one['drift_class']:12} {one['name']}: {[two['path'] for two in one['deviations']]}"
        for one in first["changes"]
    ]
    rows += [f"{one['drift_class']:12} {one['provider']} {one['name']}: not declared" for one in first["unmanaged"]]
    times = f"{first['seconds']} s, {second['seconds']} s; repaired: {repaired['changes']}"
    return "\n".join([*rows, times, str(Path("coverage")) + f": {first['coverage_percent']} %"])
