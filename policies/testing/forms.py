"""What the sources other than the engine make of a resource: a render, an exported state, a manifest."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from policies.resources import Resource
from policies.sources import STACK, of_documents, of_export, of_graph
from policies.testing.analyzer import Secret, Unknown, wire
from policies.testing.cases import Given
from render import Graph
from render.graph import SECRET, UNKNOWN
from render.graph import Resource as Rendered

_NAMES = {
    "additionalSecretOutputs": "additional_secret_outputs",  # pragma: allowlist secret
    "customTimeouts": "custom_timeouts",
    "deleteBeforeReplace": "delete_before_replace",
    "ignoreChanges": "ignore_changes",
    "retainOnDelete": "retain_on_delete",
}


def rendered(given: Sequence[Given], stack: str) -> tuple[Resource, ...]:
    """Return resources as a render has them: secrets are hidden.

    Args:
        given: the resources.
        stack: name of the stack.
    """
    made = [
        Rendered(
            urn=_urn(one, stack),
            type=one.token,
            name=one.name,
            custom=True,
            inputs=_hidden(one.inputs),
            options={_NAMES.get(name, name): value for name, value in (one.options or {}).items()},
            provider=one.provider,
            parent=one.parent,
        )
        for one in given
        if one.token != STACK
    ]
    outputs = {name: value for one in given if one.token == STACK for name, value in (one.outputs or {}).items()}
    return of_graph(Graph(stack, {one.urn: one for one in made}, _hidden(outputs)))


def exported(given: Sequence[Given], stack: str, *, shown: bool = False) -> tuple[Resource, ...]:
    """Return resources as an exported state has them.

    Args:
        given: the resources.
        stack: name of the stack.
        shown: whether secrets are, as with --show-secrets.
    """
    resources = [
        {"urn": _urn(one, stack), "type": one.token, "custom": True, "inputs": _sealed(one.inputs, shown=shown)}
        | {"provider": one.provider and f"{one.provider}::1", "parent": one.parent}
        | ({} if one.outputs is None else {"outputs": _sealed(one.outputs, shown=shown)})
        | dict(one.options or {})
        for one in given
    ]
    document = {"secrets_providers": {"type": "service"}, "resources": resources}
    return of_export(json.dumps({"version": 3, "deployment": document}))


def manifests(given: Sequence[Given], stack: str) -> tuple[Resource, ...]:
    """Return Kubernetes objects as a YAML file has them, which knows neither secrets nor unknown values.

    Args:
        given: the resources.
        stack: name of the stack.
    """
    documents = []
    for one in given:
        _, api, kind = one.token.split(":")
        documents.append({"apiVersion": api.removeprefix("core/"), "kind": kind, **one.inputs})
    return of_documents(yaml.safe_dump_all(documents), file="manifests.yaml", stack=stack)


def is_plain(value: Any) -> bool:
    """Return whether a value has neither secrets nor unknown ones in it."""
    if isinstance(value, Mapping):
        return all(is_plain(child) for child in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(child) for child in value)
    return not isinstance(value, Secret | Unknown)


def _urn(one: Given, stack: str) -> str:
    return f"urn:pulumi:{stack}::sample::{one.token}::{one.name}"


def _hidden(value: Any) -> Any:
    if isinstance(value, Secret):
        return SECRET
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _hidden(child) for key, child in value.items()}
    return [_hidden(child) for child in value] if isinstance(value, list | tuple) else value


def _sealed(value: Any, *, shown: bool) -> Any:
    if isinstance(value, Secret):
        mark = wire(Secret(None))
        del mark["value"]
        plain = json.dumps(_sealed(value.value, shown=shown))
        return mark | ({"plaintext": plain} if shown else {"ciphertext": "AAAA"})
    if isinstance(value, Mapping):
        return {key: _sealed(child, shown=shown) for key, child in value.items()}
    return [_sealed(child, shown=shown) for child in value] if isinstance(value, list | tuple) else wire(value)
