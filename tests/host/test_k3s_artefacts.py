"""Artefacts are taken by their digest alone: found, refused, and never half of one."""

import asyncio
import hashlib
import http.server
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from providers.host import k3s_artefacts
from providers.host.k3s_artefacts import artefact
from providers.kit import ProviderError

CONTENT = b"a binary" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """A loop of its own: without one in its place, programs that are rendered in this process would find none."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


def taken(folder: Path, sha256: str = SHA256, url: str | None = None) -> Any:
    return run(artefact(folder, sha256, url))


@pytest.fixture
def served():
    """The address of a server that has the artefact, and counts who asks."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404 if self.path == "/gone" else 200)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_that_lies_there_is_taken_and_nobody_is_asked(tmp_path):
    (tmp_path / SHA256).write_bytes(CONTENT)
    assert taken(tmp_path).read_bytes() == CONTENT


def test_one_that_is_damaged_is_refused_with_both_digests(tmp_path):
    (tmp_path / SHA256).write_bytes(CONTENT[:-1])
    with pytest.raises(ProviderError, match=rf"{SHA256} has the SHA-256 [0-9a-f]{{64}}; it is damaged"):
        taken(tmp_path)


def test_one_that_is_nowhere_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ProviderError, match=r"no artefact .* lies in .*; put it there under its digest, set HOST_ARTE"):
        taken(tmp_path)


def test_one_that_is_downloaded_is_kept_and_asked_for_once_by_many(tmp_path, served):
    url, asked = served

    async def together() -> list[Path]:
        return await asyncio.gather(*(artefact(tmp_path / "new", SHA256, url) for _ in range(4)))

    paths = run(together())
    assert {path.read_bytes() for path in paths} == {CONTENT}
    assert len(asked) == 1
    assert taken(tmp_path / "new", url=url).read_bytes() == CONTENT
    assert len(asked) == 1


def test_a_download_that_is_another_file_is_refused_and_leaves_nothing(tmp_path, served):
    with pytest.raises(ProviderError, match="locked is 0000"):
        taken(tmp_path, "0" * 64, served[0])
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_has_it_not_or_does_not_answer_is_named(tmp_path, served):
    with pytest.raises(ProviderError, match="the server answers 404"):
        taken(tmp_path, url=f"{served[0]}/gone")
    with pytest.raises(ProviderError, match="cannot be downloaded: "):
        taken(tmp_path, url="http://127.0.0.1:1/k3s")


def test_its_place_is_in_the_home_of_whoever_runs_it(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(k3s_artefacts.directory(k3s_artefacts.LOCAL)) == "/home/somebody/.cache/sophia/artefacts"
