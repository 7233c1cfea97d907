"""Slack, as far as messages are sent there: an incoming webhook on loopback."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


class Slack(ThreadingHTTPServer):
    """An incoming webhook on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        self.said: list[str] = []
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), _Webhook)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/services/T0/B0/hidden-word"


class _Webhook(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 0:
            self.server.said.append(body["text"])
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if status == 200:
            self.server.said.append(body["text"])
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    @override
    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def served() -> Iterator[Slack]:
    """Serve one until the block ends."""
    with Slack() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()
