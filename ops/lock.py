"""``lock``: digests of images, as their registry gives them; nothing is invented."""

import os
import re
from enum import StrEnum
from pathlib import Path

import httpx

from ops.results import LockResult

REGISTRY = "https://registry-1.docker.io"
"""Docker Hub, where images without a registry in their name come from (OCI Distribution Specification 1.1)."""

_MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
_ENTRY = re.compile(r"^(?P<indent> +)(?P<reference>[^\s#]+:[^\s:]+): null$", re.MULTILINE)


class Locked(StrEnum):
    """What can be locked."""

    PUBLISHED = "published"
    """Digests of images and of K3s, as their vendors publish them."""
    ADDONS = "addons"
    """What set-up renders of each add-on."""
    TOOLS = "tools"
    """The tools that the MCP servers of a stack list."""
    PRICES = "prices"
    """What Lambda Cloud's machines cost, as its API tells it."""


class LockError(RuntimeError):
    """A registry does not give a digest; the message says which and why."""


def lock_images(path: Path, client: httpx.Client) -> LockResult:
    """Fill the unfilled entries of an image lock from the registry, and return which could not be.

    Args:
        path: the lock file; its comments and filled entries stay as they are.
        client: speaks to registries, and to Docker Hub for names without one; ``DOCKERHUB_USERNAME`` and
            ``DOCKER_TOKEN`` of the environment open private repositories there.
    """
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    errors: list[str] = []
    for reference in (match["reference"] for match in _ENTRY.finditer(text)):
        try:
            url, hub = _placed(client, reference)
            found[reference] = _digest(client, url, hub=hub)
        except (LockError, httpx.HTTPError) as error:
            errors.append(f"{reference}: {error}")

    def filled(match: re.Match[str]) -> str:
        digest = found.get(match["reference"])
        return f"{match['indent']}{match['reference']}: {digest}" if digest else match[0]

    path.write_text(_ENTRY.sub(filled, text), encoding="utf-8")
    return LockResult(stack="", filled=found, errors=tuple(errors))


def _placed(client: httpx.Client, reference: str) -> tuple[httpx.URL, bool]:
    """Return where a registry has an image's manifest, and whether that is Docker Hub.

    A name's first part is a registry when it has a dot or a port (distribution/reference, familiar names).
    """
    name, _, tag = reference.rpartition(":")
    host, _, rest = name.partition("/")
    if rest and ("." in host or ":" in host):
        return httpx.URL(f"https://{host}/v2/{rest}/manifests/{tag}"), False
    return client.base_url.join(f"/v2/{name}/manifests/{tag}"), True


def _digest(client: httpx.Client, url: httpx.URL, *, hub: bool) -> str:
    answer = client.head(url, headers={"Accept": _MANIFESTS})
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        token = _token(client, answer.headers.get("WWW-Authenticate", ""), hub=hub)
        answer = client.head(url, headers={"Accept": _MANIFESTS, "Authorization": f"Bearer {token}"})
    digest = answer.headers.get("Docker-Content-Digest", "")
    if not answer.is_success or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        msg = f"the registry answers {answer.status_code} without a digest; push the image, or give DOCKER_TOKEN"
        raise LockError(msg)
    return str(digest)


def _token(client: httpx.Client, challenge: str, *, hub: bool) -> str:
    """Return the token that a registry's challenge asks for (Distribution token authentication).

    No registry but Docker Hub is shown Docker Hub's credentials.
    """
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = parameters.pop("realm", "")
    if not realm:
        msg = "the registry refuses and does not say how to log in"
        raise LockError(msg)
    user, token = os.environ.get("DOCKERHUB_USERNAME"), os.environ.get("DOCKER_TOKEN")
    answer = client.get(realm, params=parameters, auth=(user, token) if hub and user and token else None)
    answer.raise_for_status()
    return str(answer.json()["token"])
