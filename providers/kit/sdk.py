"""The typed Python classes of a provider, as text: what programs import.

Names are snake_case in Python and camelCase on the wire; the Pulumi SDK translates by the annotations of these classes,
nested ones too, so that what is unknown or secret inside an object stays so by itself.
"""

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from providers.kit.comparison import UNKNOWN_PROPERTIES
from providers.kit.model import SECRET, WRITE_ONLY, Model
from providers.kit.provider import Kind, Provider
from providers.kit.shape import Property, element, entry, members, shape, unwrapped

_WIDTH: Final = 116
_LONGEST: Final = 120
_PRIMITIVES: Final = {str: "str", bool: "bool", int: "int", float: "float", Any: "Any"}


def source(provider: Provider) -> str:
    """Return the text of the module that programs import.

    Args:
        provider: the provider.
    """
    nested: dict[str, type[Model]] = {}
    for kind in provider.kinds.values():
        for prop in (*kind.inputs.properties, *kind.outputs.properties):
            _collect(prop.annotation, nested)
    blocks = [block for model in nested.values() for block in _object(model)]
    blocks += [block for kind in provider.kinds.values() for block in _resource(kind)]
    blocks.append("\n".join(_provider(provider)))
    body = "\n\n\n".join(blocks)
    return f"{_head(provider, body)}\n\n\n{body}\n"


def _head(provider: Provider, body: str) -> str:
    about = f"Typed classes of the {provider.name} provider, generated from its models by ``providers.kit.sdk``."
    abstract = [name for name in ("Mapping", "Sequence") if f"{name}[" in body]
    typing = [name for name in ("Any", "NotRequired", "TypedDict") if re.search(rf"\b{name}\b", body)]
    imports = [f"from collections.abc import {', '.join(abstract)}"] if abstract else []
    imports += [f"from typing import {', '.join(typing)}"] if typing else []
    return "\n".join([f'"""{about}"""', "", *imports, *([""] if imports else []), "import pulumi"])


def _collect(annotation: Any, found: dict[str, type[Model]], above: tuple[type[Model], ...] = ()) -> None:
    """Find the models a type refers to, those that others refer to first; a model may hold itself."""
    plain = unwrapped(annotation)
    for inner in (element(plain), entry(plain)):
        if inner is not None:
            _collect(inner, found, above)
    if len(members(plain)) == 1 and _is_model(plain) and plain not in (*found.values(), *above):
        for prop in shape(plain).properties:
            _collect(prop.annotation, found, (*above, plain))
        found[plain.__name__] = plain


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _object(model: type[Model]) -> Iterator[str]:
    """Give the classes of an object: what programs write, what translates it, what they read."""
    name, properties = model.__name__, shape(model).properties
    about = inspect.cleandoc(model.__doc__ or name)
    lines = [f"class {name}Args(TypedDict):", *_docstring(about, 4)]
    for prop in properties:
        written = f"pulumi.Input[{_type(prop.annotation, given=True)}]"
        written = _later(name, written if prop.required else f"NotRequired[{written}]")
        lines += ["", f"    {prop.name}: {written}"]
        lines += _docstring(prop.description, 4)
    yield "\n".join(lines)
    lines = ["@pulumi.input_type", f"class _{name}Args:"]
    lines += [_field(prop, _later(name, _translated(prop))) for prop in properties]
    yield "\n".join(lines)
    lines = ["@pulumi.output_type", f"class {name}:", *_docstring(about, 4)]
    for prop in properties:
        kind = _type(prop.annotation, given=False)
        kind = _later(name, kind if _always(prop) else f"{kind} | None")
        lines += ["", _field(prop, kind), *_docstring(prop.description, 4)]
    yield "\n".join(lines)


def _later(name: str, annotation: str) -> str:
    """Return a type as text where it names the class that it stands in, which is not there yet."""
    return f'"{annotation}"' if re.search(rf"\b_?{name}(Args)?\b", annotation) else annotation


