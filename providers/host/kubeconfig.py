"""A kubeconfig as K3s writes it, made one for people elsewhere: parsed, never replaced as text."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import yaml

from providers.host.instants import spelt

RENEWED_BEFORE: Final = timedelta(days=90)
"""A certificate with less than this left is renewed; K3s does so at a start with less than 120 days left."""


@dataclass(frozen=True)
class Kubeconfig:
    """An administrator's kubeconfig."""

    text: str = field(repr=False)
    """The file."""
    expires: datetime
    """When its certificate ends."""

    @property
    def expires_at(self) -> str:
        """When its certificate ends, as an instant."""
        return spelt(self.expires.timestamp())

    @property
    def current(self) -> bool:
        """Whether its certificate has long enough left."""
        return self.expires - datetime.now(UTC) > RENEWED_BEFORE


class UnreadableKubeconfigError(ValueError):
    """A kubeconfig is not what K3s writes; its text says what is missing and nothing of what is there."""


def kubeconfig(written: str, *, server: str, context: str, proxy_url: str | None = None) -> Kubeconfig:
    """Return the kubeconfig that K3s has written, for use from elsewhere.

    Args:
        written: the file on the host.
        server: the address that it shall say.
        context: what its cluster, user and context shall be called.
        proxy_url: a proxy that leads there; none: directly.

    Raises:
        UnreadableKubeconfigError: it is none.
    """
    try:
        document = yaml.safe_load(written)
    except yaml.YAMLError:
        document = None
    chosen = _named(document, "contexts", _text(document, "current-context"), "context")
    cluster = _named(document, "clusters", _text(chosen, "cluster"), "cluster")
    user = _named(document, "users", _text(chosen, "user"), "user")
    authority = _text(cluster, "certificate-authority-data")
    certificate, key = _text(user, "client-certificate-data"), _text(user, "client-key-data")
    proxy = {"proxy-url": proxy_url} if proxy_url else {}
    rewritten = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": context, "cluster": {"certificate-authority-data": authority, "server": server, **proxy}}
        ],
        "users": [{"name": context, "user": {"client-certificate-data": certificate, "client-key-data": key}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
        "preferences": {},
    }
    return Kubeconfig(yaml.safe_dump(rewritten, sort_keys=False, width=2**20), _end(certificate))


def _named(document: Any, kind: str, name: str, inner: str) -> Mapping[str, Any]:
    entries = document.get(kind) if isinstance(document, Mapping) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("name") == name and isinstance(entry.get(inner), Mapping):
            found: Mapping[str, Any] = entry[inner]
            return found
    message = f"the kubeconfig has no {inner} of the name that its current context says"
    raise UnreadableKubeconfigError(message)


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, Mapping) else None
    if not isinstance(value, str) or not value:
        message = f"the kubeconfig has no {name}"
        raise UnreadableKubeconfigError(message)
    return value


def _end(certificate: str) -> datetime:
    from cryptography import x509  # noqa: PLC0415 - a tenth of a second that a preview without changes does not pay

    try:
        return x509.load_pem_x509_certificate(base64.b64decode(certificate, validate=True)).not_valid_after_utc
    except (ValueError, binascii.Error):
        message = "the kubeconfig's client certificate cannot be read"
        raise UnreadableKubeconfigError(message) from None
