"""The API server of a stack's cluster: found on the machine that runs it, or by the kubeconfig that a stack tells."""

import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from typing_extensions import override

from rehearsal.error import RehearsalError
from rehearsal.kubeconfig import Kubeconfig
from rehearsal.machines import Room

PORT = 6443

_KUBECONFIG = "/etc/rancher/k3s/k3s.yaml"
_HOST = "host:index:Host"
_KNOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A server that runs K3s."""

    kubeconfig: Kubeconfig
    """What it keeps for its administrator."""
    url: str
    """Where it answers."""
    gate: str | None = None
    """The proxy that it is reached through; none for peers of the access network."""

    @classmethod
    def told(cls, text: str) -> Self:
        """Return the server that a kubeconfig leads to.

        Args:
            text: the kubeconfig.

        Raises:
            RehearsalError: it is none; what stands in it is not repeated.
        """
        kubeconfig = Kubeconfig.parse(text)
        return cls(kubeconfig, kubeconfig.server, kubeconfig.proxy)


def find(room: Room, resources: Iterable[Mapping[str, Any]]) -> ApiServer:
    """Return the API server of a stack.

    The server is the host that has a kubeconfig of K3s; of its addresses, the first that answers counts.

    Args:
        room: where the machines are.
        resources: the stack's state, in the engine's own form.

    Raises:
        RehearsalError: there is none yet, or it does not answer.
    """
    for machine, addresses in _hosts(resources):
        text = _kubeconfig(room, machine)
        if text:
            address = next((one for one in addresses if _answers(room.gate, one)), None)
            if address is None:
                message = f"the API server on {machine} does not answer at {' or '.join(addresses)}, port {PORT}"
                raise RehearsalError(message)
            return ApiServer(Kubeconfig.parse(text), f"https://{address}:{PORT}", room.gate)
    message = "there is no cluster yet: no host has a kubeconfig of K3s"
    raise RehearsalError(message)


def connected(find: Callable[[], ApiServer]) -> httpx.Client:
    """Return what speaks to an API server as its administrator; until there is one, every request fails.

    Args:
        find: finds it.
    """
    return httpx.Client(base_url="https://kubernetes", transport=Connection(find), timeout=30.0)


@dataclass(slots=True)
class Connection(httpx.BaseTransport):
    """Speaks to the API server that there is when something is asked; it is looked for again when it failed.

    Args:
        find: finds it.
    """

    find: Callable[[], ApiServer]
    _found: tuple[httpx.URL, httpx.HTTPTransport] | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to it, whatever host its URL names."""
        with self._lock:
            if self._found is None:
                self._found = self._open(request)
            base, transport = self._found
        request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
        request.headers["Host"] = f"{base.host}:{base.port}"
        try:
            return transport.handle_request(request)
        except httpx.TransportError:
            # Another one may have taken its place, with another address or other certificates.
            with self._lock:
                if self._found and self._found[1] is transport:
                    self._found = None
            raise

    @override
    def close(self) -> None:
        """End all connections."""
        with self._lock:
            if self._found:
                self._found[1].close()
            self._found = None

    def _open(self, request: httpx.Request) -> tuple[httpx.URL, httpx.HTTPTransport]:
        try:
            server = self.find()
            transport = httpx.HTTPTransport(verify=server.kubeconfig.trust(), proxy=server.gate, trust_env=False)
        except RehearsalError as error:
            raise httpx.ConnectError(str(error), request=request) from None
        return httpx.URL(server.url), transport


def _hosts(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for resource in resources:
        told = (resource.get("outputs") or {}) if resource["type"] == _HOST else {}
        if told.get("machine"):
            yield str(told["machine"]), [str(one) for one in told.get("addresses") or ()]


def _kubeconfig(room: Room, machine: str) -> str:
    with suppress(RehearsalError, subprocess.TimeoutExpired):  # it does not run, or is on its way out
        done = room.enter(machine, ["cat", _KUBECONFIG], seconds=10.0)
        return done.stdout if done.returncode == 0 else ""
    return ""


def _answers(gate: str, address: str) -> bool:
    place = urlsplit(gate)
    with (
        suppress(OSError),
        socket.create_connection((str(place.hostname), place.port or 0), timeout=_KNOCK_SECONDS) as knock,
    ):
        knock.sendall(f"CONNECT {address}:{PORT} HTTP/1.1\r\n\r\n".encode())
        return b" 200 " in knock.recv(64)
    return False
