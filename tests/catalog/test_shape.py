"""Files that can be read and do not fit their model."""

from collections.abc import Callable
from typing import Any

from catalog import Offence

Broken = Callable[[dict[str, Any]], list[Offence]]


def test_an_unknown_field_lists_the_fields_that_exist_there(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"placement": {"prefered_roles": ["mcp"]}}})
    assert offence.path == "catalog/mcp/github.yaml: placement.prefered_roles"
    assert offence.remedy.endswith("known here: architectures, preferred_roles, required_roles, tolerated_taints")


def test_an_unknown_role_lists_the_roles(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"placement": {"preferred_roles": ["gpu-large"]}}})
    assert (offence.path, offence.value) == ("catalog/mcp/github.yaml: placement.preferred_roles[0]", "gpu-large")
    assert "'core', 'mcp', 'data', 'production' or 'dev'" in offence.rule


def test_a_missing_field_is_named_in_the_file_that_lacks_it(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": lambda tree: tree.pop("owner")})
    assert (offence.path, offence.value) == ("catalog/mcp/github.yaml: owner", "absent")


def test_a_wrong_default_is_named_once_in_the_file_of_the_defaults(broken: Broken) -> None:
    (offence,) = broken({"mcp/_defaults.yaml": {"workload": {"image": {"tag": "latest"}}}})
    assert offence.path == "catalog/mcp/_defaults.yaml: workload.image.tag"


def test_a_wrong_rule_of_a_tier_is_named_in_that_tier(broken: Broken) -> None:
    (offence,) = broken({"mcp/_defaults.yaml": {"tiers": {"TERTIARY": {"replicas": {"min": 0}}}}})
    assert offence.path == "catalog/mcp/_defaults.yaml: tiers.TERTIARY.replicas.min"


def test_a_wrong_short_port_is_named_as_it_is_written(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"port": 80}})
    assert (offence.path, offence.value) == ("catalog/mcp/github.yaml: port", "80")


def test_a_secret_pasted_into_a_setting_is_not_shown(broken: Broken) -> None:
    fake = "fake-" + "0123456789" * 2
    (offence,) = broken({"mcp/github.yaml": {"settings": {"org_token": fake}}})
    assert fake not in str(offence)


def test_a_secret_pasted_beside_its_name_is_not_shown(broken: Broken) -> None:
    fake = "fake-" + "0123456789" * 2
    (offence,) = broken({"mcp/github.yaml": {"secrets": [{"env": "A", "secret": "GH_API_TOKEN", "value": fake}]}})
    assert (offence.path, offence.value) == ("catalog/mcp/github.yaml: secrets[0].value", "a text")


def test_a_number_where_text_belongs_says_to_quote_it(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"settings": {"LIMIT": 20}}})
    assert "in quotes" in offence.remedy


def test_half_a_gpu_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/ai-memory.yaml": {"resources": {"gpus": 0.5}}})
    assert (offence.path, offence.value) == ("catalog/mcp/ai-memory.yaml: resources.gpus", "0.5")


def test_a_server_does_not_state_its_name(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"name": "git"}})
    assert offence.path == "catalog/mcp/github.yaml: name"


def test_a_server_states_port_or_ports_not_both(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"ports": [{"name": "mcp", "port": 9005}]}})
    assert offence.path == "catalog/mcp/github.yaml: port"


def test_a_file_name_that_kubernetes_refuses_is_named(broken: Broken) -> None:
    text = "title: Git\ndescription: Git\ntier: SECONDARY\nowner: dev_team\nport: 9100\n"
    (offence,) = broken({"mcp/Git_Hub.yaml": text})
    assert (offence.path, offence.value) == ("catalog/mcp/Git_Hub.yaml", "Git_Hub")


def test_one_broken_entry_does_not_make_references_to_it_wrong(broken: Broken) -> None:
    (offence,) = broken({"instance_types.yaml": {"gpu_1x_a10": {"vcpus": 0}}})
    assert offence.path == "catalog/instance_types.yaml: gpu_1x_a10.vcpus"


def test_an_instance_type_with_an_impossible_name_is_refused(broken: Broken) -> None:
    offences = broken({"instance_types.yaml": {"a10": {"vcpus": 4}}})
    assert [offence.path for offence in offences] == ["catalog/instance_types.yaml: a10"]


def test_an_egress_range_that_is_none_is_refused(broken: Broken) -> None:
    egress = [{"cidrs": ["10.0.0.1/8"], "ports": [443], "reason": "an API of theirs"}]
    (offence,) = broken({"mcp/github.yaml": {"egress": egress}})
    assert offence.path == "catalog/mcp/github.yaml: egress[0].cidrs[0]"


def test_an_egress_without_a_reason_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"egress": [{"cidrs": ["0.0.0.0/0"], "ports": [443]}]}})
    assert (offence.path, offence.value) == ("catalog/mcp/github.yaml: egress[0].reason", "absent")
