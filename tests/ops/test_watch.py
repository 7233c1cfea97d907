"""What the watch over the pods calls a trouble, as an API server tells it."""

import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from ops import watch
from ops.watch import Trouble, Watch, current

BEFORE = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)
AFTER = datetime(2026, 11, 21, 6, 25, tzinfo=UTC)


@pytest.fixture
def hurried(monkeypatch):
    """A watch that looks often and waits little."""
    monkeypatch.setattr(watch, "_PERIOD_SECONDS", 0.01)
    monkeypatch.setattr(watch, "_GRACE_SECONDS", 0.1)
    monkeypatch.setattr(watch, "_STALE_GRACE_SECONDS", 0.4)


def only(troubles: list[Trouble]) -> Trouble:
    (trouble,) = troubles
    return trouble


def test_healthy_pods_are_no_trouble(cluster):
    assert current(cluster("mcp-github", "mcp-huge-857d8bb7df-jmvst"), BEFORE) == []


def test_a_pod_that_fits_no_node_is_unschedulable(cluster):
    trouble = only(current(cluster("mcp-lost"), BEFORE))
    assert (trouble.namespace, trouble.name, trouble.reason) == (
        "sophia-mcp",
        "mcp-lost-5c5bcd45f6-xx8zj",
        "Unschedulable",
    )
    assert "0/1 nodes are available" in trouble.message


def test_a_container_that_keeps_crashing_is_a_trouble_though_its_pod_runs(cluster):
    trouble = only(current(cluster("mcp-crash"), BEFORE))
    assert trouble.reason == "CrashLoopBackOff"
    assert "back-off 40s" in trouble.message


@pytest.mark.parametrize("name", ["mcp-refused", "mcp-stateful"], ids=["replica set", "stateful set"])
def test_a_pod_that_admission_refuses_is_told_by_the_last_event_of_its_controller(name, cluster):
    trouble = only(current(cluster(name), BEFORE))
    assert (trouble.name.startswith(name), trouble.reason, trouble.stale) == (True, "FailedCreate", False)
    assert 'violates PodSecurity "restricted:latest"' in trouble.message


def test_the_last_of_several_refusals_is_told(cluster):
    assert only(current(cluster("mcp-refused"), BEFORE)).message.startswith("(combined from similar events)")


@pytest.mark.parametrize("name", ["mcp-refused", "mcp-stateful"])
def test_a_refusal_from_before_the_watch_is_stale(name, cluster):
    assert only(current(cluster(name), AFTER)).stale


def test_a_refused_stateful_set_that_has_its_pods_again_is_no_trouble(api):
    def mended(request: httpx.Request) -> httpx.Response:
        document = api("mcp-stateful")(request).json()
        for item in document["items"]:
            item.get("status", {}).update(replicas=1)
        return httpx.Response(200, json=document)

    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(mended)) as client:
        assert current(client, BEFORE) == []


def test_what_is_left_of_a_workload_that_goes_is_no_trouble(api):
    def labelled(request: httpx.Request) -> httpx.Response:
        document = api("mcp-crash", "mcp-lost", "mcp-refused")(request).json()
        for item in document["items"]:
            item["metadata"].setdefault("labels", {})["sophia.ai/workload"] = "github-canary"
        return httpx.Response(200, json=document)

    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(labelled)) as client:
        assert current(client, BEFORE, workloads=["github"]) == []
        assert len(current(client, BEFORE, workloads=["github", "github-canary"])) == 3


def test_a_pod_from_before_the_watch_is_stale(cluster):
    assert [only(current(cluster("mcp-crash"), begun)).stale for begun in (BEFORE, AFTER)] == [False, True]


def test_a_trouble_names_pod_reason_and_message():
    assert str(Trouble("sophia-mcp", "pod", "Reason", "message")) == "sophia-mcp/pod: Reason: message"


def test_only_the_platforms_own_objects_are_looked_at(api):
    server = api("mcp-github")
    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(server)) as client:
        current(client, BEFORE)
    assert {request.url.params.get("labelSelector") for request in server.asked} == {"app.kubernetes.io/part-of=sophia"}


