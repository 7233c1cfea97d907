"""``lock``: digests of images, as their registry gives them; nothing is invented."""

import os
import re
from pathlib import Path

import httpx

from ops.results import LockResult

REGISTRY = "https://registry-1.docker.io"
"""Where images without a host in their name come from (OCI Distribution Specification 1.1)."""

_MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
_ENTRY = re.compile(r"^(?P<indent> +)(?P<reference>[^\s#]+:[^\s:]+): null$", re.MULTILINE)


class LockError(RuntimeError):
    """A registry does not give a digest; the message says which and why."""


def lock_images(path: Path, client: httpx.Client) -> LockResult:
    """Fill the unfilled entries of an image lock from the registry, and return which could not be.

    Args:
        path: the lock file; its comments and filled entries stay as they are.
        client: speaks to the registry; ``DOCKERHUB_USERNAME`` and ``DOCKER_TOKEN`` of the environment open private
            repositories.
    """
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    errors: list[str] = []
    for reference in (match["reference"] for match in _ENTRY.finditer(text)):
        try:
            found[reference] = _digest(client, *reference.rsplit(":", 1))
        except (LockError, httpx.HTTPError) as error:
            errors.append(f"{reference}: {error}")

    def filled(match: re.Match[str]) -> str:
        digest = found.get(match["reference"])
        return f"{match['indent']}{match['reference']}: {digest}" if digest else match[0]

    path.write_text(_ENTRY.sub(filled, text), encoding="utf-8")
    return LockResult(stack="", filled=found, errors=tuple(errors))


def _digest(client: httpx.Client, repository: str, tag: str) -> str:
    path = f"/v2/{repository}/manifests/{tag}"
    answer = client.head(path, headers={"Accept": _MANIFESTS})
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        token = _token(client, answer.headers.get("WWW-Authenticate", ""))
        answer = client.head(path, headers={"Accept": _MANIFESTS, "Authorization": f"Bearer {token}"})
    digest = answer.headers.get("Docker-Content-Digest", "")
    if not answer.is_success or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        msg = f"the registry answers {answer.status_code} without a digest; push the image, or give DOCKER_TOKEN"
        raise LockError(msg)
    return str(digest)


def _token(client: httpx.Client, challenge: str) -> str:
    """Return the token that a registry's challenge asks for (Distribution token authentication)."""
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = parameters.pop("realm", "")
    if not realm:
        msg = "the registry refuses and does not say how to log in"
        raise LockError(msg)
    user, token = os.environ.get("DOCKERHUB_USERNAME"), os.environ.get("DOCKER_TOKEN")
    answer = client.get(realm, params=parameters, auth=(user, token) if user and token else None)
    answer.raise_for_status()
    return str(answer.json()["token"])
