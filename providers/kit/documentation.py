"""The reference page of a provider, as Markdown from its schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.alias_generators import to_snake

from providers.kit.provider import Provider
from providers.kit.schema import document

_EXAMPLES: Final = {"string": '"..."', "integer": "1", "number": "1.0", "boolean": "True", "array": "[...]"}


def markdown(provider: Provider) -> str:
    """Return the reference page of a provider: configuration, then each kind of resource.

    Args:
        provider: the provider.
    """
    schema = document(provider)
    lines = [f"# {provider.name}", "", provider.description, ""]
    lines += [f"Version {provider.version}. Generated from the models; names are as programs in Python write them.", ""]
    lines += ["## Configuration", ""]
    lines += [f"Set with `pulumi config set {provider.name}:NAME`, secret values with `--secret`.", ""]
    lines += _table("configuration", schema["config"]["variables"], schema["provider"]["requiredInputs"], snake=False)
    for token, resource in schema["resources"].items():
        lines += _resource(token, resource, provider.python_package)
    if schema["types"]:
        lines += ["## Objects", ""]
    for token, kind in schema["types"].items():
        lines += [f"### {token.rpartition(':')[2]}", "", kind["description"], ""]
        lines += _table("field", kind["properties"], kind["required"])
    return "\n".join(lines).rstrip() + "\n"


def _resource(token: str, resource: Mapping[str, Any], package: str) -> Iterator[str]:
    name = token.rpartition(":")[2]
    inputs, required = resource["inputProperties"], resource["requiredInputs"]
    yield from (f"## {name}", "", f"`{token}`", "", resource["description"], "")
    yield from ("```python", f"from {package} import {name}", "", f"{name}(", '    "example",')
    yield from (f"    {to_snake(key)}={_example(inputs[key])}," for key in required)
    yield from (")", "```", "")
    yield from ("Inputs, which are outputs too:", "")
    yield from _table("input", inputs, required)
    outputs = {key: value for key, value in resource["properties"].items() if key not in inputs}
    if outputs:
        yield from ("Outputs:", "")
        yield from _table("output", outputs, resource["required"])
    yield from (f"Import: `pulumi import {token} NAME ID`.", "")


def _table(title: str, properties: Mapping[str, Any], required: list[str], *, snake: bool = True) -> Iterator[str]:
    yield f"| {title} | type | always there | what |"
    yield "| --- | --- | --- | --- |"
    for key, value in properties.items():
        always = "yes" if key in required else f"default `{value['default']}`" if "default" in value else "no"
        hidden = "Secret. " if value.get("secret") else ""
        what = re.sub(r"\s+", " ", hidden + value.get("description", "")).strip().replace("|", "\\|")
        yield f"| `{to_snake(key) if snake else key}` | {_type(value)} | {always} | {what} |"
    yield ""


def _type(spec: Mapping[str, Any]) -> str:
    if "oneOf" in spec:
        return " or ".join(_type(one) for one in spec["oneOf"])
    if "$ref" in spec:
        name = spec["$ref"].rpartition(":")[2]
        return f"[{name}](#{name.lower()})" if spec["$ref"].startswith("#") else "any"
    if spec["type"] == "array":
        return f"list of {_type(spec['items'])}"
    if "additionalProperties" in spec:
        return f"map of {_type(spec['additionalProperties'])}"
    return str(spec["type"])


def _example(spec: Mapping[str, Any]) -> str:
    return _EXAMPLES.get(spec.get("type", ""), "{...}") if "oneOf" not in spec else "{...}"
