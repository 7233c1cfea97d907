"""What a firewall rule may say, and how lists of rules compare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from providers.lambda_cloud.firewall import FirewallRule, Rules, enforced_region, missing, network, normal, sentence

RULES = TypeAdapter(Rules)

networks = st.ip_addresses(v=4).map(str) | st.integers(0, 32).map(lambda bits: f"0.0.0.0/{bits}")
ports = st.lists(st.integers(1, 65535), min_size=2, max_size=2).map(sorted).map(tuple)
ported = st.fixed_dictionaries(
    {"protocol": st.sampled_from(["tcp", "udp", "all"]), "portRange": ports, "sourceNetwork": networks}
)
portless = st.fixed_dictionaries({"protocol": st.just("icmp"), "sourceNetwork": networks})
rules = st.lists((ported | portless).map(FirewallRule.model_validate), max_size=20)


def rule(**changes: object) -> dict[str, object]:
    return {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "203.0.113.7", **changes}


def refusal(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        FirewallRule.model_validate(rule(**changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "normal_form"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 10.0.0.0/8 ", "10.0.0.0/8"),
        ("10.1.0.0/255.255.0.0", "10.1.0.0/16"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_has_one_spelling(written, normal_form):
    assert network(written) == normal_form


def test_host_bits_are_refused_and_the_network_that_was_meant_is_named():
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.0/8"):
        network("10.0.0.1/8")


@pytest.mark.parametrize("source", ["::/0", "example.org", "", "10.0.0.0/33", "300.0.0.1"])
def test_what_is_no_ipv4_network_is_refused(source):
    with pytest.raises(ValueError, match="no IPv4 network"):
        network(source)


def test_icmp_has_no_ports():
    assert "leave portRange out" in refusal(protocol="icmp")


@pytest.mark.parametrize("protocol", ["tcp", "udp", "all"])
def test_every_other_protocol_needs_ports(protocol):
    assert "needs portRange" in refusal(protocol=protocol, portRange=None)


def test_a_range_that_begins_after_it_ends_names_the_right_one():
    assert "write [80, 443]" in refusal(portRange=[443, 80])


@pytest.mark.parametrize("port_range", [[0, 22], [22, 65536], [22], [1, 2, 3]])
def test_a_range_is_two_ports_that_exist(port_range):
    assert "portRange" in refusal(portRange=port_range)


def test_a_description_is_at_most_128_characters():
    assert "128" in refusal(description="x" * 129)


def test_more_than_twenty_rules_are_refused():
    many = [rule(portRange=[port, port]) for port in range(1, 22)]
    with pytest.raises(ValidationError, match="at most 20"):
        RULES.validate_python(many)


@given(rules, st.randoms(use_true_random=False))
def test_order_and_repetition_mean_nothing(some, random):
    shuffled = [*some, *some]
    random.shuffle(shuffled)
    assert normal(shuffled) == normal(some)


@given(rules)
def test_nothing_is_missing_from_itself(some):
    assert missing(some, among=some) == ()


@given(rules, rules)
def test_what_is_missing_completes_the_others(some, others):
    assert normal([*others, *missing(some, among=others)]) == normal([*others, *some])


def test_the_region_without_enforcement_is_refused_with_the_alternative():
    with pytest.raises(ValueError, match="nftables"):
        enforced_region("us-south-1")


def test_any_other_region_is_taken_as_it_is_because_lambda_keeps_the_list():
    assert enforced_region("mars-north-7") == "mars-north-7"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"description": "SSH"}, "tcp 22 from 203.0.113.7/32 (SSH)"),
        ({"portRange": [80, 443]}, "tcp 80-443 from 203.0.113.7/32"),
        ({"protocol": "icmp", "portRange": None}, "icmp from 203.0.113.7/32"),
    ],
)
def test_a_rule_reads_as_people_write_it(changes, words):
    assert sentence(FirewallRule.model_validate(rule(**changes))) == words
