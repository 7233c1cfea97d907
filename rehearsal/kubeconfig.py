"""The kubeconfig that a K3s server keeps, as what it holds: whom to trust, and who one is."""

import os
import ssl
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.error import RehearsalError


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """Credentials of a cluster's administrator."""

    authority: bytes
    """Certificate of the cluster's authority, PEM."""
    certificate: bytes
    """Certificate of the administrator, PEM."""
    key: bytes = field(repr=False)
    """Key of that certificate, PEM."""
    server: str = field(compare=False)
    """URL of the API server; the credentials are the same wherever that is."""
    proxy: str | None = field(compare=False, default=None)
    """URL of the proxy that it is reached through, if any."""

    @classmethod
    def parse(cls, text: str) -> "Kubeconfig":
        """Return what a kubeconfig with one cluster and one user holds.

        Raises:
            RehearsalError: it is none; what stands in it is not repeated.
        """
        try:
            document = yaml.safe_load(text)
            (cluster,) = document["clusters"]
            (user,) = document["users"]
            return cls(
                _pem(cluster["cluster"], "certificate-authority-data"),
                _pem(user["user"], "client-certificate-data"),
                _pem(user["user"], "client-key-data"),
                cluster["cluster"]["server"],
                cluster["cluster"].get("proxy-url"),
            )
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            message = (
                f"the server's kubeconfig cannot be read ({type(error).__name__}): K3s writes it anew when it is "
                "restarted"
            )
            raise RehearsalError(message) from None

    def trust(self) -> ssl.SSLContext:
        """Return how its cluster is spoken to: as the administrator, trusting its authority alone.

        Raises:
            RehearsalError: certificate and key do not belong together, or are none.
        """
        try:
            context = ssl.create_default_context(cadata=self.authority.decode("ascii"))
            # Python reads keys from files only; this one is nowhere on a disk.
            descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.certificate + b"\n" + self.key)
                file.flush()
                context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        except (ssl.SSLError, ValueError) as error:
            message = (
                f"the server's kubeconfig holds no usable certificates ({type(error).__name__}); restart K3s there"
            )
            raise RehearsalError(message) from None
        return context

    def text(self, name: str, *, server: str, proxy: str | None) -> str:
        """Return a kubeconfig for people.

        Args:
            name: what cluster, user and context are called.
            server: URL of the API server.
            proxy: URL of the proxy that it is reached through, if any.
        """
        through = {"proxy-url": proxy} if proxy else {}
        cluster = {"server": server, **through, "certificate-authority-data": _data(self.authority)}
        credential = {"client-certificate-data": _data(self.certificate), "client-key-data": _data(self.key)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": credential}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }
        return yaml.safe_dump(document, sort_keys=False)


def _pem(holder: Mapping[str, Any], key: str) -> bytes:
    return b64decode(holder[key], validate=True)


def _data(pem: bytes) -> str:
    return b64encode(pem).decode()