@pytest.mark.usefixtures("hurried")
def test_a_lasting_trouble_is_called_once_and_kept(cluster):
    called = threading.Semaphore(0)
    with Watch(cluster("mcp-lost"), called.release) as seen:
        assert called.acquire(timeout=5)
        assert not called.acquire(timeout=0.1), "the engine would stop at once, without finishing what it has begun"
    assert [trouble.reason for trouble in seen.troubles] == ["Unschedulable"]


@pytest.mark.usefixtures("hurried")
def test_a_trouble_that_passes_is_not_called(api):
    asked = time.monotonic()

    def passing(request: httpx.Request) -> httpx.Response:
        troubled = time.monotonic() - asked < 0.05
        return httpx.Response(200, json=api("mcp-lost" if troubled else "mcp-github")(request).json())

    called = threading.Event()
    with (
        httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(passing)) as client,
        Watch(client, called.set) as seen,
    ):
        assert not called.wait(timeout=0.4)
    assert seen.troubles == ()


@pytest.mark.usefixtures("hurried")
def test_a_refusal_from_before_the_watch_gets_longer(cluster):
    begun, called = time.monotonic(), threading.Event()
    with Watch(cluster("mcp-refused"), called.set):
        assert called.wait(timeout=5)
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    "message",
    [
        "context deadline exceeded",
        "unable to create new parent process: namespace path: lstat /proc/0/ns/ipc: no such file or directory",
    ],
)
@pytest.mark.usefixtures("hurried")
def test_what_a_busy_kubelet_tries_again_gets_longer(api, monkeypatch, message):
    monkeypatch.setattr(watch, "_BUSY_GRACE_SECONDS", 0.4)

    def busy(request: httpx.Request) -> httpx.Response:
        document = api("mcp-crash")(request).json()
        for item in document["items"]:
            for one in item.get("status", {}).get("containerStatuses", []):
                one["state"] = {"waiting": {"reason": "CreateContainerError", "message": message}}
        return httpx.Response(200, json=document)

    begun, called = datetime.now(UTC), threading.Event()
    monkeypatch.setattr(watch, "_STALE_GRACE_SECONDS", 0.1)
    with (
        httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(busy)) as client,
        Watch(client, called.set) as seen,
    ):
        assert called.wait(timeout=5)
    assert (datetime.now(UTC) - begun).total_seconds() >= 0.4
    assert [trouble.reason for trouble in seen.troubles] == ["CreateContainerError"]


def test_a_pod_without_a_place_may_wait_for_a_node_that_is_still_missing(cluster):
    (waiting,) = current(cluster("mcp-lost"), BEFORE, ["sophia-development", "sophia-ai-core"])
    (lost,) = current(cluster("mcp-lost"), BEFORE, ["sophia-development"])
    assert (waiting.reason, waiting.joining, lost.joining) == ("Unschedulable", True, False)


@pytest.mark.usefixtures("hurried")
def test_a_pod_that_waits_for_a_node_gets_longer(cluster, monkeypatch):
    monkeypatch.setattr(watch, "_JOINING_GRACE_SECONDS", 0.4)
    begun, called = time.monotonic(), threading.Event()
    with Watch(cluster("mcp-lost"), called.set, nodes=["sophia-ai-core"]):
        assert called.wait(timeout=5)
    assert time.monotonic() - begun >= 0.4


@pytest.mark.usefixtures("hurried")
def test_a_watch_that_cannot_see_yet_or_for_a_moment_goes_on(api):
    answers = iter([None, httpx.Response(503), httpx.Response(401)])

    def flaky(request: httpx.Request) -> httpx.Response:
        answer = next(answers, api("mcp-lost")(request))
        if answer is None:
            raise httpx.ConnectError("there is no cluster yet", request=request)  # noqa: EM101, TRY003 - as it is said
        return answer

    called = threading.Event()
    with (
        httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(flaky)) as client,
        Watch(client, called.set),
    ):
        assert called.wait(timeout=5)


def test_a_watch_that_is_left_has_ended(cluster):
    before = threading.active_count()
    with Watch(cluster("mcp-github"), lambda: None):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
