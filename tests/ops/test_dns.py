"""Names of the zone as servers answer them: real questions, to servers that answer from a zone file."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from ops import dns, dns_app
from ops.error import InputError, StateError
from ops.exit_code import ExitCode
from render import ROOT

HOST = "127.0.0.1"
API, APP, ZONE = "api.example.test", "app.example.test", "example.test"
LINES = [
    f"{API}. 300 IN A 192.0.2.7",
    f"{APP}. 300 IN CNAME cname.vercel-dns.com.",
    f'{ZONE}. 3600 IN CAA 0 issue "letsencrypt.org"\n{ZONE}. 3600 IN CAA 0 issuewild ";"',
    f'_vercel.{APP}. 300 IN TXT "vc-domain-verify=app,1234"',
]
ROWS = dns.declared([{"type": dns.COMPONENT, "outputs": {"records": LINES}}], "prod")


class _Held(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    def __init__(self, lines: list[str], rcode: int) -> None:
        self._records, self._rcode = RR.fromZone("\n".join(lines)), rcode

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        del handler
        reply = request.reply()
        reply.header.rcode = self._rcode
        for record in self._records:
            if record.rname == request.q.qname and record.rtype in {request.q.qtype, QTYPE.CNAME}:
                reply.add_answer(record)
        return reply


@contextlib.contextmanager
def serving(lines: list[str], *, authority: bool = True, rcode: int = RCODE.NOERROR) -> Iterator[dns.Server]:
    """Give a server that answers from lines of a zone file, by UDP."""
    server = DNSServer(_Held(lines, rcode), address=HOST, port=0, logger=DNSLogger(logf=lambda _: None))
    server.start_thread()
    try:
        yield dns.server(f"{HOST}:{server.server.server_address[1]}", authority=authority)
    finally:
        server.stop()
        server.server.server_close()


def wrong(lines: list[str], **how: Any) -> dict[str, str]:
    """Return what is not right, by host and type, of the answers of one server."""
    with serving(lines, **how) as one:
        return {f"{row.host} {row.type}": said for row in dns.check(ROWS, [one]) for said in row.wrong.values()}


def changed(old: str, new: str) -> list[str]:
    found = [line.replace(old, new) for line in LINES]
    assert found != LINES
    return found


def test_what_is_declared_is_read_from_the_state() -> None:
    assert [(row.host, row.type, row.ttl) for row in ROWS] == [
        (API, "A", 300),
        (APP, "CNAME", 300),
        (ZONE, "CAA", 3600),
        (f"_vercel.{APP}", "TXT", 300),
    ]
    assert ROWS[2].values == ('0 issue "letsencrypt.org"', '0 issuewild ";"')


@pytest.mark.parametrize(
    "resources", [[], [{"type": dns.COMPONENT}], [{"type": dns.COMPONENT, "outputs": {"records": []}}]]
)
def test_a_stack_that_declares_none_says_whom_to_ask(resources: list[dict[str, Any]]) -> None:
    with pytest.raises(StateError, match="owns the zone"):
        dns.declared(resources, "dev")


@pytest.mark.parametrize("authority", [True, False])
def test_an_answer_as_declared_is_right(authority: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    assert wrong(LINES, authority=authority) == {}


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        (changed("192.0.2.7", "192.0.2.66"), f"{API} A", "192.0.2.66"),
        (changed("cname.vercel-dns.com.", "elsewhere.test."), f"{APP} CNAME", "elsewhere.test."),
        (changed("app,1234", "app,9"), f"_vercel.{APP} TXT", '"vc-domain-verify=app,9"'),
        (changed('\nexample.test. 3600 IN CAA 0 issuewild ";"', ""), f"{ZONE} CAA", '0 issue "letsencrypt.org"'),
        (LINES[1:], f"{API} A", "nothing is there"),
        (changed(f"{API}. 300 IN A 192.0.2.7", f"{API}. 300 IN CNAME {APP}."), f"{API} A", "nothing is there"),
    ],
)
def test_another_answer_is_told_with_who_gives_it(lines: list[str], key: str, said: str) -> None:
    assert wrong(lines) == {key: said}


def test_an_authority_gives_the_whole_time_and_a_resolver_what_is_left_of_it() -> None:
    shorter = changed(f"{API}. 300", f"{API}. 60")
    assert wrong(shorter) == {f"{API} A": "kept for 60 s"}
    assert wrong(shorter, authority=False) == {}


def test_a_server_that_refuses_is_told_and_not_taken_for_an_empty_one() -> None:
    assert set(wrong(LINES, rcode=RCODE.REFUSED).values()) == {"no answer (NoNameservers)"}


def test_each_server_is_asked_for_itself() -> None:
    with serving(LINES) as right, serving(LINES[1:]) as other:
        first, *rest = dns.check(ROWS, [right, other])
    assert first.wrong == {other.name: "nothing is there"}
    assert not any(row.wrong for row in rest)


@pytest.mark.parametrize("text", ["", "ns.example.com", "192.0.2", "192.0.2.1:", "192.0.2.1:x", "::1"])
def test_a_server_is_written_as_an_address(text: str) -> None:
    with pytest.raises(InputError, match=r"192\.0\.2\.1:5353"):
        dns.server(text, authority=True)


@pytest.fixture
def verb(monkeypatch, sophia, tmp_path) -> Any:
    """Runs the verb for a stack that declared the records above."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path))
    monkeypatch.setattr(dns_app, "deployed", lambda *_: [{"type": dns.COMPONENT, "outputs": {"records": LINES}}])
    return lambda *words: sophia("dns", *words)


def test_the_verb_answers_as_its_schema_says_and_leaves_with_7_where_a_name_is_wrong(verb):
    schema = json.loads((ROOT / "docs/schema/dns-check.json").read_text(encoding="utf-8"))
    for lines, code in ((LINES, ExitCode.OK), (LINES[1:], ExitCode.DRIFT)):
        with serving(lines) as one:
            left = verb("check", "prod", "--authority", one.name, "--json")
        assert left.code == code
        jsonschema.Draft202012Validator(schema).validate(json.loads(left.out))


def test_people_see_what_is_declared_and_who_answers_otherwise(verb):
    with serving(changed("192.0.2.7", "192.0.2.66")) as one:
        left = verb("check", "prod", "--authority", one.name)
    assert left.code == ExitCode.DRIFT
    assert all(text in left.out for text in (API, "192.0.2.7", "192.0.2.66", one.name, "3 of 4 names are as declared"))


def test_whoever_keeps_the_zone_by_hand_gets_lines_of_a_zone_file(verb):
    left = verb("records", "prod")
    assert (left.code, left.out.splitlines()) == (ExitCode.OK, "\n".join(LINES).splitlines())


def test_a_server_that_is_no_address_leaves_with_2(verb):
    left = verb("check", "prod", "--authority", "ns.example.com")
    assert left.code == ExitCode.BAD_INPUT
