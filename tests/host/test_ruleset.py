"""The table of a firewall: what it says, what is refused, whom it admits; all without a host."""

import pytest

from providers.host.firewall_inputs import FirewallInputs
from providers.host.ruleset import BASE, Row, render
from providers.host.way_in import Origin, admits
from providers.kit.checking import check
from providers.kit.shape import shape
from providers.kit.values import UNKNOWN, Values
from tests.host.declarations import BREAK_GLASS, ROWS, firewall

SSH = {"name": "ssh", "protocol": "tcp", "port": 22, "sources": ["access"]}
PING = {"name": "ping", "protocol": "icmp", "sources": ["world"]}
NOW = 1_800_000_000


def text(**changes) -> str:
    inputs = firewall(**changes)
    return render(inputs.rows, inputs.nodes, inputs.access_interface, inputs.break_glass, inputs.pods).text


def failures(**changes) -> dict[str, str]:
    """Return what the engine is told, by property."""
    given = {"host": "m1", "connection": {"addresses": ["198.51.100.7"]}, "rows": list(ROWS), **changes}
    return {one.property: one.reason for one in check(shape(FirewallInputs), Values(given)).failures}


def rules(table: str) -> list[str]:
    return [line.strip() for line in table.splitlines() if "comment" in line]


def test_the_table_of_ours_is_replaced_and_no_other_is_named():
    table = text()
    assert table.startswith("table inet sophia\ndelete table inet sophia\ntable inet sophia {\n")
    assert "flush" not in table
    assert table.count("hook") == table.count("hook input priority filter; policy drop;") == 1


def test_each_way_in_is_one_rule_with_a_comment_of_its_own():
    found = rules(text())[len(BASE) :]
    assert found == [
        'meta nfproto ipv4 udp dport 51822 accept comment "access: world"',
        'meta nfproto ipv4 tcp dport 80 accept comment "http: world"',
        'meta nfproto ipv4 tcp dport 443 accept comment "https: world"',
        'ip saddr @nodes tcp dport 10250 accept comment "kubelet: nodes"',
        'meta nfproto ipv4 iifname "access" tcp dport 6443 accept comment "kubernetes-api: access"',
        'ip saddr @break_glass tcp dport 6443 accept comment "kubernetes-api: break-glass"',
        'ip saddr @nodes tcp dport 6443 accept comment "kubernetes-api: nodes"',
        'ip saddr @nodes udp dport 51820 accept comment "mesh: nodes"',
        (
            "meta nfproto ipv4 icmp type { destination-unreachable, echo-request, time-exceeded, parameter-problem } "
            'accept comment "ping: world"'
        ),
        'meta nfproto ipv4 iifname "access" tcp dport 22 accept comment "ssh: access"',
        'ip saddr @break_glass tcp dport 22 accept comment "ssh: break-glass"',
    ]


def test_every_rule_of_a_row_is_of_ipv4_alone():
    assert all("nfproto ipv4" in rule or "ip saddr" in rule for rule in rules(text())[len(BASE) :])


def test_the_order_of_rows_nodes_and_break_glass_says_nothing():
    others = [{**BREAK_GLASS, "cidr": "192.0.2.0/24"}, BREAK_GLASS]
    one = firewall(rows=list(ROWS), nodes=["10.16.0.2", "10.16.0.10"], break_glass=others)
    assert one == firewall(rows=[*reversed(ROWS)], nodes=["10.16.0.10", "10.16.0.2"], break_glass=[*reversed(others)])


def test_an_end_may_be_said_in_any_time_zone():
    (entry,) = firewall(break_glass=[{**BREAK_GLASS, "expires": "2099-01-01T02:00:00+02:00"}]).break_glass
    assert entry.expires == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"rows": [SSH, {"name": "web", "protocol": "tcp", "sources": ["world"]}]}, "rows[1]", "tcp needs a port"),
        ({"rows": [SSH, {**PING, "port": 8}]}, "rows[1]", "icmp has no ports; leave port out"),
        ({"rows": [SSH, {**SSH, "port": 23}]}, "rows", "two rows are called ssh"),
        ({"rows": [SSH, {**SSH, "name": "shell"}]}, "rows", "ssh and shell both open tcp 22; make them one row"),
        ({"rows": [{**SSH, "sources": ["world", "access"]}]}, "rows[0]", "write sources: [world] alone"),
        ({"rows": [{**SSH, "sources": ["access", "access"]}]}, "rows[0]", "names a source twice"),
        ({"rows": [{**SSH, "sources": ["everybody"]}]}, "rows[0].sources[0]", "'world', 'nodes', 'access' or 'pods'"),
        ({"rows": [{**SSH, "sources": ["access", "pods"]}]}, "", "pods: row ssh admits pods; say which interface"),
        ({"rows": [{**SSH, "name": "ssh: access"}]}, "rows[0].name", "pattern"),
        ({"rows": [{**SSH, "port": 65536}]}, "rows[0].port", "less than or equal to 65535"),
        ({"nodes": ["10.0.0.1", "10.0.0.1"]}, "nodes", "10.0.0.1 is the address of two nodes"),
        ({"nodes": ["10.0.0.0/8"]}, "nodes[0]", "'10.0.0.0/8' is no IPv4 address"),
        ({"nodes": ["2001:db8::1"]}, "nodes[0]", "'2001:db8::1' is no IPv4 address"),
        ({"accessInterface": "a; drop"}, "accessInterface", "pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_path(changes, path, said):
    assert said in failures(**changes)[path]


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"cidr": "2001:db8::/32"}, "breakGlass[0].cidr", "'2001:db8::/32' is no IPv4 network"),
        ({"cidr": "192.0.2.7/24"}, "breakGlass[0].cidr", "bits set beyond its prefix; write 192.0.2.0/24"),
        ({"cidr": "0.0.0.0/0"}, "breakGlass", "0.0.0.0/0 is wider than /8"),
        ({"expires": "tomorrow"}, "breakGlass[0].expires", "write one such as 2026-12-01T12:00:00Z"),
        ({"expires": "2026-12-01T12:00:00"}, "breakGlass[0].expires", "write 2026-12-01T12:00:00Z if UTC is meant"),
        ({"owner": ""}, "breakGlass[0].owner", "at least 1 character"),
        ({"reason": ""}, "breakGlass[0].reason", "at least 1 character"),
    ],
)
def test_break_glass_that_cannot_be_meant_is_refused_with_its_path(changes, path, said):
    assert said in failures(breakGlass=[{**BREAK_GLASS, **changes}])[path]


