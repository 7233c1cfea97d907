"""The hosts of prod with the real engine: configured over SSH, changed by hand, repaired, unreachable, closed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import yaml

import catalog
from rehearsal import configuration
from rehearsal.account import Account
from rehearsal.home import Folder
from rehearsal.machines import Room
from tests.engine.by_hand import id_of, on
from tests.host.scan import SCANNED, Run, listening, scan

pytestmark = pytest.mark.engine

ByHand = Callable[..., str]
ECHOED = SCANNED - {"udp 51820"}
"""The mesh of a node listens on its own port, and answers nobody."""
EDITED = "/etc/systemd/journald.conf.d/60-sophia.conf"


@pytest.fixture(scope="module")
def by_hand(prod) -> ByHand:
    """Runs a script as root on a machine of prod."""
    return partial(on, prod)


def drifted(checkout, stack: str = "prod") -> dict[str, dict[str, Any]]:
    """What differs, by resource and path."""
    changes = checkout.answer("drift", stack, code=7)["changes"]
    return {change["name"]: {one["path"]: one for one in change["deviations"]} for change in changes}


@pytest.mark.soak
def test_what_somebody_changed_on_hosts_is_named_with_both_values_repaired_and_reported_where_it_is_not_ours(
    prod, by_hand
):
    by_hand("sophia-data-pipeline", f"sed -i s/persistent/volatile/ {EDITED}; chmod 666 {EDITED}")
    by_hand("sophia-production-instance", "nft add rule inet sophia input tcp dport 9999 accept; nft add table ip mine")
    by_hand("sophia-mcp-orchestrator", "systemctl stop chrony")
    by_hand("sophia-ai-core", "apt-get remove --quiet --quiet --yes auditd")

    found = drifted(prod)
    assert set(found) == {
        "sophia-data-pipeline-files",
        "sophia-data-pipeline-systemd-journald",
        "sophia-production-instance-firewall",
        "sophia-mcp-orchestrator-chrony",
        "sophia-ai-core-packages",
        "sophia-ai-core-auditd",
    }
    files = {path.rpartition(".")[2]: one for path, one in found["sophia-data-pipeline-files"].items()}
    assert (files["mode"]["expected"], files["mode"]["actual"]) == ("0644", "0666")
    assert ("persistent" in files["content"]["expected"], "volatile" in files["content"]["actual"]) == (True, True)
    firewall = found["sophia-production-instance-firewall"]
    assert ["9999" in str(one["actual"]) for path, one in firewall.items() if path.startswith("unexpected")] == [True]
    assert [one["actual"] for path, one in firewall.items() if path.startswith("foreignTables")] == ["ip mine"]
    assert found["sophia-mcp-orchestrator-chrony"]["active"]["actual"] is False
    assert "auditd" in [one["expected"] for one in found["sophia-ai-core-packages"].values()]

    prod.sophia("up", "prod")
    assert set(drifted(prod)) == {"sophia-production-instance-firewall"}, "a table of others is reported, not touched"
    assert "table ip mine" in by_hand("sophia-production-instance", "nft list tables")
    assert "9999" not in by_hand("sophia-production-instance", "nft list table inet sophia")
    assert "Storage=persistent" in by_hand("sophia-data-pipeline", f"cat {EDITED}")
    assert by_hand("sophia-ai-core", "systemctl is-active auditd").strip() == "active"

    bear(prod, resource="sophia-production-instance-firewall", path="foreignTables[*]", value="ip mine")
    ignored = prod.answer("drift", "prod")
    assert ignored["changes"] == []
    assert "ip mine" in str(ignored), "what is borne is still told"
    by_hand("sophia-production-instance", "nft delete table ip mine")


@pytest.mark.soak
def test_a_host_that_is_down_is_a_finding_and_keeps_nobody_else_from_being_repaired(prod, by_hand):
    try:
        # Pods that went down with it would be waited for until Kubernetes gives them up, after five minutes.
        prod.kubectl(
            "prod", "drain", "sophia-data-pipeline", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"
        )
        by_hand("sophia-data-pipeline", "ip link set eth0 down")
        by_hand("sophia-mcp-orchestrator", f"rm {EDITED}")
        found = prod.answer("drift", "prod", code=7)
        (host,) = found["unreachable"]
        assert (host["host"], host["trouble"]) == ("sophia-data-pipeline", "no address answers")
        assert "sophia-data-pipeline-firewall" in host["unchecked"]
        names = {change["name"] for change in found["changes"]}
        assert names == {"sophia-mcp-orchestrator-files", "sophia-mcp-orchestrator-systemd-journald"}
        left = prod.sophia("up", "prod", check=False)
        assert left.returncode == 1
        assert "sophia-data-pipeline" in left.stderr
        assert "Storage=persistent" in by_hand("sophia-mcp-orchestrator", f"cat {EDITED}")
    finally:
        by_hand("sophia-data-pipeline", "ip link set eth0 up; ip route add 169.254.1.1 dev eth0 scope link || true;"
                " ip route add default via 169.254.1.1 || true")  # fmt: skip
        prod.kubectl("prod", "uncordon", "sophia-data-pipeline")
    prod.sophia("up", "prod")
    assert prod.answer("drift", "prod")["changes"] == []


def test_what_is_open_from_outside_from_another_node_and_from_a_peer_is_what_the_table_says(prod):
    room, host = Room(prod.home), "sophia-ai-core"
    facts = catalog.load()
    address = str(facts.machines[host].expected_ip)
    stranger = room.client("stranger", "198.19.255.20")
    places: dict[str, tuple[Run, str, set[str]]] = {
        "outside": (lambda words, text: stranger.run(words, text=text), address, {"world"}),
        "another node": (
            lambda words, text: room.enter(id_of(prod, "sophia-mcp-orchestrator"), words, text=text),
            address,
            {"world", "nodes"},
        ),
        "a peer": (
            lambda words, text: room.runner.run(words, text=text),
            facts.machines[host].access_address,
            {"world", "access"},
        ),
    }
    rows = facts.firewall.rows("server").values()
    with listening(lambda words, text: room.enter(id_of(prod, host), words, text=text)):
        for place, (knock, target, sources) in places.items():
            found = scan(knock, target)
            told = {f"{row.protocol} {row.port}" for row in rows if row.port and sources & {*row.sources}} & ECHOED
            print(f"{place}: {', '.join(sorted(found))}")  # noqa: T201 - the scan
            assert found == told, place


def test_no_private_key_stands_in_the_state_or_the_logs(prod):
    account = Account(prod.home)
    key = account.folder.private_key.read_text(encoding="utf-8")
    canaries = [key.splitlines()[2], str(configuration.secret(Folder(prod.home, "prod"), "ACCESS_CI_PRIVATE_KEY"))]
    places = [*(prod.home / "pulumi/state").rglob("*"), *prod.home.rglob("*.log*")]
    looked = [place for place in places if place.is_file()]
    assert len(looked) > 5
    for place in looked:
        text = place.read_text(errors="replace")
        assert not [canary for canary in canaries if canary in text], f"{place} holds a private key"


def bear(checkout, **entry: str) -> None:
    """Add an entry to what drift bears for a while."""
    path = checkout.root / "catalog/drift_ignores.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    key = next(iter(document))
    document[key] = [{"stack": "prod", **entry, "reason": "a test", "owner": "platform", "expires": soon()}]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def soon() -> Any:
    return (datetime.now(UTC) + timedelta(days=30)).date()
