"""`lock` asks a registry for digests, the way registries are asked: a challenge, a token, a manifest's header."""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ops.lock import lock_images

DIGEST = f"sha256:{hashlib.sha256(b'image').hexdigest()}"
LOCK = """\
# A comment that must stay.
enforced: true
images:
  team/known:1.0.0: null
  team/filled:1.0.0: {filled}
  team/absent:1.0.0: null
"""


SHOWN: dict[str, str | None] = {}
"""The credentials that whoever asked for a token has shown, by the name that the registry was called by."""


class Registry(BaseHTTPRequestHandler):
    """Refuses without a token, gives one to anyone, and knows one image."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        host = self.headers["Host"]
        if self.headers.get("Authorization") != "Bearer for-team/known" and "known" in self.path:
            scope = "repository:team/known:pull"
            self._reply(401, {"WWW-Authenticate": f'Bearer realm="http://{host}/token",service="r",scope="{scope}"'})
        elif self.path == "/v2/team/known/manifests/1.0.0":
            self._reply(200, {"Docker-Content-Digest": DIGEST})
        else:
            self._reply(404, {})

    def do_GET(self) -> None:
        assert "scope=repository%3Ateam%2Fknown%3Apull" in self.path
        SHOWN[self.headers["Host"]] = self.headers.get("Authorization")
        self._reply(200, {}, b'{"token": "for-team/known"}')

    def _reply(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ToLoopback(httpx.HTTPTransport):
    """Leads every name to the one registry that runs here, which is told the name."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return super().handle_request(request)


@pytest.fixture
def registry() -> Iterator[httpx.Client]:
    SHOWN.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client(base_url="http://hub.example", transport=ToLoopback(server.server_port)) as client:
        yield client
    server.shutdown()
    server.server_close()


def test_an_unfilled_entry_gets_the_digest_of_the_registry_and_nothing_else_changes(tmp_path, registry):
    filled = f"sha256:{'0' * 64}"
    path = tmp_path / "images.yaml"
    path.write_text(LOCK.format(filled=filled))
    result = lock_images(path, registry)
    assert result.filled == {"team/known:1.0.0": DIGEST}
    assert path.read_text() == LOCK.format(filled=filled).replace("known:1.0.0: null", f"known:1.0.0: {DIGEST}")


def test_an_image_the_registry_does_not_have_stays_unfilled_and_is_named(tmp_path, registry):
    path = tmp_path / "images.yaml"
    path.write_text(LOCK.format(filled="null"))
    errors = lock_images(path, registry).errors
    assert [error for error in errors if error.startswith("team/absent:1.0.0: the registry answers 404")]
    assert "absent:1.0.0: null" in path.read_text(), "a digest is never invented"


def test_a_name_with_a_registry_is_asked_for_there_without_the_credentials_of_docker_hub(
    tmp_path, registry, monkeypatch
):
    monkeypatch.setenv("DOCKERHUB_USERNAME", "somebody")
    monkeypatch.setenv("DOCKER_TOKEN", secrets.token_hex())
    path = tmp_path / "images.yaml"
    path.write_text("images:\n  other.example/team/known:1.0.0: null\n  team/known:1.0.0: null\n")
    assert lock_images(path, registry).filled == {"other.example/team/known:1.0.0": DIGEST, "team/known:1.0.0": DIGEST}
    assert SHOWN["other.example"] is None
    assert str(SHOWN["hub.example"]).startswith("Basic ")


def test_a_registry_out_of_reach_changes_nothing(tmp_path):
    path = tmp_path / "images.yaml"
    path.write_text(LOCK.format(filled="null"))
    with httpx.Client(base_url="http://127.0.0.1:1", trust_env=False) as nobody:
        result = lock_images(path, nobody)
    assert len(result.errors) == 3
    assert path.read_text() == LOCK.format(filled="null")