def _resource(kind: Kind) -> Iterator[str]:
    lines = ["@pulumi.input_type", f"class _{kind.name}Args:"]
    lines += [_field(prop, _translated(prop)) for prop in kind.inputs.properties] or ["    pass"]
    yield "\n".join(lines)
    yield "\n".join([*_attributes(kind), "", *_constructor(kind)])


def _attributes(kind: Kind) -> Iterator[str]:
    yield f"class {kind.name}(pulumi.CustomResource):"
    yield from _docstring(inspect.cleandoc(kind.resource.__doc__ or kind.name), 4)
    for prop in (*kind.inputs.properties, *kind.outputs.properties):
        fingerprint = "Mapping[str, str]" if prop.keyed else "str"
        written = fingerprint if WRITE_ONLY in prop.marks else _type(prop.annotation, given=False)
        about = f"Fingerprint of what was given: {prop.description}" if WRITE_ONLY in prop.marks else prop.description
        yield ""
        yield _field(prop, f"pulumi.Output[{written if _always(prop) else f'{written} | None'}]")
        yield from _docstring(about, 4)
    for prop in kind.inputs.properties:
        if prop.fingerprints:
            yield ""
            written = "pulumi.Output[Mapping[str, str] | None]"
            yield _renamed(f"{prop.name}_fingerprints: {written}", prop.fingerprints)
            yield from _docstring(f"Fingerprints of what was given, in the open: {prop.description}", 4)
    if kind.unreadable:
        yield ""
        yield f'    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("{UNKNOWN_PROPERTIES}")'
        yield from _docstring("Inputs that nothing is known of since an import; they never differ.", 4)


def _constructor(kind: Kind) -> Iterator[str]:
    properties = sorted(kind.inputs.properties, key=lambda prop: not prop.required)
    yield from _signature(properties)
    yield from _arguments("Register it with the engine.", properties)
    yield f"        args = _{kind.name}Args.__new__(_{kind.name}Args)"
    yield "        args.__dict__.update("
    for prop in properties:
        yield f"            {prop.name}={_given(prop)},"
    for prop in kind.outputs.properties:
        yield f"            {prop.name}=None,"
    for prop in kind.inputs.properties:
        if prop.fingerprints:
            yield f"            {prop.name}_fingerprints=None,"
    if kind.unreadable:
        yield "            unknown_properties=None,"
    yield "        )"
    secrets = [prop.name for prop in (*kind.inputs.properties, *kind.outputs.properties) if _sealed(prop)]
    if secrets or kind.resource.delete_before_replace:
        yield "        sealed = pulumi.ResourceOptions("
        if secrets:
            yield "            additional_secret_outputs=["
            yield from (f'                "{name}",' for name in secrets)
            yield "            ],"
        if kind.resource.delete_before_replace:
            # The engine replaces by name without asking the provider, and would make the new one first.
            yield "            delete_before_replace=True,"
        yield "        )"
        yield "        opts = pulumi.ResourceOptions.merge(opts, sealed)"
    # The SDK takes the instance for the mapping its signature names.
    yield "        props: Any = args"
    yield f'        super().__init__("{kind.token}", resource_name, props, opts)'


def _provider(provider: Provider) -> Iterator[str]:
    properties = provider.settings.properties
    yield "class Provider(pulumi.ProviderResource):"
    yield from _docstring(f"Configuration of the {provider.name} provider, for resources that name it.", 4)
    yield ""
    yield from _signature(properties, optional=True)
    yield from _arguments("Register it with the engine.", properties)
    yield "        props: dict[str, Any] = {"
    for prop in properties:
        text = unwrapped(prop.annotation) in {bool, int, float} or _structured(prop)
        yield f'            "{prop.wire}": {_given(prop, json=text)},'
    yield "        }"
    yield f'        super().__init__("{provider.name}", resource_name, props, opts)'


