"""The conformance suite against real servers: what it finds is told as what it is, and the baseline must be true."""

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.versions import read_versions
from ops.gate import conformance
from ops.gate.asking import Expected
from ops.gate.conformance import Answer, Asked, conformity, judged, running
from ops.gate.reach import Way
from ops.gate.relay import relay
from ops.gate.verdict import Check, ServerVerdict, junit
from rehearsal.toolchain.conformance import is_there
from rehearsal.toolchain.conformance import suite as brought
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import progress_for
from tests.gate.served import GITHUB, LOCKED, app, server, way

assert GITHUB.mcp
KNOWN = GITHUB.mcp.conformance.expected_failures
NEW = "2026-07-28"


@pytest.fixture(scope="session")
def folder() -> Path:
    edges = Edges.here(read_versions().go)
    if not is_there(edges):
        pytest.fail("the conformance suite is not in the tool cache; run ./sophia setup")
    return brought(edges, progress_for())


def found(
    folder: Path, application: Any, asked: Sequence[Asked], forbidden: frozenset[str] = frozenset()
) -> list[Answer]:
    async def ask(service: Way) -> list[Answer]:
        async with running(folder) as suite:
            return [*await suite.ask(service, asked, forbidden)]

    with way(application) as service, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(ask(service))


def wrong(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.detail for check in checks if not check.ok}


def meddling(
    *, come: Callable[[Scope], None] = lambda _: None, go: Callable[[Message], None] = lambda _: None
) -> ASGIApp:
    """The server, behind something that changes what comes and goes."""
    inner = app(server())

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            go(message)
            await send(message)

        if scope["type"] == "http":
            come(scope)
        await inner(scope, receive, told)

    return application


def test_a_server_of_both_eras_passes_but_for_what_is_known_and_both_ways_are_asked(folder):
    assert GITHUB.mcp
    expected = Expected(GITHUB, GITHUB.mcp, LOCKED, frozenset())

    async def ask(service: Way) -> list[Check]:
        async with running(folder) as suite:
            return await conformity(suite, expected, service, replace(service, name="public"))

    with way(app(server())) as service, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        checks = runner.run(ask(service))
    assert wrong(checks) == {}
    told = {(check.way, check.name): check.detail for check in checks}
    assert {name for name, _ in told} == {"service", "public"}
    assert len([name for name, _ in told if name == "service"]) == len(conformance.SCENARIOS["dual"])
    assert told["service", f"conformance: http-header-validation {NEW}"] == "14 of 14 checks"
    assert told["service", f"conformance: server-stateless {NEW}"].endswith(
        f"; known to fail: {', '.join(sorted(KNOWN))}"
    )
    assert "stateless" in told["service", "conformance: server-session-lifecycle 2025-11-25"]


def test_a_server_that_believes_any_header_fails_with_the_check_and_the_place_in_the_protocol(folder):
    def believe(scope: Scope) -> None:
        scope["headers"] = [
            (name, b"tools/list" if value == b"TOOLS/LIST" else value) for name, value in scope["headers"]
        ]

    answers = found(folder, meddling(come=believe), [("http-header-validation", NEW)])
    failed = wrong(judged(answers, KNOWN))
    name = f"conformance: http-header-validation {NEW}: sep-2243-server-reject-invalid-headers"
    assert name in failed
    detail = failed[name]
    assert detail.startswith("ServerRejectsCaseMismatchValue: ")
    assert "https://modelcontextprotocol.io/" in detail


def test_200_for_an_unknown_method_fails_with_that_check_named_for_people_and_for_machines(folder):
    def agree(message: Message) -> None:
        if message.get("status") == 404:
            message["status"] = 200

    checks = judged(found(folder, meddling(go=agree), [("server-stateless", NEW)]), KNOWN)
    failed = wrong(checks)
    name = f"conformance: server-stateless {NEW}: sep-2575-http-server-method-not-found-404"
    assert "Expected HTTP 404 and JSON-RPC error code -32601, got HTTP 200" in failed[name]
    assert all(one.startswith(name) for one in failed), "and nothing else is"
    verdict = ServerVerdict(name="github", checks=tuple(checks))
    assert f'name="{name}"' in junit([verdict])
    assert name in json.loads(verdict.model_dump_json())["checks"][0]["name"]


