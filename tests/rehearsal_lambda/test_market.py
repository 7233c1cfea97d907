"""Capacity and quota end launches, and what is named must exist and be in the right place."""

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.lambda_cloud import market
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.instances import Fate

CAPACITY = "instance-operations/launch/insufficient-capacity"


def refused(launch: Callable[..., str], *arguments: Any, **what: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as error:
        launch(*arguments, **what)
    return error.value.status, error.value.code


def test_a_region_without_capacity_is_not_offered_and_refuses(account, launch):
    account.state.capacity["gpu_1x_a10"]["us-west-1"] = 0
    offered = account.market.types()["gpu_1x_a10"]["regions_with_capacity_available"]
    assert "us-west-1" not in {region["name"] for region in offered}
    assert refused(launch) == (400, CAPACITY)


def test_a_region_that_never_had_the_type_refuses(launch):
    assert refused(launch, region_name="me-west-1") == (400, CAPACITY)


def test_each_launch_takes_one_of_what_is_free(account, launch):
    account.state.capacity["gpu_1x_a10"]["us-west-1"] = 1
    launch()
    assert refused(launch) == (400, CAPACITY)


def test_capacity_can_vanish_between_the_list_and_the_launch(launch):
    assert refused(launch, Fate(capacity=False)) == (400, CAPACITY)


def test_the_quota_counts_every_instance_that_is_not_gone(account, launch):
    ids = [launch() for _ in range(5)]
    assert refused(launch) == (400, "global/quota-exceeded")
    account.instances.terminate(ids[:1])
    assert refused(launch) == (400, "global/quota-exceeded"), "it is still terminating"
    account.clock.advance(30)
    launch()


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ({"quantity": 2}, (400, "global/invalid-parameters")),
        ({"instance_type_name": "gpu_1x_h100_80gb"}, (400, "global/object-does-not-exist")),
        ({"region_name": "us-moon-1"}, (400, "global/object-does-not-exist")),
        ({"ssh_key_names": ["nobody"]}, (400, "global/object-does-not-exist")),
        ({"file_system_names": ["none"]}, (400, "global/object-does-not-exist")),
        (
            {"file_system_mounts": [{"mount_point": "/data", "file_system_id": "none"}]},
            (404, "global/object-does-not-exist"),
        ),
        ({"firewall_rulesets": [{"id": "none"}]}, (404, "global/object-does-not-exist")),
        ({"image": {"family": "none"}}, (404, "global/object-does-not-exist")),
    ],
)
def test_a_launch_that_names_what_is_not_there_is_refused(account, launch, what, answer):
    assert refused(launch, **what) == answer
    assert account.counters()["launches"] == 0


def test_an_image_of_the_other_architecture_is_refused(launch):
    from_elsewhere = {"image": {"family": "lambda-stack-24-04"}, "instance_type_name": "gpu_1x_gh200"}
    launch(**from_elsewhere)
    arm = next(
        one for one in market.images() if one["architecture"] == "arm64" and one["region"]["name"] == "us-west-1"
    )
    assert refused(launch, image={"id": arm["id"]}) == (404, "global/object-does-not-exist")


def test_a_file_system_is_mounted_only_in_its_own_region(account, launch):
    account.file_systems.create({"name": "data", "region": "us-east-3"})
    code = "instance-operations/launch/file-system-in-wrong-region"
    assert refused(launch, file_system_names=["data"]) == (400, code)


def test_a_ruleset_is_attached_only_in_its_own_region(account, launch):
    made = account.firewall.create({"name": "web", "region": "us-east-3", "rules": []})
    assert refused(launch, firewall_rulesets=[{"id": made["id"]}]) == (400, "global/invalid-parameters")


def test_a_file_system_named_twice_gets_the_mount_point_that_was_asked_for(account, launch):
    made = account.file_systems.create({"name": "data", "region": "us-west-1"})
    mount = {"mount_point": "/data/own", "file_system_id": made["id"]}
    one = launch(file_system_names=["data"], file_system_mounts=[mount])
    assert account.instances.get(one)["file_system_mounts"] == [mount]


def test_a_refused_launch_changes_nothing(account, launch):
    account.state.capacity["gpu_1x_a10"]["us-west-1"] = 0
    before = account.view()
    refused(launch)
    assert account.view() == before
