"""What the inputs of a machine may say."""

import pytest
from pydantic import ValidationError

from providers.lambda_cloud.instance import InstanceInputs
from providers.lambda_cloud.order import OWNER_KEY

A10 = {"instanceType": "gpu_1x_a10", "region": "us-west-1"}
GH200 = {"instanceType": "gpu_1x_gh200", "region": "us-east-3"}


def inputs(**changes: object) -> InstanceInputs:
    return InstanceInputs.model_validate({"name": "m", "candidates": [A10], "sshKeyName": "key", **changes})


def refused(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        inputs(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 65},
        {"name": ""},
        {"candidates": []},
        {"candidates": [A10, A10]},
        {"candidates": [{"instanceType": "a10", "region": "us-west-1"}]},
        {"candidates": [{"instanceType": "gpu_1x_a10", "region": "California"}]},
        {"hostname": "-x"},
        {"hostname": "Upper"},
        {"hostname": "x" * 64},
        {"tags": {"Upper": "x"}},
        {"tags": {"x" * 56: "x"}},
        {"tags": {"xx": "x" * 129}},
        {"fileSystemMounts": [{"mountPoint": "/etc", "fileSystemId": "f"}]},
        {
            "fileSystemMounts": [
                {"mountPoint": "/data/a", "fileSystemId": "f"},
                {"mountPoint": "/data/a", "fileSystemId": "g"},
            ]
        },
        {"image": {"id": "i", "family": "f"}},
        {"image": {}},
        {"userData": "x" * 1_000_001},
        {"maxPriceCentsPerHour": 0},
        {"capacityDeadlineSeconds": -1},
        {"unheardOf": 1},
    ],
    ids=str,
)
def test_what_the_api_would_refuse_is_refused_before(changes):
    refused(**changes)


def test_candidates_are_of_one_architecture():
    assert "arm64 and x86_64" in refused(candidates=[A10, GH200])


def test_the_ownership_tag_is_the_provider_s_own():
    assert OWNER_KEY in refused(tags={OWNER_KEY: "me"})


def test_lists_whose_order_means_nothing_have_one_order():
    one = inputs(fileSystemNames=["b", "a", "b"], firewallRulesetIds=["2", "1"], tags={"bb": "1", "aa": "2"})
    assert (one.file_system_names, one.firewall_ruleset_ids, list(one.tags)) == (("a", "b"), ("1", "2"), ["aa", "bb"])


def test_the_order_of_candidates_is_the_user_s():
    west = {**A10, "region": "us-east-1"}
    assert [one.region for one in inputs(candidates=[A10, west]).candidates] == ["us-west-1", "us-east-1"]


def test_user_data_is_in_no_text_of_the_inputs():
    assert "canary" not in repr(inputs(userData="canary"))
