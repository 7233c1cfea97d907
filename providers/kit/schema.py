"""The package's schema: what the engine, the import and other languages know a provider by.

The format is Pulumi's package metaschema, ``pkg/codegen/schema/pulumi.json`` of 3.259.
"""

import inspect
import json
from functools import lru_cache
from typing import Any

from providers.kit.comparison import UNKNOWN_PROPERTIES
from providers.kit.model import LOCAL, REPLACE, SECRET, STABLE, UNREADABLE, WRITE_ONLY, Model
from providers.kit.provider import Kind, Provider
from providers.kit.shape import Property, choices, element, entry, members, shape, unwrapped

_PRIMITIVES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_SAYINGS = {
    REPLACE: "Another value replaces the resource.",
    UNREADABLE: "Cannot be read back: after an import it is unknown, and then never differs.",
    WRITE_ONLY: "Secret and never readable: outputs hold its fingerprint only.",
    LOCAL: "Only the provider uses it: a change calls no API.",
    STABLE: "Survives every update in place.",
}


@lru_cache(maxsize=8)
def schema(provider: Provider) -> str:
    """Return a provider's schema as JSON text."""
    return json.dumps(document(provider), indent=2)


def document(provider: Provider) -> dict[str, Any]:
    """Return a provider's schema as data."""
    types: dict[str, Any] = {}
    writer = _Writer(provider.name, types)
    settings = {prop.wire: writer.setting(prop) for prop in provider.settings.properties}
    required = [p.wire for p in provider.settings.properties if p.required and p.environment is None]
    resources = {kind.token: writer.resource(kind) for kind in provider.kinds.values()}
    module = {"packageName": provider.python_package, "respectSchemaVersion": True}
    return {
        "name": provider.name,
        "version": provider.version,
        "description": provider.description,
        "language": {"python": module},
        "config": {"variables": settings, "defaults": [name for name in settings if name not in required]},
        "provider": {
            "description": provider.description,
            "inputProperties": settings,
            "requiredInputs": required,
            "type": "object",
        },
        "types": dict(sorted(types.items())),
        "resources": resources,
    }


class _Writer:
    """Writes the parts of one schema, and collects the object types they refer to."""

    def __init__(self, package: str, types: dict[str, Any]) -> None:
        self._package = package
        self._types = types

    def resource(self, kind: Kind) -> dict[str, Any]:
        inputs, outputs = kind.inputs.properties, kind.outputs.properties
        properties = {prop.wire: self._echo(prop) for prop in inputs} | {p.wire: self.property(p) for p in outputs}
        properties |= {prop.fingerprints: self._echo(prop) for prop in inputs if prop.fingerprints}
        if kind.unreadable:
            about = "Inputs that nothing is known of since an import; they never differ."
            properties[UNKNOWN_PROPERTIES] = {"type": "array", "items": {"type": "string"}, "description": about}
        always = [prop.wire for prop in inputs if _always(prop)] + [prop.wire for prop in outputs if _always(prop)]
        return {
            "description": inspect.cleandoc(kind.resource.__doc__ or ""),
            "inputProperties": {prop.wire: self.input(prop) for prop in inputs},
            "requiredInputs": [prop.wire for prop in inputs if prop.required],
            "properties": properties,
            "required": always + ([UNKNOWN_PROPERTIES] if kind.unreadable else []),
        }

    def setting(self, prop: Property) -> dict[str, Any]:
        found = self._with_default(prop, self.property(prop))
        if prop.environment:
            found["description"] += f" Where it is not set, the environment variable {prop.environment} gives it."
            # A generated SDK reads such a variable in the program and records the value: never that of a secret.
            if SECRET not in prop.marks:
                found["defaultInfo"] = {"environment": [prop.environment]}
        return found

    def input(self, prop: Property) -> dict[str, Any]:
        found = self._with_default(prop, self.property(prop))
        if REPLACE in prop.marks:
            found["willReplaceOnChanges"] = True
        return found

    def property(self, prop: Property) -> dict[str, Any]:
        sayings = [saying for mark, saying in _SAYINGS.items() if mark in prop.marks]
        allowed = ", ".join(f"`{choice}`" for choice in choices(unwrapped(prop.annotation)))
        texts = [inspect.cleandoc(prop.description), f"One of {allowed}." if allowed else "", *sayings]
        found = {**self._type(prop.annotation), "description": " ".join(text for text in texts if text)}
        if prop.marks & {SECRET, WRITE_ONLY}:
            found["secret"] = True
        return found

    def _echo(self, prop: Property) -> dict[str, Any]:
        if WRITE_ONLY not in prop.marks:
            return {key: value for key, value in self.input(prop).items() if key != "default"}
        kind = {"type": "object", "additionalProperties": {"type": "string"}} if prop.keyed else {"type": "string"}
        return {**kind, "description": f"Fingerprint of what was given: {prop.description}"}

    @staticmethod
    def _with_default(prop: Property, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "default": prop.default} if isinstance(prop.default, str | bool | int | float) else found

    def _type(self, annotation: Any) -> dict[str, Any]:
        plain = unwrapped(annotation)
        union = members(plain)
        if len(union) > 1:
            return {"oneOf": [self._type(member) for member in union]}
        if (item := element(plain)) is not None:
            return {"type": "array", "items": self._type(item)}
        if (value := entry(plain)) is not None:
            return {"type": "object", "additionalProperties": self._type(value)}
        if isinstance(plain, type) and issubclass(plain, Model):
            return {"type": "object", "$ref": f"#/types/{self._object(plain)}"}
        return {"$ref": "pulumi.json#/Any"} if plain is Any else {"type": _PRIMITIVES.get(plain, "string")}

    def _object(self, model: type[Model]) -> str:
        token = f"{self._package}:index:{model.__name__}"
        if token not in self._types:
            self._types[token] = {}  # a model may hold itself
            properties = shape(model).properties
            self._types[token] = {
                "type": "object",
                "description": inspect.cleandoc(model.__doc__ or ""),
                "properties": {prop.wire: self._with_default(prop, self.property(prop)) for prop in properties},
                "required": [prop.wire for prop in properties if prop.required],
            }
        return token


def _always(prop: Property) -> bool:
    """Return whether an output is always there."""
    return not prop.unreadable and (prop.required or prop.default is not None)
