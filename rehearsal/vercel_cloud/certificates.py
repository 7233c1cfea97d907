"""Certificates of the edge: one for each host, signed by an authority of its own, when a client first asks for it."""

import ssl
from pathlib import Path

import trustme

from rehearsal.home import write_private


class Certificates:
    """Gives each host its certificate.

    Args:
        folder: where the authority is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._certificate, self._key = folder / "ca.pem", folder / "ca-key.pem"
        self._authority = self._kept()
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self) -> ssl.SSLContext:
        """Return how the edge speaks TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Whoever names no host gets one that is nobody's.
        self._authority.issue_cert("edge.invalid").configure_cert(context)
        context.sni_callback = self._chosen
        return context

    def _chosen(self, connection: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        if host:
            connection.context = self._of(host)

    def _of(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]

    def _kept(self) -> trustme.CA:
        if not self._certificate.exists():
            made = trustme.CA(organization_name="The rehearsal's edge of Vercel")
            write_private(self._key, made.private_key_pem.bytes().decode())
            write_private(self._certificate, made.cert_pem.bytes().decode())
        return trustme.CA.from_pem(self._certificate.read_bytes(), self._key.read_bytes())
