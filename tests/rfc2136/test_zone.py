"""Records of a zone on a real authority: what is declared stands there, and nothing of anybody else's is touched."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from providers.kit import ProviderError
from providers.kit.testing import UNKNOWN, Plugin, PluginError
from providers.rfc2136.client import Client, Held
from providers.rfc2136.config import Rfc2136Config
from tests.rfc2136.authority import HOST, ZONE, Authority
from tests.rfc2136.conftest import FOLDER, ZoneProvided
from tests.rfc2136.halving import halving

pytestmark = pytest.mark.engine

API, APP = f"api.{ZONE}", f"app.{ZONE}"
RECORDS: Mapping[str, Any] = {
    f"{API} A": {"ttl": 300, "values": ["192.0.2.7"]},
    f"{APP} CNAME": {"ttl": 300, "values": ["cname.vercel-dns.com."]},
    f"{ZONE} CAA": {"ttl": 3600, "values": ['0 issue "letsencrypt.org"', '0 issuewild ";"']},
    f"_vercel.{APP} TXT": {"ttl": 300, "values": ['"vc-domain-verify=app,1234"']},
}


def _client(authority: Authority) -> Client:
    told = authority.environment
    return Client(
        Rfc2136Config(
            server=told["DNS_UPDATE_SERVER"],
            port=int(told["DNS_UPDATE_PORT"]),
            key_name=told["DNS_UPDATE_KEYNAME"],
            key_secret=told["DNS_UPDATE_KEYSECRET"],
        )
    )


@contextmanager
def _told(**environment: str) -> Iterator[ZoneProvided]:
    with Plugin(FOLDER, environment) as plugin:
        plugin.configure()
        yield ZoneProvided(plugin)


def test_what_is_declared_is_answered(authority: Authority, provided: ZoneProvided) -> None:
    provided.create(RECORDS)
    assert authority.values(API, "A") == ["192.0.2.7"]
    assert authority.values(APP, "CNAME") == ["cname.vercel-dns.com."]
    assert authority.values(ZONE, "CAA") == ['0 issue "letsencrypt.org"', '0 issuewild ";"']
    assert authority.values(f"_vercel.{APP}", "TXT") == ['"vc-domain-verify=app,1234"']


def test_a_fresh_read_does_not_differ(provided: ZoneProvided) -> None:
    made = provided.create(RECORDS)
    assert provided.diff(provided.refresh(made), RECORDS).details == {}


def test_another_spelling_of_the_same_does_not_differ(provided: ZoneProvided) -> None:
    made = provided.create({f"{ZONE} CAA": {"ttl": 60, "values": ["0 issue letsencrypt.org"]}})
    same = {f"{ZONE} CAA": {"ttl": 60, "values": ['0  issue "letsencrypt.org"']}}
    assert provided.diff(provided.refresh(made), same).details == {}


def test_a_name_becomes_an_address_in_one_step(authority: Authority, provided: ZoneProvided) -> None:
    made = provided.create(RECORDS)
    wanted = {name: one for name, one in RECORDS.items() if name != f"{APP} CNAME"}
    wanted[f"{APP} A"] = {"ttl": 300, "values": ["192.0.2.8"]}
    assert provided.diff(made, wanted).details == {f'records["{APP} CNAME"]': "delete", f'records["{APP} A"]': "add"}
    provided.update(made, wanted)
    assert (authority.values(APP, "A"), authority.values(API, "A")) == (["192.0.2.8"], ["192.0.2.7"])


def test_an_address_that_is_not_known_yet_is_a_change_of_that_record_alone(provided: ZoneProvided) -> None:
    made = provided.create(RECORDS)
    wanted = {**RECORDS, f"{API} A": {"ttl": 300, "values": [UNKNOWN]}}
    assert provided.diff(made, wanted).details == {f'records["{API} A"].values[0]': "update"}


def test_what_others_made_stays(authority: Authority, provided: ZoneProvided) -> None:
    authority.change(("add", f"mail.{ZONE}", "300", "A", "192.0.2.99"))
    made = provided.create(RECORDS)
    made = provided.update(made, {f"{API} A": RECORDS[f"{API} A"]})
    provided.delete(made)
    assert authority.values(f"mail.{ZONE}", "A") == ["192.0.2.99"]
    assert authority.values(API, "A") == []


@pytest.mark.parametrize(
    ("there", "named"),
    [
        (("300", "A", "192.0.2.99"), f"{APP} A"),
        (("300", "CNAME", "elsewhere.example."), f"{APP} CNAME"),
    ],
)
def test_what_others_made_is_not_taken_over(
    authority: Authority, provided: ZoneProvided, there: tuple[str, ...], named: str
) -> None:
    authority.change(("add", APP, *there))
    with pytest.raises(PluginError, match=f"has {named} already") as error:
        provided.create(RECORDS)
    assert f'import_="{ZONE}"' in str(error.value)
    assert authority.values(API, "A") == [], "nothing of it was made"


def test_what_stands_there_already_and_is_the_same_is_taken_over(authority: Authority, provided: ZoneProvided) -> None:
    authority.change(("add", API, "300", "A", "192.0.2.7"))
    made = provided.create(RECORDS)
    provided.delete(made)
    assert authority.values(API, "A") == []


def test_a_zone_is_imported_with_all_it_holds(authority: Authority, provided: ZoneProvided) -> None:
    authority.change(("add", API, "300", "A", "192.0.2.7"))
    found = provided.plugin.read("Zone", ZONE)
    assert found.outputs["records"][f"{API} A"] == {"ttl": 300, "values": ["192.0.2.7"]}
    assert sorted(found.inputs["records"]) == [f"{API} A", f"ns.{ZONE} A"], "not what makes it a zone"


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ([("delete", API, "A"), ("add", API, "300", "A", "192.0.2.66")], 'records["{}"].values[0]'),
        ([("delete", API, "A"), ("add", API, "60", "A", "192.0.2.7")], 'records["{}"].ttl'),
        ([("delete", API, "A")], 'records["{}"]'),
    ],
)
def test_what_somebody_changed_is_drift_and_is_repaired(
    authority: Authority, provided: ZoneProvided, steps: list[tuple[str, ...]], shown: str
) -> None:
    made = provided.create(RECORDS)
    authority.change(*steps)
    found = provided.refresh(made)
    assert [*provided.diff(found, RECORDS).details] == [shown.format(f"{API} A")]
    mended = provided.update(found, RECORDS)
    assert provided.diff(provided.refresh(mended), RECORDS).details == {}


def test_what_somebody_put_in_the_place_of_ours_is_not_deleted_with_it(
    authority: Authority, provided: ZoneProvided
) -> None:
    made = provided.create(RECORDS)
    authority.change(("delete", API, "A"), ("add", API, "300", "A", "192.0.2.66"))
    provided.delete(made)
    assert authority.values(API, "A") == ["192.0.2.66"]


def test_a_change_between_reading_and_writing_is_not_overwritten(authority: Authority) -> None:
    client, key = _client(authority), (API, "A")
    asyncio.run(client.change(ZONE, {}, {key: Held(300, ("192.0.2.7",))}))
    stale = {key: Held(300, ("192.0.2.6",))}
    with pytest.raises(ProviderError, match="somebody changed"):
        asyncio.run(client.change(ZONE, stale, {key: Held(300, ("192.0.2.8",))}))
    assert authority.values(API, "A") == ["192.0.2.7"]


def test_an_authority_that_does_half_of_it_is_found_out(authority: Authority) -> None:
    said = f"held something else at {ZONE} CAA; what was there before"
    with (
        halving(authority) as port,
        _told(**{**authority.environment, "DNS_UPDATE_PORT": str(port)}) as provided,
        pytest.raises(PluginError, match=said),
    ):
        provided.create(RECORDS)
    assert authority.values(API, "A") == []
    with _told(**authority.environment) as provided:
        provided.create(RECORDS)
    assert len(authority.values(ZONE, "CAA")) == len(RECORDS[f"{ZONE} CAA"]["values"])


@pytest.mark.parametrize("action", ["transfer", "update"])
def test_a_key_that_may_not_is_told_what_it_needs(authority: Authority, action: str) -> None:
    authority.restart(f"[{action}]")
    with _told(**authority.environment) as provided, pytest.raises(PluginError, match="change and transfer"):
        provided.create(RECORDS)


def test_a_key_that_is_another_one_is_told_and_not_shown(authority: Authority) -> None:
    told = {**authority.environment, "DNS_UPDATE_KEYSECRET": authority.other}
    with _told(**told) as provided:
        with pytest.raises(PluginError, match="DNS_UPDATE_KEYSECRET") as error:
            provided.create(RECORDS)
        shown = str(error.value) + provided.plugin.printed
    assert authority.other not in shown
    assert authority.key not in shown


def test_an_authority_that_does_not_answer_is_an_error_and_not_a_zone_that_is_gone(
    authority: Authority, provided: ZoneProvided
) -> None:
    made = provided.create(RECORDS)
    authority.close()
    with pytest.raises(PluginError, match=f"{HOST} port {authority.port}"):
        provided.refresh(made)


def test_a_zone_that_the_authority_does_not_have_is_an_error(provided: ZoneProvided) -> None:
    """It says the same of a zone that the key may not read, so nobody can know that it is gone."""
    with pytest.raises(PluginError, match="does not transfer other"):
        provided.plugin.read("Zone", "other.test")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (
            {f"{APP} CNAME": {"ttl": 300, "values": ["a.example."]}, f"{APP} TXT": {"ttl": 300, "values": ['"x"']}},
            "beside",
        ),
        ({f"{APP} CNAME": {"ttl": 300, "values": ["a.example.", "b.example."]}}, "keep one value"),
        ({f"{APP} CNAME": {"ttl": 300, "values": ["a.example"]}}, "end it with a dot"),
        ({f"{ZONE} CNAME": {"ttl": 300, "values": ["a.example."]}}, "RFC 1912"),
        ({f"{API} A": {"ttl": 300, "values": ["192.0.2.300"]}}, "no value of A"),
        ({f"{API} A": {"ttl": 0, "values": ["192.0.2.3"]}}, "greater than or equal to 1"),
        ({f"{API} NS": {"ttl": 300, "values": ["a.example."]}}, "with one of"),
        ({"api.elsewhere.org A": {"ttl": 300, "values": ["192.0.2.3"]}}, f"no names of the zone {ZONE}"),
    ],
)
def test_what_no_zone_can_hold_is_refused(provided: ZoneProvided, records: Mapping[str, Any], said: str) -> None:
    assert said in provided.refusal(records)


def test_all_that_is_wrong_is_told_at_once(provided: ZoneProvided) -> None:
    said = provided.refusal({f"{API} A": {"ttl": 9, "values": ["x", "y"]}, f"{APP} MX": {"ttl": 9, "values": ["10 a"]}})
    assert all(one in said for one in ("'x'", "'y'", "10 a"))


def test_a_key_that_is_none_is_refused_and_not_shown() -> None:
    short = "much too short"
    told = {"DNS_UPDATE_SERVER": HOST, "DNS_UPDATE_KEYNAME": "a", "DNS_UPDATE_KEYSECRET": short}
    with Plugin(FOLDER, told) as plugin:
        said = str(plugin.check_config({}).failures)
    assert "keymgr" in said
    assert short not in said
