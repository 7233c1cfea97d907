"""A client that others wrote for the real API, unmodified, works against the fake.

``lambda-ai-cloud-api-client`` 2.4.1 comes from an older description than 1.10.0 and knows no endpoint for regions, no
``europe-south-1``, another name of the global ruleset and another shape of audit events; those four are left out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lambda_ai_cloud_api_client.api.filesystems import create_filesystem, filesystem_delete, list_filesystems
from lambda_ai_cloud_api_client.api.firewalls import (
    create_firewall_ruleset,
    delete_firewall_ruleset,
    firewall_rules_list,
    firewall_rules_set,
    firewall_rulesets_list,
    get_firewall_ruleset,
    update_firewall_ruleset,
)
from lambda_ai_cloud_api_client.api.instances import (
    get_instance,
    launch_instance,
    list_instance_types,
    list_instances,
    post_instance,
    restart_instance,
    terminate_instance,
)
from lambda_ai_cloud_api_client.api.ssh_keys import add_ssh_key, delete_ssh_key, list_ssh_keys
from lambda_ai_cloud_api_client.client import AuthenticatedClient
from lambda_ai_cloud_api_client.models import (
    AddSSHKeyRequest,
    FilesystemCreateRequest,
    FirewallRule,
    FirewallRulesetCreateRequest,
    FirewallRulesetEntry,
    FirewallRulesetPatchRequest,
    FirewallRulesPutRequest,
    InstanceLaunchRequest,
    InstanceModificationRequest,
    InstanceRestartRequest,
    InstanceTerminateRequest,
    NetworkProtocol,
    PublicRegionCode,
    RequestedTagEntry,
)

from rehearsal.lambda_cloud import Fake

Send = Callable[..., Any]
WEB = FirewallRule(NetworkProtocol.TCP, "0.0.0.0/0", "web", port_range=[443, 443])


@pytest.fixture
def client(fake: Fake) -> Iterator[AuthenticatedClient]:
    with AuthenticatedClient(
        base_url=fake.url, token=fake.key, raise_on_unexpected_status=True, httpx_args={"trust_env": False}
    ) as opened:
        yield opened


@pytest.fixture
def send(fake: Fake, client: AuthenticatedClient) -> Send:
    """Calls one of the client's endpoints at the pace of the API, and returns the data it parsed."""

    def one(endpoint: Any, **what: Any) -> Any:
        fake.account.clock.advance(60.0)
        return endpoint.sync(client=client, **what).data

    return one


def request(**what: Any) -> InstanceLaunchRequest:
    return InstanceLaunchRequest(
        region_name=PublicRegionCode.US_WEST_1,
        instance_type_name="cpu_4x_general",
        ssh_key_names=["sophia2025"],
        **what,
    )


def test_it_lists_the_types_and_what_they_cost(send):
    offers = send(list_instance_types).additional_properties
    assert offers["gpu_1x_a10"].instance_type.price_cents_per_hour == 129
    assert PublicRegionCode.US_WEST_1 in {
        region.name for region in offers["gpu_1x_a10"].regions_with_capacity_available
    }


def test_it_lists_the_live_machines(send):
    assert "sophia-ai-core" in {instance.name for instance in send(list_instances)}


def test_it_launches_reads_renames_restarts_and_terminates(fake, send):
    body = request(name="one", tags=[RequestedTagEntry("owner", "me")], user_data="#cloud-config\n")
    (one,) = send(launch_instance, body=body).instance_ids
    fake.control.advance_clock(200.0)
    read = send(get_instance, id=one)
    assert (read.status, read.name, read.tags[0].value) == ("active", "one", "me")
    assert send(post_instance, id=one, body=InstanceModificationRequest(name="two")).name == "two"
    (restarted,) = send(restart_instance, body=InstanceRestartRequest([one])).restarted_instances
    assert restarted.id == one
    (ended,) = send(terminate_instance, body=InstanceTerminateRequest([one])).terminated_instances
    assert ended.status == "terminating"


def test_it_understands_that_there_is_no_capacity(fake, client):
    fake.control.set_capacity("cpu_4x_general", "us-west-1", 0)
    answer = launch_instance.sync(client=client, body=request())
    assert answer is not None
    assert answer.to_dict()["error"]["code"] == "instance-operations/launch/insufficient-capacity"


def test_it_understands_that_an_instance_does_not_exist(client):
    answer = get_instance.sync(client=client, id="none")
    assert answer is not None
    assert answer.to_dict()["error"]["code"] == "global/object-does-not-exist"


def test_it_adds_lists_and_deletes_keys(send):
    made = send(add_ssh_key, body=AddSSHKeyRequest(name="drawn"))
    assert made.private_key.startswith("-----BEGIN")
    assert {key.name for key in send(list_ssh_keys)} == {"sophia2025", "drawn"}
    send(delete_ssh_key, id=made.id)
    assert {key.name for key in send(list_ssh_keys)} == {"sophia2025"}


def test_it_creates_lists_and_deletes_file_systems(send):
    made = send(create_filesystem, body=FilesystemCreateRequest(name="data", region=PublicRegionCode.US_WEST_1))
    assert [one.mount_point for one in send(list_filesystems)] == ["/lambda/nfs/data"]
    assert send(filesystem_delete, id=made.id).deleted_ids == [made.id]


def test_it_creates_attaches_changes_and_deletes_rulesets(fake, send):
    body = FirewallRulesetCreateRequest(name="web", region=PublicRegionCode.US_WEST_1, rules=[])
    made = send(create_firewall_ruleset, body=body)
    (one,) = send(launch_instance, body=request(firewall_rulesets=[FirewallRulesetEntry(made.id)])).instance_ids
    changed = send(update_firewall_ruleset, id=made.id, body=FirewallRulesetPatchRequest(rules=[WEB]))
    assert changed.rules[0].port_range == [443, 443]
    assert send(get_firewall_ruleset, id=made.id).instance_ids == [one]
    send(terminate_instance, body=InstanceTerminateRequest([one]))
    fake.control.advance_clock(30.0)
    send(delete_firewall_ruleset, id=made.id)
    assert send(firewall_rulesets_list) == []


def test_it_reads_and_overwrites_the_legacy_rules(send):
    assert {rule.description for rule in send(firewall_rules_list)} == {"Ping", "SSH"}
    send(firewall_rules_set, body=FirewallRulesPutRequest([WEB]))
    assert [rule.description for rule in send(firewall_rules_list)] == ["web"]
