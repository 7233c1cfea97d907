"""Trees into models: what does not fit becomes offences with file, field, rule and remedy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from catalog.model import Model
from catalog.offence import CatalogError, Offence
from catalog.source import Source

M = TypeVar("M", bound=Model)

Location = tuple[int | str, ...]
"""Keys and indexes that lead to a value."""

_SHOWN = 40
_REMEDIES = {
    "missing": "add it",
    "string_type": "write text, in quotes where YAML reads a number, a date, true or false",
    "string_pattern_mismatch": "write it in that form",
    "literal_error": "choose one of them",
    "enum": "choose one of them",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "int_parsing": "write a whole number",
    "too_short": "add at least one",
}


def dotted(location: Location) -> str:
    """Return a location as people write it.

    >>> dotted(("egress", 0, "ports"))
    'egress[0].ports'
    """
    text = ""
    for part in location:
        # pydantic appends a marker of its own when a mapping's key is what is wrong
        if part != "[key]":
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


@dataclass(frozen=True)
class Entries(Generic[M]):
    """The named entries of one file: those that fit their model, and the names of all."""

    valid: Mapping[str, M] = field(default_factory=dict)
    """Entries that fit."""
    names: frozenset[str] = frozenset()
    """Names of all entries, also of those that do not fit."""
    complete: bool = False
    """Whether every entry fits, and so whether totals over them mean anything."""

    def knows(self, name: str) -> bool:
        """Whether a reference to the name is good, as far as can be told when the file could not be read."""
        return name in self.names or (not self.complete and not self.names)


def entries(
    source: Source, file: str, tree: dict[str, Any] | None, *, names: TypeAdapter[str], model: type[M]
) -> Entries[M]:
    """Return the entries of a mapping by name; those that do not fit are left out and reported.

    Args:
        source: collects the offences.
        file: path of the file below the catalog folder.
        tree: the mapping; None when it could not be read.
        names: what every name is.
        model: what every entry is.
    """
    if tree is None:
        return Entries()
    before = len(source.offences)
    valid: dict[str, M] = {}
    for name, value in tree.items():

        def where(location: Location, name: str = name) -> str:
            return f"{source.label(file)}: {dotted((name, *location))}"

        try:
            names.validate_python(name)
        except ValidationError as error:
            source.offences += [_offence(detail, where, names) for detail in _details(error)]
        entry = shaped(source, model, value, where)
        if entry is not None:
            valid[name] = entry
    return Entries(valid, frozenset(tree), complete=len(source.offences) == before)


def shaped(source: Source, model: type[M], value: object, where: Callable[[Location], str]) -> M | None:
    """Return a tree as a model; None, and an offence per misfit, when it does not fit.

    Args:
        source: collects the offences.
        model: what the tree is.
        value: the tree.
        where: gives the path, for messages, of a location in the tree.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        adapter = TypeAdapter(model)
        source.offences += [_offence(detail, where, adapter) for detail in _details(error)]
        return None


def fits(adapter: TypeAdapter[Any], value: object) -> bool:
    """Whether a value is of a type."""
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def document(source: Source, file: str, model: type[M], **known: str) -> M | None:
    """Return one file as a model; None, and the offences, when it cannot be read or does not fit.

    Args:
        source: collects the offences.
        file: path of the file below the catalog folder.
        model: what it is.
        known: fields that are known without it, such as the name that is the file's own.
    """
    tree = source.mapping(file)
    if tree is None:
        return None
    return shaped(source, model, {**tree, **known}, lambda location: f"{source.label(file)}: {dotted(location)}")


def required(root: Path, file: str, model: type[M]) -> M:
    """Return one file as a model, for who needs no more of the catalog.

    Args:
        root: the catalog's folder.
        file: path of the file below it.
        model: what it is.

    Raises:
        CatalogError: it cannot be read or does not fit; with every offence.
    """
    source = Source(root)
    found = document(source, file, model)
    if found is None:
        raise CatalogError(source.offences)
    return found


def _details(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong, without pydantic's complaint that a list is too short because its items are wrong."""
    found = error.errors()
    return [
        detail
        for detail in found
        if detail["type"] != "too_short"
        or not any(other["loc"][: len(detail["loc"])] == detail["loc"] for other in found if other is not detail)
    ]


def _offence(detail: ErrorDetails, where: Callable[[Location], str], adapter: TypeAdapter[Any]) -> Offence:
    kind, location = detail["type"], detail["loc"]
    remedy = _REMEDIES.get(kind, "correct the value")
    if kind == "extra_forbidden":
        remedy = f"remove it or correct its spelling; known here: {', '.join(_known(adapter, location[:-1]))}"
    rule = detail["msg"].removeprefix("Value error, ")
    return Offence(where(location), _shown(detail), rule[:1].lower() + rule[1:], remedy)


def _shown(detail: ErrorDetails) -> str:
    """Return the value for a message; never one that could be a secret somebody pasted in."""
    value, location = detail["input"], detail["loc"]
    if detail["type"] == "missing":
        return "absent"
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    risky = detail["type"] == "extra_forbidden" or {"settings", "secrets"} & set(location)
    if risky or len(str(value)) > _SHOWN:
        return "a text" if isinstance(value, str) else "a number"
    return str(value)


def _known(adapter: TypeAdapter[Any], location: Location) -> list[str]:
    """Return the fields that a model has at a location."""
    schema = adapter.json_schema()
    definitions = schema.get("$defs", {})
    node = _resolved(schema, definitions)
    for part in location:
        child = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        node = _resolved(child or node.get("additionalProperties") or {}, definitions)
    return sorted(node.get("properties", {}))


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for option in [schema, *schema.get("anyOf", [])]:
        if "$ref" in option:
            return dict(definitions[option["$ref"].rsplit("/", 1)[-1]])
    return schema
