"""The cluster's API as a kubeconfig on the host lets it be asked: nothing but Python's own library."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FIELD = re.compile(r'^[\s-]*([a-z-]+):\s*"?([^"\s]+)"?\s*$', re.MULTILINE)
SECONDS = 5.0


class NoAnswerError(Exception):
    """The API does not answer, or not as it should; its text says why, in few words."""


class Api:
    """The API behind a kubeconfig of K3s', which has one cluster and one user.

    Args:
        path: the kubeconfig.

    Raises:
        NoAnswerError: there is none yet.
    """

    def __init__(self, path: Path) -> None:
        try:
            fields = dict(FIELD.findall(path.read_text(encoding="utf-8", errors="replace")))
            self._server = urlsplit(fields["server"])
            self._context = _context(fields)
        except FileNotFoundError:
            text = f"{path} is not written yet"
            raise NoAnswerError(text) from None
        except (OSError, KeyError, ValueError) as error:
            text = f"{path} cannot be used: {type(error).__name__}"
            raise NoAnswerError(text) from None

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and body of an answer.

        Raises:
            NoAnswerError: there is none.
        """
        return request(self._server.hostname or "", self._server.port or 443, self._context, "GET", path)

    def object(self, path: str) -> dict[str, Any] | None:
        """Return an object; None where there is none.

        Raises:
            NoAnswerError: the API does not answer with one.
        """
        status, body = self.get(path)
        if status == http.client.NOT_FOUND:
            return None
        if status != http.client.OK:
            text = f"the API answers {status} to {path}"
            raise NoAnswerError(text)
        found: dict[str, Any] = json.loads(body)
        return found


def request(
    host: str,
    port: int,
    context: ssl.SSLContext,
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return the status and body of an answer.

    Raises:
        NoAnswerError: there is none.
    """
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=SECONDS)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ssl.SSLCertVerificationError as error:
        text = f"{host}:{port} is not believed: {error.verify_message} (look at the host's clock)"
        raise NoAnswerError(text) from None
    except (OSError, http.client.HTTPException) as error:
        text = f"{host}:{port} does not answer: {getattr(error, 'strerror', None) or type(error).__name__}"
        raise NoAnswerError(text) from None
    finally:
        connection.close()


def trusting(authority: Path) -> ssl.SSLContext:
    """Return what proves a server by a CA in a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(authority))
    return context


def _context(fields: dict[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_given(fields, "certificate-authority").decode())
    chain = _given(fields, "client-certificate") + b"\n" + _given(fields, "client-key")
    # The library takes files alone; this one is in memory, and gone with its descriptor.
    descriptor = os.memfd_create("client")
    try:
        os.write(descriptor, chain)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return context


def _given(fields: dict[str, str], name: str) -> bytes:
    """Return what a kubeconfig has as data or in a file."""
    data = fields.get(f"{name}-data")
    return base64.b64decode(data) if data else Path(fields[name]).read_bytes()
