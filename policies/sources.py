"""Resources from a render, from an exported state and from Kubernetes YAML; the engine's come through the servicer."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from policies.manifest_loader import ManifestLoader
from policies.reading import NOT_TOLD, tree
from policies.resources import Resource
from render import Graph

_LIST = "List"
_OPTIONS = ("protect", "retainOnDelete", "deleteBeforeReplace", "ignoreChanges", "additionalSecretOutputs", "aliases")


PROJECT: Final = "sophia"
"""The project of a render and of a stack file."""

STACK: Final = "pulumi:pulumi:Stack"
"""The engine's type of the stack itself, whose outputs are what the program exports."""

STACK_FILE: Final = "pulumi:pulumi:StackFile"
"""A name for the committed file of a stack, which rules judge as if it were a resource."""

STATE: Final = "pulumi:pulumi:State"
"""The same for what a state says of itself."""


class SourceError(ValueError):
    """What is to be judged cannot be read; the message says where and why, and shows no value."""


def of_graph(graph: Graph) -> tuple[Resource, ...]:
    """Return the resources of a render.

    Args:
        graph: the render.
    """
    root = f"urn:pulumi:{graph.stack}::{PROJECT}::{STACK}::{PROJECT}-{graph.stack}"
    return (
        Resource(root, STACK, f"{PROJECT}-{graph.stack}", {}, outputs=tree(graph.outputs)),
        *(
            Resource(
                one.urn,
                one.type,
                one.name,
                tree(one.inputs),
                options=tree({_camel(name): value for name, value in one.options.items()}),
                parent=one.parent,
                provider=explicit(one.provider),
                position=one.position,
            )
            for one in graph
        ),
    )


def of_stack_file(path: Path) -> Resource:
    """Return a stack's committed file, as a resource of a type that no program registers.

    Args:
        path: the file.

    Raises:
        SourceError: it is not YAML.
    """
    stack = path.name.split(".")[1]
    urn = f"urn:pulumi:{stack}::{PROJECT}::{STACK_FILE}::{path.name}"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        msg = f"{path.name}: it is not YAML; mend it, or restore it with `git checkout {path.name}`"
        raise SourceError(msg) from None
    options = dict.fromkeys(_OPTIONS, NOT_TOLD)
    return Resource(urn, STACK_FILE, path.name, tree(document or {}), options=options, position=f"{path.name}:1")


def _camel(name: str) -> str:
    """Return an option as the engine spells it, of a render's.

    >>> _camel("retain_on_delete")
    'retainOnDelete'
    """
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def of_export(text: str) -> tuple[Resource, ...]:
    """Return the resources of a state, as ``pulumi stack export`` prints it; what waits to be deleted is left out.

    Args:
        text: the export.

    Raises:
        SourceError: it is none.
    """
    try:
        document = json.loads(text)
        deployment = document["deployment"]
        resources = [_of_state(one) for one in deployment.get("resources") or [] if not one.get("delete")]
        stack = resources[0].urn.split(":")[2] if resources else ""
        told = {"secretsProvider": deployment.get("secrets_providers")}
        state = Resource(f"urn:pulumi:{stack}::{PROJECT}::{STATE}::{stack}", STATE, stack, tree(told), options=tree({}))
    except json.JSONDecodeError as error:
        msg = f"the state, line {error.lineno}: it is not JSON; export it again: `pulumi stack export`"
    except (AttributeError, KeyError, TypeError, RecursionError):
        msg = (
            "the state: it is not what `pulumi stack export` prints, {deployment: {resources: [...]}}; export it again"
        )
    else:
        return (state, *resources)
    raise SourceError(msg)


def _of_state(one: Mapping[str, Any]) -> Resource:
    urn = str(one["urn"])
    options = {name: one.get(name) for name in _OPTIONS}
    # States older than these options do not tell them, and an absent one is its default in the others.
    options["customTimeouts"] = one.get("customTimeouts")
    options["deleteBeforeReplace"] = one.get("deleteBeforeReplace", NOT_TOLD)
    return Resource(
        urn,
        str(one["type"]),
        urn.rpartition("::")[2],
        tree(one.get("inputs") or {}),
        options=tree(options),
        parent=str(one.get("parent") or ""),
        provider=explicit(str(one.get("provider") or "").rpartition("::")[0]),
        outputs=tree(one.get("outputs") or {}),
        position=_position(str(one.get("sourcePosition") or "")),
    )


def explicit(provider: str) -> str:
    """Return the URN of a provider; none for one that the engine makes where a program names none.

    Args:
        provider: the URN.

    >>> explicit("urn:pulumi:a::b::pulumi:providers:c::default_1_2_3")
    ''
    """
    return "" if provider.rpartition("::")[2].startswith("default") else provider