def test_what_is_known_to_fail_and_passes_again_must_leave_the_list_and_what_there_is_not_is_told(folder):
    answers = found(folder, app(server()), [("server-stateless", NEW)])
    failed = wrong(judged(answers, (*KNOWN, "sep-2575-server-implements-discover", "sep-2575-misspelt")))
    assert [*failed] == ["conformance: sep-2575-server-implements-discover", "conformance: sep-2575-misspelt"]
    assert "must leave the list" in failed["conformance: sep-2575-server-implements-discover"]
    assert "has no such check" in failed["conformance: sep-2575-misspelt"]
    left_out = wrong(judged(answers, KNOWN[1:]))
    assert [*left_out] == [f"conformance: server-stateless {NEW}: {KNOWN[0]}"]


def test_a_warning_fails_as_in_the_suites_own_baselines():
    check = {"id": "x", "name": "X", "description": "X should be", "status": "WARNING", "errorMessage": "it is not"}
    answer = Answer.model_validate({"scenario": "s", "version": NEW, "checks": [check]})
    assert wrong(judged([answer], ())) == {f"conformance: s {NEW}: x": "X: it is not"}
    assert wrong(judged([answer], ("x",))) == {}


def test_a_tool_that_may_change_something_is_never_called(folder):
    called: list[str] = []

    def write() -> str:
        called.append("write")
        return "written"

    made = server()
    made._tool_manager._tools.clear()  # noqa: SLF001 - so that the suite, which calls the first, finds this one
    made.add_tool(write)
    asked = [("http-header-validation", NEW)]
    failed = wrong(judged(found(folder, app(made), asked, frozenset({"write"})), KNOWN))
    assert called == []
    assert failed
    found(folder, app(made), asked)
    assert called, "else this proves nothing"


def test_a_server_that_never_answers_is_told_with_how_long_it_was_waited_for(folder, monkeypatch):
    monkeypatch.setattr(conformance, "SECONDS", 0.3)

    async def never(_: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    silent = Starlette(routes=[Route("/{path:path}", never, methods=["GET", "POST"])])
    failed = wrong(judged(found(folder, silent, [("tools-list", NEW)]), KNOWN))
    assert "did not complete within 300ms" in failed[f"conformance: tools-list {NEW}: scenario-timeout"]


def test_a_suite_that_comes_to_no_end_is_told_and_what_it_left_out_does_not_count_as_passed(folder, monkeypatch):
    monkeypatch.setattr(conformance, "_PATIENCE", 0.05)
    assert GITHUB.mcp
    expected = Expected(GITHUB, GITHUB.mcp, LOCKED, frozenset())

    async def ask(service: Way) -> list[Check]:
        async with running(folder) as suite:
            return await conformity(suite, expected, service, None)

    with way(app(server())) as service, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        failed = wrong(runner.run(ask(service)))
    assert failed == {"conformance: server-initialize 2025-11-25": "the suite has not come to an end within 0 s"}


def test_a_suite_that_ends_is_told_and_does_not_end_the_gate(tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/node"
    program.write_text("#!/bin/sh\necho 'out of memory' >&2\n")
    program.chmod(0o755)
    nobody = Way("service", "http://127.0.0.1:1/mcp", "http://127.0.0.1:1/mcp", ssl.create_default_context())

    async def ask() -> list[Answer]:
        async with running(tmp_path) as suite:
            return [*await suite.ask(nobody, [("tools-list", NEW)], frozenset())]

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        failed = wrong(judged(runner.run(ask()), KNOWN))
    assert failed == {f"conformance: tools-list {NEW}": "the suite ended before it answered: out of memory"}


def test_what_opens_a_server_stays_in_the_gate_and_another_host_comes_there_as_that():
    seen: list[dict[bytes, bytes]] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope["headers"]))
        await PlainTextResponse("")(scope, receive, send)

    async def ask(service: Way) -> tuple[int, int]:
        async with relay() as opened, httpx2.AsyncClient(trust_env=False) as client:
            entrance = replace(service, headers={"Authorization": "Bearer t"})
            async with opened.to(entrance, frozenset()) as url:
                await client.get(url, headers={"Origin": f"http://{opened.authority}"})
                await client.get(url, headers={"Host": "evil.example.com", "Origin": "http://evil.example.com"})
                guessed = await client.get(f"http://{opened.authority}/guessed")
            after = await client.get(url)
        return guessed.status_code, after.status_code

    with way(note) as service, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        assert runner.run(ask(service)) == (404, 404)
    own = httpx2.URL(service.url).netloc
    assert [one[b"host"] for one in seen] == [own, b"evil.example.com"]
    assert [one.get(b"origin") for one in seen] == [None, b"http://evil.example.com"]
    assert {one[b"authorization"] for one in seen} == {b"Bearer t"}