def test_break_glass_networks_that_overlap_are_refused():
    entries = [{**BREAK_GLASS, "cidr": cidr} for cidr in ("192.0.2.0/24", "198.51.100.0/24", "192.0.2.128/25")]
    assert "192.0.2.0/24 and 192.0.2.128/25 overlap" in failures(breakGlass=entries)["breakGlass"]


@pytest.mark.parametrize("sources", [["nodes"], []])
def test_rows_that_shut_everybody_out_are_refused_before_anything_is_done(sources):
    rows = [PING, {**SSH, "sources": sources}] if sources else [PING]
    (reason,) = failures(rows=rows).values()
    assert "no row opens tcp 22, the host's SSH port, to access" in reason
    assert "keep a row such as {name: ssh, protocol: tcp, port: 22, sources: [access]}" in reason


def test_the_row_that_has_to_stay_is_that_of_the_port_that_ssh_answers_on():
    other = {"connection": {"addresses": ["198.51.100.7"], "port": 2222}}
    assert "no row opens tcp 2222" in "".join(failures(rows=[SSH], **other).values())
    assert failures(rows=[{**SSH, "port": 2222}], **other) == {}


def test_what_only_a_reading_says_cannot_be_declared():
    assert "only a reading fills it" in "".join(failures(foreignTables=["ip nat"]).values())
    assert "policy" in failures(policy="accept")


def test_what_is_not_known_yet_refuses_nothing_and_what_is_known_is_checked_beside_it():
    unknown = {"nodes": [UNKNOWN], "connection": UNKNOWN}
    assert failures(**unknown) == {}
    assert set(failures(rows=[{**SSH, "port": 0}], **unknown)) == {"rows[0].port"}


@pytest.mark.parametrize(
    ("ours", "sources", "admitted"),
    [
        (Origin("10.97.0.9", 22, "access"), ["access"], True),
        (Origin("10.97.0.9", 22, "eth0"), ["access"], False),
        (Origin("198.19.255.10", 22, "eth0"), ["access"], True),
        (Origin("198.19.255.11", 22, "eth0"), ["access"], False),
        (Origin("198.19.255.11", 22, "eth0"), ["world"], True),
        (Origin("203.0.113.2", 22, "eth0"), ["access", "nodes"], True),
        (Origin("203.0.113.2", 22, "eth0"), ["access"], False),
        (Origin("10.97.0.9", 2222, "access"), ["access"], False),
        (Origin("198.19.255.10", 22, "eth0"), ["nodes"], False),
    ],
)
def test_our_own_connection_is_admitted_as_the_table_would(ours, sources, admitted):
    inputs = firewall()
    rows = [Row.model_validate({**SSH, "sources": sources})]
    found = admits(
        ours,
        rows=rows,
        nodes=inputs.nodes,
        access_interface=inputs.access_interface,
        break_glass=inputs.break_glass,
        now=NOW,
    )
    assert found is admitted


@pytest.mark.parametrize(("now", "admitted"), [(1_798_761_599, True), (1_798_761_600, False)])
def test_break_glass_that_has_expired_admits_nobody(now, admitted):
    inputs = firewall(break_glass=[{**BREAK_GLASS, "expires": "2027-01-01T00:00:00Z"}])
    found = admits(
        Origin("198.19.255.10", 22, "eth0"),
        rows=inputs.rows,
        nodes=(),
        access_interface="access",
        break_glass=inputs.break_glass,
        now=now,
    )
    assert found is admitted


def test_a_nodes_own_pods_come_in_by_their_interface_with_addresses_of_theirs_alone():
    kubelet = {"name": "kubelet", "protocol": "tcp", "port": 10250, "sources": ["nodes", "pods"]}
    pods = {"interface": "cni0", "network": "10.42.0.0/16"}
    rules = [line.strip() for line in text(rows=[SSH, kubelet], pods=pods).splitlines() if "kubelet: pods" in line]
    assert rules == ['iifname "cni0" ip saddr 10.42.0.0/16 tcp dport 10250 accept comment "kubelet: pods"']
