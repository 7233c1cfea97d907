"""Where clients on this computer reach the vector store of a stack, whoever runs it."""

import hashlib
import shutil
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog.collection import Hosting
from rehearsal import service
from rehearsal.address import address, require_free
from rehearsal.configuration import secret
from rehearsal.home import Folder
from rehearsal.machines import Room
from rehearsal.process import end_changed, spawn
from rehearsal.service import Service, ServiceStatus
from rehearsal.toolchain import Progress, Toolchain

NAME: Final = "weaviate"
"""The name of its process."""
ADMIN_KEY: Final = "WEAVIATE_ADMIN_API_KEY"  # pragma: allowlist secret - a name
"""The canonical name of the secret that opens all of it."""
REST_PORT: Final = 8080
GRPC_PORT: Final = 50051
PORTS: Final = (REST_PORT, GRPC_PORT)
"""Its ports on loopback, and those of the server."""

_ROOT = Path(__file__).resolve().parents[2]
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_ENDING = 5.0


@dataclass(frozen=True, slots=True)
class VectorStore:
    """The vector store of one stack.

    Args:
        folder: the rehearsal of the stack.
    """

    folder: Folder

    @property
    def host(self) -> str:
        """Its address on loopback."""
        return address(self.folder.home, self.folder.stack)

    @property
    def public_address(self) -> str:
        """The address, outside of the machines, of a server that the rehearsal runs in the place of a vendor's.

        >>> from pathlib import Path
        >>> names = ("dev", "staging", "prod")
        >>> len({VectorStore(Folder(Path("/x"), name)).public_address for name in names})
        3
        """
        return f"198.19.255.{100 + hashlib.sha256(self.folder.stack.encode()).digest()[0] % 100}"

    def start(self, hosting: Hosting, room: Room, tools: Toolchain, progress: Progress) -> None:
        """Make it be reached on loopback: at once where the rehearsal runs it, else as soon as its pod is there.

        Args:
            hosting: who runs it.
            room: where the machines are.
            tools: give the server.
            progress: told what is being started.

        Raises:
            RehearsalError: a port is taken, or the server does not start.
        """
        python = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m", "rehearsal.weaviate")
        command: tuple[str, ...] = (*python, str(self.folder.home), self.folder.stack)
        if hosting == "cloud":
            room.client(f"{NAME}-{self.folder.stack}", self.public_address)  # made if it is not there
            command += ("--server", str(tools.weaviate))
        if NAME in end_changed(self.folder, {NAME: command}, patience=_ENDING):
            return
        require_free(self.host, dict.fromkeys(PORTS, f"the vector store of {self.folder.stack}"))
        if hosting == "cloud":
            ready = f"http://{self.host}:{REST_PORT}/v1/.well-known/ready"
            service.start(self.folder, ((Service(NAME, command, ready),),), _NOBODY, progress)
        else:
            spawn(self.folder, NAME, command)

    def stop(self) -> None:
        """End its process; what a server of the rehearsal holds stays.

        Raises:
            RehearsalError: it cannot be ended.
        """
        service.stop(self.folder, ((NAME,),))

    def clear(self) -> None:
        """End its process, and leave nothing of what it held.

        Raises:
            RehearsalError: it cannot be ended.
        """
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def data(self) -> Path:
        """The folder of a server that the rehearsal runs."""
        return self.folder.path / NAME

    def status(self) -> ServiceStatus:
        """Return whether it is led to."""
        (status,) = service.status(self.folder, {NAME: f"{self.host}:{REST_PORT}"})
        return status

    @property
    def url(self) -> str:
        """Where its REST API is reached."""
        return f"http://{self.host}:{REST_PORT}"

    def environment(self) -> dict[str, str]:
        """Return what clients must be told to reach it; nothing before its key was drawn."""
        key = secret(self.folder, ADMIN_KEY)
        return {"WEAVIATE_URL": self.url, "WEAVIATE_API_KEY": key} if key else {}
