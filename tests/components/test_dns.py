"""Records of the zone, by who keeps them."""

from collections.abc import Callable

import pytest

import components
from components.dns import plan
from render import Resource
from tests.components.conftest import output

NAME = "sophia-intel.ai"


@pytest.fixture
def built(stack, build) -> Callable[[str], dict[str, Resource]]:
    """Gives the resources that the zone consists of, by name, for who keeps its records."""

    def make(kept_by: str) -> dict[str, Resource]:
        chosen = stack("prod", dns=kept_by)
        addresses = dict.fromkeys(chosen.machines, "203.0.113.7")
        proof = {"_vercel.sophia-intel.ai": "vc-domain-verify=app,1234"}
        asked = output({f"app.{NAME}": proof, f"docs.{NAME}": {}}, known=True, secret=False)
        found = build(lambda: components.Zone("zone", stack=chosen, addresses=addresses, verifications=asked)).resources
        return {one.name: one for one in found.values()}

    return make


def test_an_authority_gets_all_records_as_one_resource(built):
    records = built("rfc2136")["zone-records"].inputs["records"]
    assert records[f"app.{NAME} CNAME"] == {"ttl": 300, "values": ["cname.vercel-dns.com."]}
    proofs = built("rfc2136")["zone-proofs"].inputs["records"]
    assert proofs == {f"_vercel.{NAME} TXT": {"ttl": 300, "values": ['"vc-domain-verify=app,1234"']}}
    assert records[f"api.{NAME} A"] == {"ttl": 300, "values": ["203.0.113.7"]}, "the machine's own address"
    assert records[f"dev.api.{NAME} A"]["values"] == ["155.248.194.183"], "another stack's, as expected"
    assert f"staging.mcp.{NAME} A" not in records


def test_vercel_gets_a_resource_for_each_record(built):
    found = {name: one.inputs for name, one in built("vercel").items() if one.type.startswith("vercel:")}
    assert found["zone-app-cname"] == {
        "domain": NAME,
        "name": "app",
        "type": "CNAME",
        "ttl": 300,
        "value": "cname.vercel-dns.com.",
        "comment": "site app",
    }
    assert found["zone-apex-a"]["name"] == ""
    assert [name for name in found if "caa" in name] == ["zone-apex-caa-1", "zone-apex-caa-2", "zone-apex-caa-3"]


def test_whoever_keeps_them_by_hand_gets_nothing_but_the_lines(built):
    assert [one.type for one in built("external").values()] == ["sophia:dns:Zone"]


@pytest.mark.parametrize("kept_by", ["rfc2136", "vercel"])
def test_who_stops_to_manage_a_name_does_not_take_it_away(built, kept_by):
    managed = [one for one in built(kept_by).values() if one.custom and not one.type.startswith("pulumi:providers:")]
    assert managed
    assert all(one.options["retain_on_delete"] for one in managed)


def test_lines_are_those_of_a_zone_file(stack):
    (caa,) = [one for one in stack("prod").records if one.type == "CAA"]
    first, *others = plan.line(caa, caa.values).splitlines()
    assert first == f'{NAME}. 3600 IN CAA 0 iodef "mailto:infra@{NAME}"'
    assert len(others) == 2