def _structured(prop: Property) -> bool:
    plain = unwrapped(prop.annotation)
    return element(plain) is not None or entry(plain) is not None or _is_model(plain)


def _signature(properties: Sequence[Property], *, optional: bool = False) -> Iterator[str]:
    yield "    def __init__("
    yield "        self,"
    yield "        resource_name: str,"
    yield "        *,"
    for prop in properties:
        written = f"pulumi.Input[{_type(prop.annotation, given=True)}]"
        default = "" if prop.required and not optional else " | None = None"
        yield f"        {prop.name}: {written}{default},"
    yield "        opts: pulumi.ResourceOptions | None = None,"
    yield "    ) -> None:"


def _arguments(about: str, properties: Iterable[Property]) -> Iterator[str]:
    yield f'        """{about}'
    yield ""
    yield "        Args:"
    texts = {"resource_name": "its logical name."}
    texts |= {prop.name: prop.description for prop in properties} | {"opts": "options of the resource."}
    for name, text in texts.items():
        indent = " " * 16
        plain = " ".join(text.split()).replace("\\", "\\\\")
        yield textwrap.fill(f"{name}: {plain}", _WIDTH, initial_indent=" " * 12, subsequent_indent=indent)
    yield '        """'


def _given(prop: Property, *, json: bool = False) -> str:
    """Return the expression that passes an argument on."""
    value = f"pulumi.Output.json_dumps({prop.name})" if json else prop.name
    if prop.marks & {SECRET, WRITE_ONLY}:
        value = f"pulumi.Output.secret({value})"
    return value if value == prop.name else f"None if {prop.name} is None else {value}"


def _always(prop: Property) -> bool:
    """Return whether an output is always there."""
    return not prop.unreadable and (prop.required or prop.default is not None)


def _sealed(prop: Property) -> bool:
    """Return whether all of an output is secret; what is secret inside one, the provider marks itself."""
    return SECRET in prop.marks


def _field(prop: Property, annotation: str) -> str:
    declared = f"{prop.name}: {annotation}"
    return f"    {declared}" if prop.wire == prop.name else _renamed(declared, prop.wire)


def _renamed(declared: str, wire: str) -> str:
    """Return a field that has another name on the wire, divided as the formatter does where it is long."""
    line = f'    {declared} = pulumi.property("{wire}")'
    return line if len(line) <= _LONGEST else f'    {declared} = pulumi.property(\n        "{wire}"\n    )'


def _translated(prop: Property) -> str:
    """Return the type by which the SDK translates the names within an input."""
    return f"pulumi.Input[{_type(prop.annotation, given=True, private=True)}]"


def _type(annotation: Any, *, given: bool, private: bool = False) -> str:
    plain = unwrapped(annotation)
    wrap = "pulumi.Input[{}]" if given else "{}"
    if (item := element(plain)) is not None:
        return f"Sequence[{wrap.format(_type(item, given=given, private=private))}]"
    if (value := entry(plain)) is not None:
        return f"Mapping[str, {wrap.format(_type(value, given=given, private=private))}]"
    if len(members(plain)) > 1:
        return "Any"
    if _is_model(plain):
        return f"{'_' if private else ''}{plain.__name__}{'Args' if given else ''}"
    return _PRIMITIVES.get(plain, "str")


def _docstring(text: str, indent: int) -> list[str]:
    """Return the lines of a docstring, wrapped paragraph by paragraph."""
    margin = " " * indent
    paragraphs = [" ".join(part.split()) for part in text.strip().split("\n\n")] if text.strip() else []
    if not paragraphs:
        return []
    wrapped = [textwrap.fill(part, _WIDTH - indent) for part in paragraphs]
    body = textwrap.indent("\n\n".join(wrapped), margin).strip()
    prefix = "r" if "\\" in body else ""
    closing = '"""' if "\n" not in body else f'\n{margin}"""'
    return [f'{margin}{prefix}"""{body}{closing}']
