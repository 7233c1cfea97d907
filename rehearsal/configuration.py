"""What Pulumi ESC gives to a stack in its rehearsal: the committed definitions, with fake secrets and what is here."""

import functools
import hashlib
import hmac
import json
import platform
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from catalog.secret import CI_KEY, SECRET_FUNCTION, SECRETS_SUFFIX, SHARED_ENVIRONMENT
from rehearsal import access
from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder
from rehearsal.pulumi_cloud.cipher import key_of
from rehearsal.pulumi_cloud.environments import DATABASE, ORGANISATION, Environments, Tag

_HIDDEN = "rehearsal"
"""The part of a definition with what opens the rehearsal's own parts and is no secret of the catalog."""
_INPUTS = "inputs"
"""The tag that tells what an environment was made of."""


def declare(
    folder: Folder,
    definitions: Path,
    *,
    given: Mapping[str, str],
    variables: Mapping[str, str],
    hidden: Mapping[str, str] | None = None,
    choices: Mapping[str, Any],
) -> None:
    """Make the environments of a stack be there, as they are committed.

    A secret has the value that it has there already, else one that is drawn once; so a second run changes nothing, and
    what somebody changed by hand or rotated stays.

    Args:
        folder: the rehearsal.
        definitions: the folder of the committed ones.
        given: values that are known here, by the secret's name.
        variables: what providers are told to reach the rehearsal's own parts.
        hidden: the same of which nobody may see the value.
        choices: what is chosen for the stack beside its committed file, by key of the configuration.

    Raises:
        RehearsalError: a definition is lacking, or it is refused.
    """
    kept = _environments(folder)
    stack = f"{PROJECT}/{folder.stack}"
    plain = {
        name: _read(definitions / f"{name.partition('/')[2]}.yaml")
        for name in (f"{PROJECT}/{SHARED_ENVIRONMENT}", stack)
    }
    committed = _read(definitions / f"{folder.stack}{SECRETS_SUFFIX}.yaml")
    known, told = dict(given), dict(choices)
    if f" {CI_KEY}:" in committed:
        known[CI_KEY] = secret(folder, CI_KEY) or access.private_key()
        told |= access.choices(folder, known[CI_KEY])
    overlay = {"pulumiConfig": {f"{PROJECT}:{key}": value for key, value in told.items()}}
    # Where variables stand, the SDK of Pulumi ESC reads nothing but texts.
    overlay[_HIDDEN] = {name: {SECRET_FUNCTION: value} for name, value in (hidden or {}).items()}
    referred = {name: f"${{{_HIDDEN}.{name}}}" for name in hidden or ()}
    overlay["environmentVariables"] = {**variables, **referred}
    inputs = json.dumps([committed, overlay, known], sort_keys=True, default=str)
    name, key = f"{stack}{SECRETS_SUFFIX}", key_of(folder.state / DATABASE)
    if (fingerprint := hmac.new(key, inputs.encode(), hashlib.sha256).hexdigest()) != _made_of(kept, name):
        _put(kept, name, _filled(committed, overlay, known, _document(folder)), fingerprint)
    for one, text in plain.items():
        if (fingerprint := hashlib.sha256(text.encode()).hexdigest()) != _made_of(kept, one):
            _put(kept, one, text, fingerprint)


def declared(folder: Folder) -> bool:
    """Return whether the environment of a stack is there."""
    return (folder.state / DATABASE).exists() and f"{PROJECT}/{folder.stack}" in _environments(folder).names()


def secret(folder: Folder, name: str) -> str | None:
    """Return one of a stack's secrets by its canonical name; nothing before it was drawn."""
    return _secrets_in(_document(folder)).get(name)


def chosen(folder: Folder) -> Mapping[str, Any]:
    """Return what is chosen for a stack beside its committed file, by key; nothing before it was declared."""
    if not declared(folder):
        return {}
    document = yaml.safe_load(_environments(folder).revision(f"{PROJECT}/{folder.stack}{SECRETS_SUFFIX}").document)
    return {key.partition(":")[2]: value for key, value in document["values"]["pulumiConfig"].items()}


def forget(folder: Folder) -> None:
    """Make the environments of a stack be gone."""
    if not (folder.state / DATABASE).exists():
        return
    kept = _environments(folder)
    for name in (f"{PROJECT}/{folder.stack}", f"{PROJECT}/{folder.stack}{SECRETS_SUFFIX}"):
        if name in kept.names():
            kept.remove(name)


def artefacts(digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the choice of K3s' programs: every machine is of this computer's architecture, whatever it stands for.

    Args:
        digests: of what stands in for each release of K3s.
    """
    architecture = {"aarch64": "arm64", "x86_64": "amd64"}.get(platform.machine(), platform.machine())
    found = {release: {architecture: digest} for release, digest in digests.items()}
    return {"k3s_artefacts": found} if found else {}


def _environments(folder: Folder) -> Environments:
    return Environments(folder.state / DATABASE, folder.account.evaluator, ORGANISATION)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror}); choose a stack whose environment is defined there"
        raise RehearsalError(message) from None


def _made_of(kept: Environments, name: str) -> str | None:
    tag = _inputs(kept, name) if name in kept.names() else None
    return tag.value if tag else None


def _inputs(kept: Environments, name: str) -> Tag | None:
    return next((tag for tag in kept.tags(name, of_revisions=False) if tag.name == _INPUTS), None)


def _put(kept: Environments, name: str, text: str, fingerprint: str) -> None:
    if name not in kept.names():
        kept.create(name)
    kept.update(name, text)
    if tag := _inputs(kept, name):
        kept.change(name, tag, _INPUTS, fingerprint, of_revisions=False)
    else:
        kept.attach(name, _INPUTS, fingerprint, of_revisions=False)


def _filled(committed: str, overlay: Mapping[str, Any], given: Mapping[str, str], held: Mapping[str, Any]) -> str:
    """Return a definition of secrets with a value for each name, and with whatever else stood there."""
    document: dict[str, Any] = yaml.safe_load(committed)
    known = _secrets_in(held)
    for group in document["values"][PROJECT].values():
        for name in group:
            # The prefix lets anyone who meets such a value know that it opens nothing.
            value = given.get(name) or known.get(name) or f"rehearsal-{secrets.token_hex(20)}"
            group[name] = {SECRET_FUNCTION: value}
    document["values"] = {**held.get("values", {}), **document["values"], **overlay}
    return yaml.safe_dump(document, sort_keys=False)


def _document(folder: Folder) -> Mapping[str, Any]:
    """Return the definition of a stack's secrets with their values; nothing before there is one."""
    name = f"{PROJECT}/{folder.stack}{SECRETS_SUFFIX}"
    if not (folder.state / DATABASE).exists():
        return {}
    kept = _environments(folder)
    return _unsealed(folder, name, kept.revision(name).number) if name in kept.names() else {}


@functools.lru_cache(maxsize=16)
def _unsealed(folder: Folder, name: str, number: int) -> Mapping[str, Any]:
    kept = _environments(folder)
    document: Mapping[str, Any] = yaml.safe_load(kept.unsealed(kept.revision(name, str(number)))) or {}
    return document


def _secrets_in(document: Mapping[str, Any]) -> Mapping[str, str]:
    groups = document.get("values", {}).get(PROJECT, {}).values()
    return {secret: value[SECRET_FUNCTION] for group in groups for secret, value in group.items()}
