"""The gate: what connects through it comes from the runner, and nothing else is let through."""

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from rehearsal import internet, service
from rehearsal.home import AccountFolder

pytestmark = pytest.mark.engine


def asked(lane, target: str) -> tuple[socket.socket, bytes]:
    place = urlsplit(lane.room.gate)
    connection = socket.create_connection((place.hostname, place.port), 10)
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return connection, head.split(b"\r\n")[0]


def test_a_machine_is_reached_through_the_gate_and_sees_the_runner(lane):
    connection, answer = asked(lane, "203.0.113.1:22")
    with connection:
        assert answer.startswith(b"HTTP/1.1 200")
        assert connection.recv(100).startswith(b"SSH-2.0-OpenSSH")
    assert lane.ssh("203.0.113.1", "echo ${SSH_CLIENT%% *}").stdout == "198.19.255.10\n"


def test_this_computers_loopback_is_not_behind_the_gate(lane):
    place = urlsplit(lane.room.gate)
    connection, answer = asked(lane, f"{place.hostname}:{place.port}")
    with connection:
        assert answer.startswith(b"HTTP/1.1 502")


@pytest.mark.parametrize("target", ["exa_mple.org:443", "203.0.113.1", "203.0.113.1:ssh", "[::1]:22", ":22"])
def test_what_is_no_host_and_port_is_refused(lane, target):
    connection, answer = asked(lane, target)
    with connection:
        assert answer.startswith(b"HTTP/1.1 400")


def test_a_name_is_what_machines_would_find_under_it(lane, tmp_path):
    folder = AccountFolder(tmp_path)
    folder.create()
    internet.start(folder, lane.room, ["example.org"], {"machine.example.org": "203.0.113.1"})
    try:
        connection, answer = asked(lane, "machine.example.org:22")
        with connection:
            assert answer.startswith(b"HTTP/1.1 200")
            assert connection.recv(100).startswith(b"SSH-2.0-OpenSSH")
        too_long = (f"{'a' * 64}.example.org", f"{'a.' * 130}example.org")
        for name in ("example.com", "203.0.113.1.example.org", *too_long):
            connection, answer = asked(lane, f"{name}:22")
            with connection:
                assert answer.startswith(b"HTTP/1.1 502")
    finally:
        service.stop(folder, ((internet.NAME,),))


def test_a_port_that_refuses_is_said_at_once(lane):
    connection, answer = asked(lane, "203.0.113.1:1")
    with connection:
        assert answer.startswith(b"HTTP/1.1 502")


def test_a_megabyte_passes_unchanged_in_both_directions(lane):
    program = "import socket,shutil; s=socket.create_server(('',7777)); c,_=s.accept(); f=c.makefile('rwb'); "
    program += "d=f.read(1048576); f.write(d); f.flush(); c.shutdown(socket.SHUT_WR); f.read()"
    lane.room.enter("m1", ["systemd-run", "--quiet", "--unit=echo-once", "python3", "-c", program])
    time.sleep(0.5)
    connection, answer = asked(lane, "203.0.113.1:7777")
    sent = bytes(range(256)) * 4096
    with connection:
        assert answer.startswith(b"HTTP/1.1 200")
        connection.sendall(sent)
        received = b""
        while data := connection.recv(65536):
            received += data
    assert received == sent


def test_the_gate_is_no_web_server(lane):
    assert httpx.get(f"{lane.room.gate}/healthz", trust_env=False).text == "ok\n"
    assert httpx.get(f"{lane.room.gate}/etc/passwd", trust_env=False).status_code == 405
