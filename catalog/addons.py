"""What every cluster gets from elsewhere: rendered by set-up from its own source, pinned by version and digest."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from catalog.model import DnsLabel, Model
from catalog.offence import CatalogError, Offence
from catalog.shape import required
from catalog.versions import Sha256

Manifest = dict[str, Any]
"""A Kubernetes object, spelt as in the API."""


class Addon(Model):
    """One add-on."""

    reason: Annotated[str, Field(min_length=8)]
    """What it is for."""
    namespace: DnsLabel | None = None
    """Namespace of its objects, which is made for it; absent where none of them is in one."""
    values: Mapping[str, Any] = {}
    """Values of its chart; empty where it has none."""


class Addons(Model):
    """The file ``catalog/addons.yaml``."""

    addons: Mapping[DnsLabel, Addon]
    """Add-ons by name, in the order in which they are brought."""


class AddonLock(Model):
    """The file ``catalog/lock/addons.yaml``."""

    bundles: Mapping[DnsLabel, Sha256]
    """Digest of what set-up renders of each add-on; `./sophia lock` writes it."""


def read_addons(root: Path = Path(__file__).parent) -> Mapping[str, Addon]:
    """Return the add-ons by name, for set-up, which comes before the rest of the catalog can be used.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: the file cannot be read.
    """
    return required(root, "addons.yaml", Addons).addons


def read_addon_lock(root: Path = Path(__file__).parent) -> AddonLock:
    """Return the digests of what is rendered of them.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: the file cannot be read.
    """
    return required(root, "lock/addons.yaml", AddonLock)


def cache_root(environment: Mapping[str, str]) -> Path:
    """Return the folder that outlives the checkout: ``$SOPHIA_CACHE``, or ``sophia`` in the user's cache folder.

    Args:
        environment: the environment variables.
    """
    if chosen := environment.get("SOPHIA_CACHE"):
        return Path(chosen).expanduser().absolute()
    home = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "sophia"


def bundle_path(cache: Path, digest: str) -> Path:
    """Return where set-up keeps what it rendered.

    Args:
        cache: the folder that outlives the checkout.
        digest: SHA-256 of the bundle.
    """
    return cache / "addons" / f"{digest}.json"


def bundle(name: str, lock: AddonLock, cache: Path | None = None) -> tuple[Manifest, ...]:
    """Return the objects of an add-on, definitions of resources first.

    Args:
        name: its name.
        lock: the digests.
        cache: the folder that outlives the checkout; the user's own by default.

    Raises:
        CatalogError: set-up has not rendered it, or what is there is something else.
    """
    digest = lock.bundles[name]
    path = bundle_path(cache or cache_root(os.environ), digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        rule = f"set-up renders add-ons, and {path} is missing"
        raise CatalogError([Offence(f"add-on {name}", digest[:12], rule, "run `./sophia setup`")]) from None
    if hashlib.sha256(content).hexdigest() != digest:
        rule = f"a bundle is what its digest says, and {path} is not"
        raise CatalogError([Offence(f"add-on {name}", digest[:12], rule, "delete it and run `./sophia setup`")])
    return tuple(json.loads(content))