def _position(told: str) -> str:
    """Return a place in the program as the engine tells it.

    >>> _position("project:///components/k3s/cluster.py#85,4")
    'components/k3s/cluster.py:85'
    """
    path, _, place = told.removeprefix("project:///").partition("#")
    return f"{path}:{place.partition(',')[0]}" if place else path


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object of a YAML file: a document, or an item of one that is a list."""

    document: int
    """Place of the document in the file; the first is 0."""
    kind: str
    """Its kind."""
    name: str
    """Its name; one made of its place where it has none."""
    resource: Resource
    """The object as rules see it."""


def of_documents(text: str, *, file: str, stack: str) -> tuple[Resource, ...]:
    """Return the documents of a YAML file as resources; a list is one.

    Args:
        text: the file.
        file: how messages name it.
        stack: the stack that they are judged for.

    Raises:
        SourceError: it is not YAML, or a document is no Kubernetes object.
    """
    return tuple(_resource(document, f"document-{number}", file, stack) for number, document in _documents(text, file))


def of_manifests(text: str, *, file: str, stack: str) -> tuple[Manifest, ...]:
    """Return the Kubernetes objects of a YAML file, those in lists each by itself.

    Args:
        text: the file.
        file: how messages name it.
        stack: the stack that they are judged for.

    Raises:
        SourceError: it is not YAML, or a document is no Kubernetes object.
    """
    found = []
    for number, document in _documents(text, file):
        for place, one in _items(document, f"{file}, document {number}", f"document-{number}"):
            # Two documents may be equal, and findings are told apart by their URNs.
            resource = _resource(one, place, f"{file}#{place}", stack)
            found.append(Manifest(number - 1, str(one["kind"]), resource.name, resource))
    return tuple(found)


def _documents(text: str, file: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Yield the documents that are not empty, with their numbers; the first is 1."""
    number = 1
    try:
        loader = ManifestLoader(text)
        while loader.check_data():  # type: ignore[no-untyped-call]  # the C parser's is not annotated
            document = loader.get_data()
            if document is not None:
                yield number, _object(document, f"{file}, document {number}")
            number += 1
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = error.problem if error.context == ManifestLoader.REFUSED else "it is not YAML; correct the line"
        msg = f"{file}, document {number}, line {mark.line + 1 if mark else 1}: {why}"
        raise SourceError(msg) from None
    except SourceError:
        raise
    # PyYAML lets such errors through for values that do not fit an explicit or a resolved tag.
    except (yaml.YAMLError, ValueError, AttributeError, TypeError, RecursionError):
        msg = f"{file}, document {number}: a value cannot be read; put it in quotes"
        raise SourceError(msg) from None


def _object(document: Any, where: str) -> dict[Any, Any]:
    if not isinstance(document, dict):
        shown = "a list" if isinstance(document, list) else "a single value"
        msg = f"{where}: it is {shown}: a manifest is a mapping with apiVersion and kind; write `key: value` lines"
        raise SourceError(msg)
    api, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(api, str) or not isinstance(kind, str) or not api or not kind:
        msg = f"{where}: it has no apiVersion or no kind: a manifest says what it is; add it"
        raise SourceError(msg)
    return document


def _items(document: dict[Any, Any], where: str, place: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield a document, or each object in it where it is a list, with its place."""
    kind = document["kind"]
    if kind != _LIST and not (kind.endswith(_LIST) and "items" in document):
        yield place, document
        return
    items = document.get("items") or []
    if not isinstance(items, list):
        msg = f"{where}: its items are no list: write each as `- apiVersion: ...`"
        raise SourceError(msg)
    # Items of a list of one kind need not say it.
    of_kind = {} if kind == _LIST else {"apiVersion": document["apiVersion"], "kind": kind.removesuffix(_LIST)}
    for number, item in enumerate(items, 1):
        at = f"{where}, item {number}"
        one = _object(of_kind | item if isinstance(item, dict) else item, at)
        if one is document or one["kind"].endswith(_LIST):
            msg = f"{at}: it is a list in a list; write its items out"
            raise SourceError(msg)
        yield f"{place}-item-{number}", one


def _resource(document: dict[Any, Any], place: str, file: str, stack: str) -> Resource:
    api, kind = document["apiVersion"], document["kind"]
    metadata = document.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    name = str(told.get("name") or told.get("generateName") or place)
    token = f"kubernetes:{api if '/' in api else f'core/{api}'}:{kind}"
    options = dict.fromkeys(_OPTIONS, NOT_TOLD)
    return Resource(
        f"urn:pulumi:{stack}::{file}::{token}::{name}", token, name, tree(document), options=options, provider=None
    )
