"""Drift of hosts and clusters, as it was recorded from the engine: with two real machines, of which one was switched
off, and with an API server that was killed."""

from dataclasses import replace
from datetime import date

import httpx
import pytest
from rich.console import Console

from catalog.ignores import DriftIgnore
from ops import cluster, view
from ops.drift import drift
from ops.drift_rows import UnreachableCluster
from ops.results import DriftResult
from ops.unreachable import Silent, unreachable_store

TODAY = date(2026, 11, 27)
DEAD = "sophia-data-pipeline"
FOREIGN = {
    "stack": "dev",
    "resource": "sophia-ai-core-firewall",
    "path": "foreignTables",
    "value": "inet mine",
    "reason": "the backup agent brings it",
    "owner": "ada",
    "expires": date(2026, 12, 31),
}
EDITED = FOREIGN | {"resource": "sophia-ai-core-*", "path": "files", "value": None}
STOPPED = EDITED | {"path": "active"}
DOWN = EDITED | {"resource": f"{DEAD}-host", "path": "reachable", "reason": "its disk is replaced"}


def entries(*given: dict[str, object]) -> tuple[DriftIgnore, ...]:
    return tuple(DriftIgnore.model_validate(one) for one in given)


@pytest.fixture
def found(deployment, replayed):
    """Gives the drift of a recording, with these entries in the catalog."""

    def look(name: str, *given: dict[str, object], today: date = TODAY, code: int = 0) -> DriftResult:
        made = deployment(replayed(name, code=code))
        object.__setattr__(made, "ignores", entries(*given))
        return drift(made, view.View(Console(quiet=True)), today)

    return look


@pytest.fixture
def shown(found, capsys):
    """Gives the lines that people see of it."""

    def lines(name: str, *given: dict[str, object], today: date = TODAY) -> list[str]:
        view.show_drift(found(name, *given, today=today), Console(width=160, highlight=False))
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_a_host_that_is_not_reached_is_one_finding_with_what_is_on_it(found):
    result = found("host-down.jsonl")
    (host,) = result.unreachable
    assert (host.host, host.resource, host.trouble) == (DEAD, f"{DEAD}-host", "no address answers")
    assert host.unchecked == tuple(f"{DEAD}-{what}" for what in ("chrony", "files", "firewall", "sysctl"))
    assert host.remedy == "docs/runbooks/locked-out.md"
    assert result.drifted


def test_everything_else_is_told_beside_it(found):
    result = found("host-down.jsonl")
    assert {one.name: [d.path for d in one.deviations] for one in result.changes} == {
        "sophia-ai-core-files": ["files[0].content"],
        "sophia-ai-core-chrony": ["active"],
        "sophia-ai-core-firewall": ["foreignTables[0]"],
    }
    assert result.checked == 9, "what is on the host that is not reached was not compared"
    assert result.repair == "./sophia up dev"


def test_a_host_whose_trouble_an_up_that_failed_has_recorded_is_still_a_finding(found):
    result = found("host-down-again.jsonl")
    assert [(host.host, host.trouble) for host in result.unreachable] == [(DEAD, "no address answers")]
    assert len(result.unreachable[0].unchecked) == 4


def test_people_see_one_block_for_the_host(shown):
    lines = shown("host-down.jsonl")
    block = f"host {DEAD}: not reachable: no address answers; 4 resources could not be checked"
    assert lines[:2] == [block, "  What to do: docs/runbooks/locked-out.md"]
    assert [line for line in lines[2:] if DEAD in line] == []
    assert '      foreignTables[0]: absent → "inet mine"' in lines


def test_a_host_with_another_key_leads_to_its_own_page(deployment, stand_in, recorded):
    text = recorded("host-down.jsonl").replace("no address answers", "host key is SHA256:a, pinned is SHA256:b")
    engine = stand_in(f"print({text!r}, end='')")
    (host,) = drift(deployment(engine), view.View(Console(quiet=True)), TODAY).unreachable
    assert host.remedy == "docs/runbooks/host-key-changed.md"


def test_what_an_entry_bears_is_no_drift_and_is_shown_apart(found, shown):
    given = (FOREIGN, EDITED, STOPPED, DOWN)
    result = found("host-down.jsonl", *given)
    assert not result.drifted
    assert (result.changes, result.unreachable, result.repair) == ((), (), "")
    assert {(one.resource, one.path) for one in result.ignored} == {
        ("sophia-ai-core-firewall", "foreignTables[0]"),
        ("sophia-ai-core-files", "files[0].content"),
        ("sophia-ai-core-chrony", "active"),
        (f"{DEAD}-host", "reachable"),
    }
    lines = shown("host-down.jsonl", *given)
    assert "No drift: 9 resources are as declared." in lines
    assert "ignored until 2026-12-31 by ada: the backup agent brings it" in lines
    assert '      sophia-ai-core-firewall: foreignTables[0]: absent → "inet mine"' in lines


def test_what_is_left_counts(found):
    result = found("host-down.jsonl", EDITED)
    assert {one.name for one in result.changes} == {"sophia-ai-core-chrony", "sophia-ai-core-firewall"}
    assert result.drifted


def test_a_foreign_table_alone_is_not_repaired_by_up(found):
    result = found("host-down.jsonl", EDITED, STOPPED, DOWN)
    assert [one.name for one in result.changes] == ["sophia-ai-core-firewall"]
    assert "./sophia up" not in result.repair
    assert "catalog/drift_ignores.yaml" in result.repair


