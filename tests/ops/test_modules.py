"""The vector store is asked for its modules as the provider speaks to it: nobody else gets the key."""

import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ops.error import InputError
from ops.modules import require_modules


class Refusing(BaseHTTPRequestHandler):
    """Lets nobody in."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_that_refuses_the_key_is_told_so(graph, refusing):
    key = secrets.token_hex()
    with pytest.raises(InputError, match=r"WEAVIATE_API_KEY: http://127.* refuses it \(401\)") as told:
        require_modules(graph.choice, {"WEAVIATE_URL": refusing, "WEAVIATE_API_KEY": key})
    assert key not in str(told.value)


def test_the_key_crosses_no_network_in_the_clear(graph, monkeypatch):
    monkeypatch.setattr("ops.modules.httpx.get", lambda *_, **__: pytest.fail("it was sent"))
    with pytest.raises(InputError, match="WEAVIATE_URL: use https"):
        require_modules(graph.choice, {"WEAVIATE_URL": "http://weaviate.invalid:8080", "WEAVIATE_API_KEY": "x"})


def test_authorities_that_are_none_are_told(graph):
    environment = {"WEAVIATE_URL": "https://weaviate.invalid", "WEAVIATE_CA_CERTIFICATE": "none"}
    with pytest.raises(InputError, match="WEAVIATE_CA_CERTIFICATE: this is no certificate in PEM"):
        require_modules(graph.choice, environment)
