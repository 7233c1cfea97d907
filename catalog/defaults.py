"""What every workload of a folder is unless its file says otherwise, and how the layers become one workload."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.model import DnsLabel, EnvName, Model
from catalog.shape import Location, dotted
from catalog.workload import Port, Tier

FILE = "_defaults.yaml"
"""The file of the defaults in a folder of workloads."""

_OF_ITS_NAME = {"image": ("repository",), "expose": ("path",), "mcp": ("identity", "name")}
"""Texts in which ``{name}`` stands for the server's name."""

Partial = dict[str, Any]
"""Some of the fields of a workload, checked when they are merged into a whole one."""


class Defaults(Model):
    """The file ``_defaults.yaml`` of ``catalog/mcp/``, ``central/``, ``data/`` or ``web/``."""

    workload: Partial
    """What every workload of the folder is."""
    tiers: Mapping[Tier, Partial]
    """What every server of a tier is, over ``workload``."""
    reserved_env: tuple[EnvName, ...] = ()
    """Environment variables that are set for every server and that no file may state."""
    expected_workloads: Mapping[DnsLabel, str] = {}
    """Workloads that may be named before they are in the catalog, each with what it does."""
    retired_ports: Mapping[Port, str] = {}
    """Ports that no server may use, each with the reason."""
    stale_ports: Mapping[DnsLabel, tuple[Port, ...]] = {}
    """Ports that older lists give a server and that it may not use."""


@dataclass(frozen=True)
class Layers:
    """The layers of one server, the most specific first, each with the path that messages name it by."""

    layers: tuple[tuple[str, Mapping[str, Any]], ...]

    def where(self, location: Location) -> str:
        """Return file and field of the layer that states a value; the server's own file when none does."""
        stated = self.layers[0][1]
        if location[:1] == ("ports",) and "ports" not in stated and "port" in stated:
            location = ("port",)
        prefix = next((prefix for prefix, layer in self.layers if _states(layer, location)), self.layers[0][0])
        return f"{prefix}{dotted(location)}"

    def merged(self, name: str) -> dict[str, Any]:
        """Return the whole workload: mappings merged key by key, scalars and lists of the upper layer.

        Args:
            name: the server's name.
        """
        whole: dict[str, Any] = {}
        for _, layer in reversed(self.layers):
            whole = _over(whole, layer)
        if "port" in whole:
            whole["ports"] = [{"name": "mcp", "port": whole.pop("port")}]
        return {**_named(whole, name), "name": name}


def layers(label: str, stated: Mapping[str, Any], defaults: Defaults, defaults_label: str) -> Layers:
    """Return the layers of one server: its file over its tier over the defaults.

    Args:
        label: how messages name the server's file.
        stated: what the file says.
        defaults: what the defaults say.
        defaults_label: how messages name the file of the defaults.
    """
    tier = stated.get("tier", defaults.workload.get("tier"))
    of_tier = defaults.tiers.get(tier, {}) if isinstance(tier, str) else {}  # type: ignore[call-overload]  # a plain text finds its member, since Tier is a StrEnum
    return Layers(
        (
            (f"{label}: ", stated),
            (f"{defaults_label}: tiers.{tier}.", of_tier),
            (f"{defaults_label}: workload.", defaults.workload),
        )
    )


def _named(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the fields with the server's name in the place of ``{name}``, in those texts that are made of it."""
    return {key: _replaced(value, _OF_ITS_NAME.get(key, ()), name) for key, value in whole.items()}


def _replaced(value: Any, path: tuple[str, ...], name: str) -> Any:
    if not path:
        return value
    if not isinstance(value, dict) or path[0] not in value:
        return value
    inner = value[path[0]]
    if path[1:]:
        return {**value, path[0]: _replaced(inner, path[1:], name)}
    return {**value, path[0]: inner.replace("{name}", name)} if isinstance(inner, str) else value


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _states(layer: Mapping[str, Any], location: Location) -> bool:
    node: Any = layer
    for part in location:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
