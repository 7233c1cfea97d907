"""What a peer is given, who is one, and what is never printed."""

import configparser
import json
from base64 import b64encode
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml

from catalog.access import Access, BreakGlass
from ops import deployment
from ops.access import HostAccess, break_glass_rows, hosts, peer_of, peer_rows, private_key, wg_quick
from ops.access_rows import Standing
from ops.error import InputError
from ops.exit_code import ExitCode
from ops.runner import Runner
from rehearsal.home import Folder
from rehearsal.pulumi_cloud.environments import DATABASE, ORGANISATION, Environments

SCHEMA = Path(__file__).resolve().parents[2] / "docs/schema/access-peers.json"
MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
KEYS = {name: b64encode(name.encode() * 32).decode() for name in "abcd"}
CANARY = b64encode(b"!" * 32).decode()
ADA = {"role": "person", "owner": "ada@example.com", "address": "10.97.0.130", "public_key": KEYS["a"]}
ACCESS = Access.model_validate(
    {
        "network": "10.97.0.0/24",
        "interface": "access",
        "peers": {
            "ci": {"role": "ci", "owner": "platform", "address": "10.97.0.250"},
            "ada": ADA | {"expires": date(2027, 3, 31)},
            "bob": ADA | {"address": "10.97.0.131", "public_key": KEYS["b"], "expires": date(2026, 11, 27)},
        },
    }
)
GLASS = BreakGlass(cidr="203.0.113.7/32", reason="the runner", owner="ada", expires=datetime(2026, 12, 1, tzinfo=UTC))
HOSTS = {
    "sophia-ai-core": HostAccess(public_key=KEYS["c"], endpoint="203.0.113.1:51822", address="10.97.0.1"),
    "sophia-data-pipeline": HostAccess(public_key=KEYS["d"], endpoint="203.0.113.3:51822", address="10.97.0.3"),
}
PERSON = """\
# ada (ada@example.com) comes in to prod, until 2027-03-31.
# Keep it as /etc/wireguard/sophia-prod.conf, mode 0600; `wg-quick up sophia-prod` brings it up.
[Interface]
Address = 10.97.0.130/32
# PrivateKey = <your own, which stays with you; its public half is {a}>

[Peer]
# sophia-ai-core
PublicKey = {c}
Endpoint = 203.0.113.1:51822
AllowedIPs = 10.97.0.1/32
PersistentKeepalive = 25

[Peer]
# sophia-data-pipeline
PublicKey = {d}
Endpoint = 203.0.113.3:51822
AllowedIPs = 10.97.0.3/32
PersistentKeepalive = 25
""".format_map(KEYS)


def interface(name: str, outputs: object) -> dict[str, Any]:
    parent = "urn:pulumi:prod::sophia::sophia:hosts:Hosts$sophia:hosts:Host"
    urn = f"{parent}$host:index:Access::{name}-access"
    return {"type": "host:index:Access", "urn": urn, "parent": f"{parent}::{name}", "outputs": outputs}


def told(host: HostAccess) -> dict[str, Any]:
    endpoint, _, port = host.endpoint.partition(":")
    addresses = [host.address, endpoint]
    return {
        "publicKey": host.public_key,
        "address": f"{host.address}/24",
        "port": float(port),
        "connection": {"addresses": addresses},
    }


