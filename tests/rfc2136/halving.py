"""What stands between a provider and its authority, and leaves out the last addition of each update."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator

import dns.message
import dns.opcode
import dns.query
import dns.tsigkeyring
import dns.update

from tests.rfc2136.authority import HOST, Authority

_SECONDS = 10


@contextlib.contextmanager
def halving(authority: Authority) -> Iterator[int]:
    """Give the port where it listens.

    Args:
        authority: what it passes everything else on to, as it is.
    """
    ring = dns.tsigkeyring.from_text({"updates": ("hmac-sha256", authority.key)})

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self.rfile.read(2):
                wire = self.rfile.read(*struct.unpack("!H", head))
                query = dns.message.from_wire(wire, keyring=ring)
                if query.opcode() == dns.opcode.UPDATE:
                    self._update(query)
                else:
                    self._pass(head + wire)

        def _update(self, query: dns.message.Message) -> None:
            assert isinstance(query, dns.update.UpdateMessage)
            said = dns.message.make_response(query)  # signed as an answer to the whole of it
            if not query.update[-1].deleting:
                query.update.pop()
            query.use_tsig(ring)
            answer = dns.query.tcp(query, HOST, port=authority.port, timeout=_SECONDS)
            said.set_rcode(answer.rcode())
            answered = said.to_wire()
            self.wfile.write(struct.pack("!H", len(answered)) + answered)

        def _pass(self, request: bytes) -> None:
            with socket.create_connection((HOST, authority.port), timeout=_SECONDS) as far:
                far.sendall(request)
                with far.makefile("rb") as answers:
                    head = answers.read(2)
                    self.wfile.write(head + answers.read(*struct.unpack("!H", head)))

    with socketserver.ThreadingTCPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            serving.join()