def test_an_entry_that_has_expired_hides_nothing_any_more_and_is_named(found, shown):
    later = date(2026, 12, 31)
    result = found("host-down.jsonl", FOREIGN, today=later)
    assert result.ignored == ()
    assert "sophia-ai-core-firewall" in [one.name for one in result.changes]
    assert [one.resource for one in result.expired] == ["sophia-ai-core-firewall"]
    (warning,) = [line for line in shown("host-down.jsonl", FOREIGN, today=later) if line.startswith("warning")]
    assert "expired on 2026-12-31, and hides nothing any more: ada's entry sophia-ai-core-firewall" in warning


def test_an_entry_that_nothing_corresponds_to_is_named_and_is_no_drift(found, shown):
    given = FOREIGN | {"resource": "mcp-github-service"}
    result = found("unchanged.jsonl", given)
    assert not result.drifted
    assert [one.resource for one in result.stale] == ["mcp-github-service"]
    (warning,) = [line for line in shown("unchanged.jsonl", given) if line.startswith("warning")]
    assert 'nothing is there that it is about: ada\'s entry mcp-github-service foreignTables "inet mine"' in warning


def test_after_a_failure_no_entry_is_called_stale(found):
    result = found("refused.jsonl", FOREIGN | {"resource": "mcp-github-service"}, code=255)
    assert result.errors
    assert result.stale == ()


def test_the_json_answer_holds_all_of_it(found):
    document = found("host-down.jsonl", FOREIGN).model_dump(mode="json")
    assert document["unreachable"][0]["trouble"] == "no address answers"
    assert document["ignored"][0]["expires"] == "2026-12-31"


def test_a_cluster_that_does_not_answer_is_one_finding_with_what_is_in_it(found):
    result = found("cluster-down.jsonl")
    assert result.cluster is not None
    assert result.cluster.trouble == "connection refused"
    assert result.cluster.unchecked == ("mcp-github-deployment", "mcp-github-service", "sophia-mcp-namespace")
    assert (result.errors, result.changes, result.drifted, result.checked) == ((), (), True, 2)
    assert result.repair == result.cluster.remedy == "./sophia up dev"


def test_people_see_one_block_for_the_cluster_and_no_warning_for_each_resource(deployment, replayed, capsys):
    result = drift(deployment(replayed("cluster-down.jsonl")), view.View(Console(highlight=False)), TODAY)
    view.show_drift(result, Console(width=160, highlight=False))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "cluster: its API server does not answer: connection refused; 3 resources could not be checked",
        "  What to do: ./sophia up dev",
    ]


def test_a_cluster_whose_servers_host_is_not_reached_leads_to_the_hosts_page(deployment, stand_in, recorded):
    text = recorded("cluster-down.jsonl").replace('"reachable":true', '"reachable":false')
    result = drift(deployment(stand_in(f"print({text!r}, end='')")), view.View(Console(quiet=True)), TODAY)
    assert result.cluster is not None
    assert result.cluster.trouble == "sophia-development is not reached"
    assert result.cluster.remedy == "docs/runbooks/locked-out.md"
    assert [host.host for host in result.unreachable] == ["sophia-development"]


def test_no_entry_is_stale_whose_resource_is_in_a_cluster_that_does_not_answer(found):
    assert found("cluster-down.jsonl", FOREIGN | {"resource": "mcp-github-service"}).stale == ()


def test_only_drift_bears_a_cluster_that_does_not_answer(deployment, stand_in, tmp_path):
    engine = stand_in(f"open({str(tmp_path / 'told')!r}, 'w').write(os.environ['PULUMI_K8S_SKIP_UPDATE_UNREACHABLE'])")
    drift(deployment(engine), view.View(Console(quiet=True)), TODAY)
    assert (tmp_path / "told").read_text(encoding="utf-8") == "true"
    assert "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE" not in engine.environment, "an up would pass over every change"


def test_what_is_in_a_cluster_that_takes_no_connection_is_left_out(deployment, stand_in, tmp_path, monkeypatch):
    def refuse(request: httpx.Request) -> httpx.Response:
        message = "connection refused"
        raise httpx.ConnectError(message, request=request)

    monkeypatch.setattr(cluster, "_ABSENT_SECONDS", 0)
    made = deployment(stand_in(f"open({str(tmp_path / 'told')!r}, 'w').write(' '.join(sys.argv[1:]))"))
    inside, outside = "urn:pulumi:dev::sophia::kubernetes:core/v1:Service::mcp-github-service", "urn:host"
    kept = ({"urn": inside, "type": "kubernetes:core/v1:Service"}, {"urn": outside, "type": "host:index:Host"})
    with httpx.Client(base_url="https://api", transport=httpx.MockTransport(refuse)) as nobody:
        refused = replace(made, cluster=nobody, resources=lambda: kept)
        found = drift(refused, view.View(Console(quiet=True)), TODAY).cluster
    assert found is not None
    assert (found.trouble, found.unchecked) == ("connection refused", ("mcp-github-service",))
    assert f"--exclude {inside} " in (tmp_path / "told").read_text(encoding="utf-8")
    assert outside not in (tmp_path / "told").read_text(encoding="utf-8")


@pytest.mark.parametrize(("stack", "remedy"), [("dev", "the cluster's"), ("prod", "./sophia up prod")])
def test_a_vector_store_of_elsewhere_is_not_mended_with_the_cluster(stack, remedy, deployment, replayed):
    made = replace(deployment(replayed("unchanged.jsonl")), stack=stack)
    silent = UnreachableCluster(trouble="it is down", unchecked=(), remedy="the cluster's")
    found = unreachable_store(Silent("no answer", frozenset()), silent, made)
    assert found is not None
    assert found.remedy == remedy
