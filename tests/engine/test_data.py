"""The platform's memory and data on dev: declared, found when it drifts, backed up, lost and restored."""

import base64
import json
import random
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest

from tests.engine.clusters import drifted

pytestmark = pytest.mark.engine

ROWS, OBJECTS, KEYS = 500, 100, 20
LEAST = {"postgresql": ROWS, "valkey": KEYS + 2, "weaviate": OBJECTS}
Run = Callable[..., str]


@pytest.fixture(scope="module")
def environment(dev) -> Mapping[str, str]:
    """What `./sophia env` tells, asked for once: that takes seconds."""
    told: Mapping[str, str] = dev.engine_environment("dev")
    return told


@pytest.fixture(scope="module")
def store(environment) -> Iterator[httpx.Client]:
    """A client of Weaviate's, as `./sophia env` tells one."""
    headers = {"Authorization": f"Bearer {environment['WEAVIATE_API_KEY']}"}
    url = f"{environment['WEAVIATE_URL']}/v1"
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def kubectl(environment) -> Run:
    """Runs kubectl on the namespace of data services."""

    def run(*words: str, text: str = "") -> str:
        command = ["kubectl", "-n", "sophia-data", *words]
        done = subprocess.run(command, env=environment, input=text, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def ask(kubectl) -> Run:
    """Asks PostgreSQL as its superuser."""
    password = "export PGPASSWORD=$(cat /run/secrets/postgresql/superuser)"  # noqa: S105  # pragma: allowlist secret - a command
    command = f'{password}; psql -U postgres -At -v ON_ERROR_STOP=1 -d sophia_vectors -c "$1"'
    return lambda statement: kubectl("exec", "postgresql-0", "--", "sh", "-c", command, "-", statement)


@pytest.fixture(scope="module")
def cache(kubectl) -> Run:
    """Asks Valkey as the platform's user."""
    told = (
        'valkey-cli -s /tmp/valkey.sock --no-auth-warning --user sophia --pass "$(cat /run/secrets/valkey/sophia)" "$@"'
    )
    return lambda *words: kubectl("exec", "valkey-0", "--", "sh", "-c", told, "-", *words)


@pytest.fixture(scope="module")
def filled(ask, cache, store) -> Sequence[Mapping[str, Any]]:
    """The objects that are there, beside rows and keys, so that there is something to lose."""
    drawn = random.Random(8)  # noqa: S311 - no secret
    rows = f"SELECT md5(i::text), 'a' FROM generate_series(1, {ROWS}) i"  # noqa: S608 - made here
    ask(f"INSERT INTO knowledge.knowledge_base (content, source) {rows}")
    # In one go: each time that somebody enters a pod takes seconds.
    lines = [f"redis.call('SET', 'key {index}', '{'x' * index}')" for index in range(KEYS)]
    lines += ["redis.call('SET', 'brief', 'b', 'EX', 3600)", "redis.call('ZADD', 'ranking', 1, 'a', 2.5, 'b')"]
    cache("EVAL", "; ".join(lines), "0")
    objects = [
        {
            "class": "Knowledge",
            "id": str(uuid.UUID(int=drawn.getrandbits(128))),
            "properties": {"content": f"what {index} is", "title": "What"},
            "vectors": {"default": [drawn.random() for _ in range(1536)]},
        }
        for index in range(OBJECTS)
    ]
    answer = store.post("/batch/objects", json={"objects": objects}).raise_for_status().json()
    assert {one["result"]["status"] for one in answer} == {"SUCCESS"}
    return objects


@pytest.fixture(scope="module")
def kept(dev, filled) -> Mapping[str, Mapping[str, Any]]:
    """What was backed up, by service."""
    rows = {row["service"]: row for row in dev.answer("backup", "dev")["services"]}
    assert {name: row["items"] >= LEAST[name] for name, row in rows.items()} == dict.fromkeys(LEAST, True)
    assert rows["weaviate"]["items"] >= len(filled)
    return rows


def test_the_seven_collections_are_on_the_real_server_each_behind_its_name(store):
    aliases = {one["alias"]: one["class"] for one in store.get("/aliases").json()["aliases"]}
    assert aliases == {
        name: f"{name}_v1"
        for name in (
            "AgentMemory",
            "BusinessInsights",
            "BusinessIntelligence",
            "Conversation",
            "Knowledge",
            "SophiaMemory",
            "UserProfile",
        )
    }


@pytest.mark.soak
def test_a_property_that_a_client_adds_is_named_and_up_reports_it_as_is_declared(dev, store):
    declared = store.get("/schema/UserProfile_v1").raise_for_status().json()
    mood = {"name": "mood", "dataType": ["text"]}
    store.post("/schema/UserProfile_v1/properties", json=mood).raise_for_status()
    try:
        found = drifted(dev, "dev")
        assert [*found] == ["memory-user-profile"]
        dev.sophia("up", "dev")
        assert [*drifted(dev, "dev")] == ["memory-user-profile"], "what nobody declared is not thrown away unasked"
    finally:
        # A property can be taken away with its collection alone, which is empty.
        store.delete("/schema/UserProfile_v1").raise_for_status()
        store.post("/schema", json=declared).raise_for_status()
    assert dev.answer("drift", "dev")["changes"] == []


def test_each_user_may_do_what_it_is_for_and_no_more(kubectl, ask, cache, store):
    assert opened(kubectl, "weaviate").keys() >= {"WEAVIATE_API_KEY", "RESTIC_PASSWORD"}
    roles = {one["userId"]: one["roles"] for one in store.get("/users/db").json() if one["dbUserType"] == "db_user"}
    assert roles == {"sophia-backup": ["backup"], "sophia-memory": ["writer"], "sophia-search": ["reader"]}
    held = ask("SELECT has_table_privilege('sophia_reader', 'knowledge.knowledge_base', 'INSERT')")
    assert held.strip() == "f"
    assert "NOPERM" in cache("FLUSHALL")


@pytest.mark.parametrize(
    ("exporter", "port", "sign"), [("postgresql", 9187, "pg_up 1"), ("valkey", 9121, "redis_up 1")]
)
def test_what_measures_a_service_reaches_it_as_a_user_of_its_own(kubectl, exporter, port, sign):
    path = f"/api/v1/namespaces/sophia-data/services/{exporter}-exporter:{port}/proxy/metrics"
    assert sign in kubectl("get", "--raw", path).splitlines()


@pytest.mark.usefixtures("filled")
def test_a_vector_search_takes_the_index(ask):
    made = "UPDATE knowledge.knowledge_base SET embedding = array_fill(random(), ARRAY[768])::vector"
    nearest = (
        "SELECT id FROM knowledge.knowledge_base ORDER BY embedding <=> array_fill(0.5, ARRAY[768])::vector LIMIT 3"
    )
    assert "knowledge_base_embedding" in ask(f"{made}; SET enable_seqscan = off; EXPLAIN {nearest}")


def test_the_newest_backups_are_tried_out_and_the_report_says_what_a_loss_costs(dev, kept):
    tried = {row["service"]: row for row in dev.answer("restore-drill", "dev")["services"]}
    assert {name: row["checksums"] for name, row in tried.items()} == {n: row["checksums"] for n, row in kept.items()}
    assert all(0 < row["age_seconds"] < 600 and 0 < row["seconds"] < 300 for row in tried.values())


@pytest.fixture(scope="module")
def restored(dev, kubectl, store, kept) -> Mapping[str, Mapping[str, Any]]:
    """What was told of each service's restore, once all that was kept was lost."""
    pods = ("pod/postgresql-0", "pod/valkey-0")
    kubectl("delete", "pvc", "data-postgresql-0", "data-valkey-0", "--wait=false")
    kubectl("delete", *pods)
    store.delete("/schema/Knowledge_v1").raise_for_status()
    # The next ones are not made in the same moment.
    kubectl("wait", "--for=create", *pods, "--timeout=60s")
    kubectl("wait", "--for=condition=Ready", *pods, "--timeout=120s")
    return {service: dev.answer("restore", "dev", service)["services"][0] for service in kept}


def test_what_is_lost_comes_back_as_it_was(dev, ask, cache, kept, restored):
    for service, row in restored.items():
        assert row["checksums"].items() <= kept[service]["checksums"].items(), service
        assert row["items"] >= LEAST[service], service
    assert "Knowledge_v1" in restored["weaviate"]["checksums"]
    assert int(ask("SELECT count(*) FROM knowledge.knowledge_base")) == ROWS
    asked = "return {redis.call('GET', 'key 3'), redis.call('ZSCORE', 'ranking', 'b'), redis.call('PTTL', 'brief')}"
    word, score, milliseconds = cache("EVAL", asked, "0").split()
    assert (word, score, 0 < int(milliseconds) < 3600_000) == ("xxx", "2.5", True)
    assert dev.answer("drift", "dev")["changes"] == []


@pytest.mark.usefixtures("restored")
def test_a_pod_that_goes_leaves_its_data_to_the_next(kubectl, ask, cache, store):
    pods = ("pod/postgresql-0", "pod/valkey-0", "pod/weaviate-0")
    kubectl("delete", *pods)
    kubectl("wait", "--for=create", *pods, "--timeout=60s")
    kubectl("wait", "--for=condition=Ready", *pods, "--timeout=120s")
    assert int(ask("SELECT count(*) FROM knowledge.knowledge_base")) == ROWS
    assert cache("GET", "key 3").strip() == "xxx"
    ends = time.monotonic() + 60
    while (found := _objects(store)) is None and time.monotonic() < ends:
        time.sleep(0.5)  # the way to the pod is made anew
    assert found == OBJECTS


def _objects(store: httpx.Client) -> int | None:
    try:
        told = store.post("/graphql", json={"query": "{Aggregate{Knowledge{meta{count}}}}"})
    except httpx.HTTPError:
        return None
    return int(told.json()["data"]["Aggregate"]["Knowledge"][0]["meta"]["count"]) if told.is_success else None


@pytest.mark.usefixtures("restored")
def test_objects_that_were_lost_come_back_with_their_vectors(store, filled):
    query = {"class": "Knowledge_v1", "limit": OBJECTS + 1, "include": "vector"}
    found = {one["id"]: one for one in store.get("/objects", params=query).raise_for_status().json()["objects"]}
    assert found.keys() == {one["id"] for one in filled}
    for one in filled:
        back = found[one["id"]]
        assert one["properties"].items() <= back["properties"].items()
        assert back["vectors"]["default"] == pytest.approx(one["vectors"]["default"], abs=1e-6)


@pytest.mark.usefixtures("filled")
def test_what_is_there_is_never_replaced(dev, ask, cache):
    result = dev.answer("restore", "dev", "valkey", code=1)
    assert "nothing was changed" in result["errors"][0]
    assert cache("GET", "key 3").strip() == "xxx"
    assert "hold rows" in dev.answer("restore", "dev", "postgresql", code=1)["errors"][0]
    assert int(ask("SELECT count(*) FROM knowledge.knowledge_base")) == ROWS


def test_the_clusters_datastore_is_kept_in_the_bucket_too(dev):
    dev.sophia("machines", "shell", "sophia-development", "--", "k3s", "etcd-snapshot", "save", "--name", "by-hand")
    kept = [path.name for path in (dev.home / "account/object-storage").rglob("etcd/*") if path.is_file()]
    assert any(name.startswith("by-hand-") for name in kept), kept


@pytest.mark.usefixtures("kept")
def test_what_is_kept_can_be_read_by_nobody_without_the_key(dev, kubectl):
    """Whoever has the bucket and another key is refused, and no key lies beside what it opens."""
    wrong = "RESTIC_PASSWORD=${RESTIC_PASSWORD}x restic cat config 2>&1"  # pragma: allowlist secret - a command
    script = f"restic --quiet cat config >/dev/null && echo opened; {wrong} || echo refused"
    said = in_a_backup(kubectl, "postgresql", script).splitlines()
    assert ("opened" in said, said[-1]) == (True, "refused"), said
    assert "wrong password or no key found" in " ".join(said)

    buckets = dev.home / "account/object-storage/buckets"
    files = [path for path in (buckets / "sophia-ai-backups-dev").rglob("*") if path.is_file()]
    assert {"postgresql", "valkey", "weaviate"} <= {path.relative_to(buckets).parts[1] for path in files}
    told = opened(kubectl, "postgresql")
    keys = [told[name].encode() for name in ("RESTIC_PASSWORD", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD")]
    assert all(keys)
    held = {path: path.read_bytes() for path in files}
    assert [path for path, content in held.items() for key in keys if key in content] == []


def opened(kubectl: Run, service: str) -> Mapping[str, str]:
    """The secret environment of what backs a service up."""
    data = json.loads(kubectl("get", "secret", f"{service}-backup", "-o", "json"))["data"]
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def in_a_backup(kubectl: Run, service: str, script: str) -> str:
    """Run a script in the place of what backs a service up, and return what it printed."""
    name = f"{service}-by-hand"
    made = kubectl("create", "job", name, f"--from=cronjob/{service}-backup", "--dry-run=client", "-o", "json")
    job = json.loads(made)
    job["spec"]["backoffLimit"] = 0
    job["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", script]
    try:
        kubectl("create", "-f", "-", text=json.dumps(job))
        kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=120s")
        return kubectl("logs", f"job/{name}")
    finally:
        kubectl("delete", "job", name, "--ignore-not-found")
