"""JSON Schemas of the catalog's files, for editors; `python -m catalog.schema` writes them to ``catalog/schema/``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from catalog.access import Access
from catalog.account import Account
from catalog.addons import AddonLock, Addons
from catalog.backups import Backups
from catalog.collection import Collection, Weaviate
from catalog.defaults import Defaults
from catalog.drift_classes import DriftClasses
from catalog.firewall import Firewall
from catalog.gateway import Gateway
from catalog.hosts import HostBaseline
from catalog.ignores import DriftIgnores
from catalog.image_lock import ImageLock
from catalog.k3s import K3s, K3sLock
from catalog.limits import Limits
from catalog.machine import InstanceType, InstanceTypeName, Machine, PriceBook
from catalog.model import DnsLabel
from catalog.object_storage import ObjectStorage
from catalog.policy import Policy
from catalog.secret import SecretsFile
from catalog.site import Sites
from catalog.versions import ToolLock, Versions
from catalog.workload import Workload
from catalog.zone import Zone

FOLDER = Path(__file__).parent / "schema"
"""Where the schemas are committed."""

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12."""


def schemas() -> dict[str, Schema]:
    """Return the schema of every kind of file, by the name of the schema's own file."""
    models: dict[str, Any] = {
        "access": Access,
        "account": Account,
        "addon-lock": AddonLock,
        "addons": Addons,
        "backups": Backups,
        "drift-classes": DriftClasses,
        "drift-ignores": DriftIgnores,
        "firewall": Firewall,
        "gateway": Gateway,
        "hosts": HostBaseline,
        "image-lock": ImageLock,
        "k3s": K3s,
        "k3s-lock": K3sLock,
        "instance-types": Mapping[InstanceTypeName, InstanceType],
        "limits": Limits,
        "machines": Mapping[DnsLabel, Machine],
        "object-storage": ObjectStorage,
        "policy": Policy,
        "price-book": PriceBook,
        "secrets": SecretsFile,
        "sites": Sites,
        "tool-lock": ToolLock,
        "versions": Versions,
        "weaviate": Weaviate,
        "zone": Zone,
    }
    generated = {name: TypeAdapter(model).json_schema() for name, model in models.items()}
    generated |= {"mcp-server": _server(), "mcp-defaults": _defaults(), "collection": _collection()}
    return {name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **generated[name]} for name in generated}


def text(schema: Schema) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _collection() -> Schema:
    """Return the schema of a collection's file, which does not repeat the name that it has."""
    schema = Collection.model_json_schema()
    del schema["properties"]["name"]
    schema["required"].remove("name")
    return schema


def _deviations() -> Schema:
    """Return the schema of some of the fields of an MCP server; only the items of lists are whole."""
    schema = Workload.model_json_schema()
    definitions = schema["$defs"]
    pending, partial = [schema], set[str]()
    while pending:
        node = pending.pop()
        node.pop("required", None)
        for name in {*_references(node.get("properties", {}))} - partial:
            partial.add(name)
            pending.append(definitions[name])
    properties = schema["properties"]
    del properties["name"]
    properties["port"] = {"$ref": "#/$defs/Port", "description": "The port, when there is one only; its name is mcp."}
    # The defaults write {name} where each server's own name stands in the end.
    definitions["Image"]["properties"]["repository"]["pattern"] = r"^[a-z0-9]([a-z0-9._/-]|\{name\})*$"
    definitions["Exposure"]["properties"]["path"]["pattern"] = r"^/([a-z0-9/.-]|\{name\})+$"
    definitions["Port"] = definitions["ServicePort"]["properties"]["port"]
    return schema


def _server() -> Schema:
    stated = {"required": ["title", "description", "tier"], "anyOf": [{"required": ["port"]}, {"required": ["ports"]}]}
    return _deviations() | stated | {"title": "McpServer", "description": "One MCP server, by its deviations."}


def _defaults() -> Schema:
    schema, deviations = Defaults.model_json_schema(), _deviations()
    definitions = deviations.pop("$defs")
    reference = {"$ref": "#/$defs/Workload"}
    schema["$defs"] = schema.get("$defs", {}) | definitions | {"Workload": deviations}
    schema["properties"]["workload"] = reference | {"description": "What every server is."}
    schema["properties"]["tiers"]["additionalProperties"] = reference
    return schema


def _references(node: Any) -> set[str]:
    """Return the definitions that a part of a schema refers to, but for those of the items of lists."""
    if isinstance(node, dict):
        own = {node["$ref"].rsplit("/", 1)[-1]} if "$ref" in node else set[str]()
        return own.union(*(_references(child) for key, child in node.items() if key != "items"))
    return set[str]().union(*(_references(child) for child in node)) if isinstance(node, list) else set()


def main() -> None:
    """Write every schema to its file."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(text(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
