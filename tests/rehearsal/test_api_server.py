"""The API server is found when there is one, and again when another has taken its place."""

import http.server
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from typing_extensions import override

from rehearsal import RehearsalError
from rehearsal.address import address
from rehearsal.api_server import PORT, ApiServer, Connection, find
from rehearsal.kubeconfig import Kubeconfig
from rehearsal.machines import Room
from tests.rehearsal.test_kubeconfig import k3s_yaml

Serve = Callable[[str], ApiServer]


class _Api(http.server.BaseHTTPRequestHandler):
    """Says who asks and where."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        peer: Any = self.connection.getpeercert()
        subject = dict(pair for part in peer["subject"] for pair in part)
        body = f"{subject['commonName']} asks {self.headers['Host']}{self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        return


class _Gate(socketserver.StreamRequestHandler):
    """A proxy that knows CONNECT."""

    @override
    def handle(self) -> None:
        host, _, port = self.rfile.readline().split()[1].decode().partition(":")
        while self.rfile.readline().strip():
            pass
        try:
            far = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, self.connection))
            back.start()
            _pump(self.connection, far)
            back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return


class _Listening(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def listening(place: tuple[str, int], handler: Any, trust: ssl.SSLContext | None = None) -> Iterator[tuple[str, int]]:
    with _Listening(place, handler) as server:
        if trust:
            server.socket = trust.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[0], server.server_address[1]  # type: ignore[misc]  # of IPv4
        server.shutdown()
        thread.join()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts an API server with an authority of its own, behind a gate."""
    with ExitStack() as running:
        gate = running.enter_context(listening(("127.0.0.1", 0), _Gate))

        def server(name: str) -> ApiServer:
            here = address(tmp_path, name)
            authority = trustme.CA()
            trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            trust.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(trust)
            authority.issue_cert(here).configure_cert(trust)
            running.enter_context(listening((here, PORT), _Api, trust))
            kubeconfig = Kubeconfig.parse(k3s_yaml(authority, authority.issue_cert(common_name="system:admin")))
            return ApiServer(kubeconfig, f"https://{here}:{PORT}", f"http://{gate[0]}:{gate[1]}")

        yield server


def client(connection: Connection) -> httpx.Client:
    return httpx.Client(base_url="https://kubernetes", transport=connection)


def test_it_is_asked_through_the_gate_as_the_administrator(serve: Serve) -> None:
    server = serve("dev")
    with client(Connection(lambda: server)) as api:
        assert api.get("/readyz").text == f"system:admin asks {server.url.removeprefix('https://')}/readyz"


def test_a_kubeconfig_that_a_stack_tells_leads_to_it_as_the_machine_does(serve: Serve) -> None:
    server = serve("dev")
    text = server.kubeconfig.text("dev", server=server.url, proxy=server.gate)
    with client(Connection(lambda: ApiServer.told(text))) as api:
        assert api.get("/readyz").is_success
    assert ApiServer.told(server.kubeconfig.text("dev", server=server.url, proxy=None)).gate is None


def test_before_there_is_one_every_request_says_so_and_later_ones_are_answered(serve: Serve) -> None:
    found: list[ApiServer] = []

    def look() -> ApiServer:
        if not found:
            message = "there is no cluster yet"
            raise RehearsalError(message)
        return found[0]

    with client(Connection(look)) as api:
        with pytest.raises(httpx.ConnectError, match="there is no cluster yet"):
            api.get("/readyz")
        found.append(serve("dev"))
        assert api.get("/readyz").is_success


def test_another_that_takes_its_place_is_found_after_one_request_that_failed(serve: Serve) -> None:
    first, second = serve("first"), serve("second")
    # The address is the second's, the credentials are the first's.
    stale = ApiServer(first.kubeconfig, second.url, first.gate)
    servers = iter([stale, second])
    with client(Connection(lambda: next(servers))) as api:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            api.get("/readyz")
        assert api.get("/readyz").is_success


def test_a_stack_without_hosts_has_none(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="there is no cluster yet"):
        find(Room(tmp_path), [{"type": "pulumi:pulumi:Stack"}, {"type": "host:index:Host", "outputs": None}])


def test_a_host_whose_machine_does_not_run_has_none(tmp_path: Path) -> None:
    host = {"type": "host:index:Host", "outputs": {"machine": "m1", "addresses": ["10.97.0.5"]}}
    with pytest.raises(RehearsalError, match="there is no cluster yet"):
        find(Room(tmp_path), [host])
