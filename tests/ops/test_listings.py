"""What providers are asked, against the fakes over HTTP, and what is told where one refuses or hangs."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn

import catalog
from ops import lambda_listing
from ops.listings import APART, KUBERNETES, WEAVIATE, listings
from ops.unmanaged import DOMAIN, INSTANCE, PROJECT, There, managed, tell
from rehearsal.background import serving
from rehearsal.lambda_cloud import Account, Fault, FaultKind, serve
from rehearsal.vercel_cloud.records import Account as Team
from rehearsal.vercel_cloud.server import Cloud

FACTS = catalog.load()
EVERYBODY = (*APART, KUBERNETES, WEAVIATE)
TOKEN = "rehearsal" + "x" * 15
LISTS: Mapping[str, list[dict[str, Any]]] = {
    "/api/v1/namespaces": [{"name": "mine"}, {"name": "kube-system"}],
    "/apis/apps/v1/deployments": [
        {"name": "mcp-github", "namespace": "sophia-mcp"},
        {"name": "traefik", "namespace": "kube-system"},
        {"name": "miner", "namespace": "default"},
    ],
    "/apis/batch/v1/jobs": [
        {"name": "a-backup", "namespace": "d", "labels": {"app.kubernetes.io/part-of": "sophia"}},
        {"name": "of-a-cron-job", "namespace": "d", "ownerReferences": [{"kind": "CronJob"}]},
        {"name": "leaving", "namespace": "d", "deletionTimestamp": "2026-11-30T00:00:00Z"},
    ],
}


@pytest.fixture(scope="module")
def vercel() -> Iterator[SimpleNamespace]:
    """A team with the projects of before, two of ours and 120 of somebody's."""
    cloud = Cloud(Team.born(FACTS.sites.team, FACTS.sites.legacy), TOKEN)
    configuration = uvicorn.Config(cloud.application(), ws="none", lifespan="off", log_config=None, access_log=False)
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(configuration, listener):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        ids = []
        for number in range(122):
            made = httpx.post(f"{url}/v8/projects", json={"name": f"project-{number}"}, headers=headers).json()
            ids.append(made["id"])
        for host in ("app.example.com", "strange.example.com"):
            httpx.post(f"{url}/v10/projects/{ids[0]}/domains", json={"name": host}, headers=headers)
        yield SimpleNamespace(url=url, ids=ids, cloud=cloud)


def cluster(handler: Any) -> httpx.Client:
    return httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(handler))


def lists(request: httpx.Request) -> httpx.Response:
    assert "PartialObjectMetadataList" in request.headers["accept"]
    return httpx.Response(200, json={"items": [{"metadata": one} for one in LISTS.get(request.url.path, [])]})


@pytest.fixture
def of(deployment, replayed):
    """Gives a deployment that reaches these."""

    def made(reach: Mapping[str, str], client: httpx.Client | None = None):
        return replace(deployment(replayed("unchanged.jsonl")), stack="prod", reach=reach, cluster=client)

    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def test_every_page_of_vercel_is_read_and_the_hosts_of_our_projects_alone(vercel, of):
    state = [
        {"type": PROJECT, "id": vercel.ids[0], "urn": "u"},
        {"type": DOMAIN, "id": "x", "urn": "u", "outputs": {"projectId": vercel.ids[0], "domain": "app.example.com"}},
    ]
    made = of({"VERCEL_API_URL": vercel.url, "VERCEL_API_TOKEN": TOKEN})
    (listing,) = [one for one in listings(made, state, APART) if one.provider == "vercel"]
    assert listing.trouble == ""
    found = tell([listing], managed(state), FACTS.drift_classes)
    rows = {row.type: (row.managed, row.known, row.unmanaged) for row in found.coverage}
    assert rows == {PROJECT: (1, len(FACTS.sites.legacy), 121), DOMAIN: (1, 0, 1)}
    assert [one.name for one in found.things if one.type == DOMAIN] == ["strange.example.com"]


def test_a_provider_that_the_stack_does_not_use_is_not_asked(of):
    assert [one for one in listings(of({}), [], EVERYBODY) if one.provider != "dns"] == []


TROUBLES = [
    pytest.param([403], "Vercel: status 403", "another token", id="a token that is not valid"),
    pytest.param([500, 502, 503], "Vercel: status 503", "status page", id="down"),
    pytest.param([429, 429, 429], "Vercel: status 429", "wait a minute", id="too many"),
]


@pytest.mark.parametrize(("statuses", "trouble", "remedy"), TROUBLES)
def test_a_provider_that_refuses_is_told_with_what_to_do_and_without_the_token(vercel, of, statuses, trouble, remedy):
    made = of({"VERCEL_API_URL": vercel.url, "VERCEL_API_TOKEN": TOKEN})
    vercel.cloud._faults.extend(statuses)  # noqa: SLF001 - scripted, as the control surface does
    try:
        listing = listings(made, [{"type": PROJECT, "id": "p", "urn": "u"}], APART)[0]
    finally:
        vercel.cloud._faults.clear()  # noqa: SLF001 - the same
    assert (listing.trouble, TOKEN in f"{listing}") == (trouble, False)
    assert remedy in listing.remedy


