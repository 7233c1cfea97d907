"""Faults of components that were found and mended; each would come back unseen."""

from ipaddress import ip_address, ip_network

import pytest

from components.workload import objects


@pytest.mark.parametrize(
    ("cidr", "address"), [("::/0", "fd00:ec2::254"), ("0.0.0.0/1", "10.43.0.1"), ("128.0.0.0/1", "169.254.169.254")]
)
def test_no_wide_range_reaches_private_addresses_or_metadata(cidr, address, workload):
    spec = workload(egress=[{"reason": "reaches an API", "cidrs": [cidr], "ports": [443]}])
    _, rule = objects.network_policy(spec)["egress"]
    (block,) = [peer["ipBlock"] for peer in rule["to"]]
    assert any(ip_address(address) in ip_network(hole) for hole in block.get("except", []))