STATE = [
    {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:prod::sophia::pulumi:pulumi:Stack::sophia-prod"},
    *(interface(name, told(host)) for name, host in reversed(HOSTS.items())),
    interface("unfinished", None),
    interface("half", {"address": "10.97.0.9/24"}),
    {"type": "sophia:hosts:Host", "urn": "urn:pulumi:prod::sophia::sophia:hosts:Host::cut", "outputs": {}},
]


def test_a_persons_file_has_everything_but_their_private_key():
    assert wg_quick("ada", ACCESS.peers["ada"], stack="prod", hosts=HOSTS) == PERSON


def test_with_a_private_key_the_file_is_complete():
    text = wg_quick("ci", ACCESS.peers["ci"], stack="prod", hosts=HOSTS, private_key=CANARY)
    first = text.split("\n\n")[0]
    parsed = configparser.ConfigParser()
    parsed.read_string(first)
    assert dict(parsed["Interface"]) == {"address": "10.97.0.250/32", "privatekey": CANARY}


def test_cis_file_without_a_key_says_where_the_key_is():
    text = wg_quick("ci", ACCESS.peers["ci"], stack="prod", hosts=HOSTS)
    assert "# PrivateKey = <CI's, from the secret ACCESS_CI_PRIVATE_KEY>" in text.splitlines()


def test_each_host_speaks_for_itself_and_one_that_is_not_finished_hides_no_other():
    assert hosts(STATE) == HOSTS
    assert list(hosts(STATE)) == sorted(HOSTS)


def test_an_interface_that_was_replaced_and_is_still_to_be_deleted_says_nothing():
    name, host = next(iter(HOSTS.items()))
    old = {**interface(name, {**told(host), "publicKey": "of the machine before"}), "delete": True}
    assert hosts([*STATE, old]) == hosts([old, *STATE]) == HOSTS


def test_an_unknown_peer_is_told_the_known_ones():
    with pytest.raises(InputError, match="choose one of: ada, bob, ci"):
        peer_of(ACCESS, "eve")


@pytest.mark.parametrize("text", ["", "not base64!", KEYS["a"][:-4], "ä" * 44])
def test_what_is_no_private_key_is_refused_and_not_repeated(text):
    with pytest.raises(InputError, match="this is no WireGuard private key") as error:
        private_key(text, "KEY")
    assert not text or text not in str(error.value)


def test_a_private_key_may_end_with_a_line_end():
    assert private_key(f"{CANARY}\n", "KEY") == CANARY


def test_peers_are_told_with_owner_end_and_standing():
    rows = {row.name: row for row in peer_rows(ACCESS, "", MOMENT)}
    assert {name: row.standing for name, row in rows.items()} == {
        "ada": Standing.ADMITTED,
        "bob": Standing.EXPIRED,
        "ci": Standing.KEYLESS,
    }
    assert (rows["ada"].owner, rows["ada"].expires) == ("ada@example.com", "2027-03-31T00:00:00Z")
    (ci,) = [row for row in peer_rows(ACCESS, KEYS["c"], MOMENT) if row.role == "ci"]
    assert (ci.standing, ci.public_key, ci.expires) == (Standing.ADMITTED, KEYS["c"], "")


def test_break_glass_entries_are_told_by_their_end_with_where_they_stand():
    over = GLASS.model_copy(update={"cidr": "203.0.113.8/32", "expires": MOMENT})
    rows = break_glass_rows({"here": [GLASS], "there": [over]}, MOMENT)
    assert [(row.cidr, row.standing, row.stands_in) for row in rows] == [
        ("203.0.113.8/32", Standing.EXPIRED, "there"),
        ("203.0.113.7/32", Standing.ADMITTED, "here"),
    ]


@pytest.fixture
def verb(monkeypatch, sophia, tmp_path):
    """Runs the verb with these peers and a state of these hosts."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ACCESS_CI_PRIVATE_KEY", raising=False)
    monkeypatch.setattr("ops.access_app.catalog.load", lambda: SimpleNamespace(access=ACCESS))
    state = SimpleNamespace(resources=lambda: STATE)
    monkeypatch.setattr(deployment, "rehearsal_of", lambda _: SimpleNamespace(state=state))
    return lambda *words: sophia("access", *words)


def test_the_verb_prints_the_file_and_nothing_else(verb):
    left = verb("config", "ada", "prod")
    assert (left.code, left.out, left.err) == (ExitCode.OK, PERSON, "")


def test_an_unknown_name_leaves_with_2_and_the_known_ones(verb):
    left = verb("config", "eve", "prod")
    assert left.code == ExitCode.BAD_INPUT
    assert "choose one of: ada, bob, ci" in left.err


def test_an_unknown_stack_leaves_with_2_and_the_known_ones(verb):
    left = verb("config", "ada", "nowhere")
    assert left.code == ExitCode.BAD_INPUT
    assert "dev, prod, staging" in left.err


def test_a_stack_without_hosts_says_how_it_gets_some(verb, monkeypatch):
    monkeypatch.setattr(
        deployment, "rehearsal_of", lambda _: SimpleNamespace(state=SimpleNamespace(resources=lambda: ()))
    )
    left = verb("config", "ada", "prod")
    assert (left.code, left.out) == (ExitCode.FAILED, "")
    assert "run `./sophia up prod`" in left.err


def test_cis_key_comes_from_a_file(verb, tmp_path):
    (tmp_path / "key").write_text(f"{CANARY}\n", encoding="utf-8")
    assert f"PrivateKey = {CANARY}\n" in verb("config", "ci", "prod", "--private-key-file", str(tmp_path / "key")).out


def test_cis_key_comes_from_the_environment(verb, monkeypatch):
    monkeypatch.setenv("ACCESS_CI_PRIVATE_KEY", CANARY)
    assert f"PrivateKey = {CANARY}\n" in verb("config", "ci", "prod").out
    assert CANARY not in verb("config", "ada", "prod").out, "it is nobody else's"


def test_cis_key_is_not_shown_on_a_terminal(verb, monkeypatch):
    monkeypatch.setenv("ACCESS_CI_PRIVATE_KEY", CANARY)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    left = verb("config", "ci", "prod")
    assert left.code == ExitCode.OK
    assert CANARY not in left.out + left.err
    assert "send the output to a file" in left.err


def test_a_persons_key_file_is_refused(verb, tmp_path):
    (tmp_path / "key").write_text(CANARY, encoding="utf-8")
    left = verb("config", "ada", "prod", "--private-key-file", str(tmp_path / "key"))
    assert left.code == ExitCode.BAD_INPUT
    assert CANARY not in left.out + left.err


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"rehearsal-0123"])
def test_a_key_file_that_holds_none_leaves_with_2_and_its_name(content, verb, tmp_path):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    left = verb("config", "ci", "prod", "--private-key-file", str(tmp_path / "key"))
    assert left.code == ExitCode.BAD_INPUT
    assert str(tmp_path / "key") in left.err
    assert "rehearsal-0123" not in left.err


def test_an_expired_peer_is_told_so(verb):
    left = verb("config", "bob", "prod")
    assert left.code == ExitCode.OK
    assert "bob expired on 2026-11-27" in left.err


def configured(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "home", "dev")
    folder.path.mkdir(parents=True)
    entry = {"cidr": "198.19.255.10/32", "reason": "first", "owner": "us", "expires": "2027-01-01T00:00:00Z"}
    given = {"sophia:access_ci_public_key": KEYS["c"], "sophia:first_contact": [entry]}
    kept = Environments(folder.state / DATABASE, Path("/nonexistent"), ORGANISATION)
    for name, document in (("sophia/dev", {}), ("sophia/dev-secrets", {"values": {"pulumiConfig": given}})):
        kept.create(name, yaml.safe_dump(document))


def test_the_list_of_peers_is_as_its_schema_says_and_has_what_the_configuration_adds(verb, tmp_path):
    configured(tmp_path)
    document = json.loads(verb("peers", "dev", "--json").out)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert set(document) == set(schema["properties"])
    assert {row["name"]: row["public_key"] for row in document["peers"]}["ci"] == KEYS["c"]
    assert [row["stands_in"] for row in document["break_glass"]] == ["sophia:first_contact"]


def test_people_see_every_peer_and_every_network_that_breaks_the_glass(verb, tmp_path):
    assert "No network breaks the glass." in verb("peers", "dev").out
    configured(tmp_path)
    shown = verb("peers", "dev").out
    for word in ("ada@example.com", "2027-03-31T00:00:00Z", "expired", "198.19.255.10/32", "sophia:first_contact"):
        assert word in shown


def test_the_runner_joins_with_the_very_file_that_the_verb_prints(verb, monkeypatch):
    monkeypatch.setenv("ACCESS_CI_PRIVATE_KEY", CANARY)
    files: list[str] = []
    rehearsal = SimpleNamespace(
        stack="prod",
        secret=lambda _: CANARY,
        state=SimpleNamespace(resources=lambda: STATE),
        account=SimpleNamespace(room=SimpleNamespace(join_access=files.append)),
    )
    Runner(rehearsal, SimpleNamespace(access=ACCESS)).join()  # type: ignore[arg-type]  # what it asks
    assert files == [verb("config", "ci", "prod").out]