def test_a_variable_that_is_missing_is_named(of):
    listing = listings(of({}), [{"type": PROJECT, "id": "p", "urn": "u"}], APART)[0]
    assert listing.trouble == "VERCEL_API_TOKEN: not set"
    assert "pulumi env run" in listing.remedy


def test_a_provider_that_hangs_is_given_up(of, monkeypatch):
    monkeypatch.setattr("ops.listings._SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = of({"WEAVIATE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "WEAVIATE_API_KEY": "k"})
        state = [{"type": "weaviate:index:Collection", "id": "A", "urn": "u"}]
        (listing,) = [one for one in listings(made, state, ("weaviate",)) if one.provider == "weaviate"]
    assert listing.trouble.startswith("Weaviate: no answer within 0 s, asked 3 times")


def test_an_answer_of_another_shape_is_a_trouble_too(of):
    state = [{"type": "kubernetes:core/v1:Namespace", "id": "a", "urn": "u"}]
    with cluster(lambda _: httpx.Response(200, json={"kind": "Status"})) as client:
        listing = listings(of({}, client), state, EVERYBODY)[0]
    assert "an answer of another shape" in listing.trouble


def test_in_the_cluster_what_nobody_owns_is_there_and_what_k3s_and_our_verbs_bring_is_known(of):
    state = [{"type": "kubernetes:apps/v1:Deployment", "id": "sophia-mcp/mcp-github", "urn": "u"}]
    with cluster(lists) as client:
        (listing, *_) = listings(of({}, client), state, EVERYBODY)
    found = tell([listing], managed(state), FACTS.drift_classes)
    assert [(one.type.rpartition(":")[2], one.name) for one in found.things] == [
        ("Deployment", "default/miner"),
        ("Namespace", "mine"),
    ]
    rows = {row.type.rpartition(":")[2]: row for row in found.coverage}
    assert (rows["Job"].known, rows["Job"].unmanaged) == (1, 0)
    assert (rows["Deployment"].managed, rows["Deployment"].percent) == (1, 50.0)


def test_a_cluster_that_is_not_reached_is_a_trouble_that_names_it(of):
    def silent(request: httpx.Request) -> httpx.Response:
        msg = "no route to host"
        raise httpx.ConnectError(msg, request=request)

    state = [{"type": "kubernetes:core/v1:Namespace", "id": "a", "urn": "u"}]
    with cluster(silent) as client:
        listing = listings(of({}, client), state, EVERYBODY)[0]
    assert listing.trouble.startswith("the cluster's API server: no usable answer")


@pytest.fixture
def account():
    with serve(Account.born(), speed=10_000) as fake:
        yield fake


def reach(fake: Any) -> dict[str, str]:
    return {
        "LAMBDA_CLOUD_API_KEY": fake.key,
        "LAMBDA_CLOUD_API_URL": fake.url,
        "LAMBDA_CLOUD_CLOCK_SPEED": "10000",
    }


def names(stack: str, fake: Any) -> set[tuple[str, str]]:
    return {(one.type.rpartition(":")[2], one.name) for one in lambda_listing.listed(stack, FACTS, reach(fake)).found}


def test_each_stack_is_told_of_its_own_machines_and_the_owner_of_what_is_nobodys(account):
    core = account.control.state().instance("sophia-ai-core")
    account.control.duplicate(core.id)
    prod, dev = names("prod", account), names("dev", account)
    assert ("SshKey", account.control.state().ssh_keys[0].name) in prod
    machines = {name for name, one in FACTS.machines.items() if one.owner == "prod"}
    assert {name for kind, name in prod if kind == "Instance"} == machines
    found = lambda_listing.listed("prod", FACTS, reach(account)).found
    assert sum(one.name == "sophia-ai-core" for one in found) == 2, "the copy is nobody's"
    assert dev == {("Instance", "sophia-development")}
    mine = next(one for one in found if one.type == INSTANCE and one.id != core.id and one.name == "sophia-ai-core")
    ours = frozenset((one.type, one.id) for one in found if one != mine)
    listing = lambda_listing.listed("prod", FACTS, reach(account))
    # 2.29 USD an hour, as the account prices a GH200, for 730 hours.
    things = tell([listing], ours, FACTS.drift_classes).things
    assert [(one.id, one.monthly_usd) for one in things] == [(mine.id, "1671.70")]


def test_a_key_that_has_expired_is_a_trouble_and_no_mass_deletion(account, of):
    account.faults.script(Fault(FaultKind.UNAUTHORIZED, times=None))
    state = [{"type": INSTANCE, "id": "i", "urn": "u"}]
    (listing, *_) = listings(of(reach(account)), state, APART)
    assert listing.provider == "lambda-cloud"
    assert "LAMBDA_CLOUD_API_KEY" in f"{listing.trouble} {listing.remedy}"
    assert account.key not in f"{listing}"


def test_what_is_there_has_a_name_for_people():
    assert There(INSTANCE, "i").name == ""
