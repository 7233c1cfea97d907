"""What there is of K3s on a host."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING, Any

from providers.host.remote.files import main as files
from providers.host.remote.k3s_api import NoAnswerError
from providers.host.remote.k3s_exposure import exposed, readable
from providers.host.remote.k3s_health import node, node_name
from providers.host.remote.k3s_places import (
    AGENT_TOKEN,
    BINARY,
    CONFIG,
    ETC,
    KUBECONFIG,
    MARKER,
    SERVER_TOKEN,
    TOKEN,
    UNITS,
    digest,
    password,
    text,
)
from providers.host.remote.k3s_unit import FOLDER, active, same, show, started

if TYPE_CHECKING:
    from pathlib import Path

# Two clocks are compared: they differ by moments.
MOMENT_SECONDS = 1.0
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def read(data: Any) -> dict[str, Any]:
    """Return all that a reading compares.

    Args:
        data: role, node_name, the paths of the declared files, and the unit file as it should be.
    """
    role = data["role"]
    unit = UNITS[role]
    shown = show(unit)
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "binary": digest(BINARY),
        "config": text(CONFIG),
        "files": files({"act": "read", "paths": data["paths"]}),
        "unit": _unit(unit, shown, data["unit"]),
        "enabled": shown.get("UnitFileState") in {"enabled", "enabled-runtime"},
        "active": active(shown),
        "stale": newer((CONFIG, BINARY, *data["paths"]), started(shown)),
        "proven": (text(MARKER) or "").strip(),
        "node": _node(role, node_name(data)),
        "now": time.time(),
        "exposed": exposed(),
        "readable": readable(),
        "drop_ins": _drop_ins(data["paths"]),
        **_tokens(role),
    }


def newer(paths: Any, since: float) -> list[str]:
    """Return the files that changed after a moment."""
    found = [str(path) for path in paths if os.path.isfile(path)]  # noqa: PTH113 - a text, and as it is
    return [path for path in found if os.stat(path).st_mtime > since + MOMENT_SECONDS]  # noqa: PTH116 - the same


def _unit(name: str, shown: dict[str, str], wanted: str) -> str:
    if shown.get("LoadState") == "masked":
        return "masked"
    found = text(FOLDER / name)
    if found is None:
        return "missing"
    return "ours" if same(found, wanted) else "changed"


def _tokens(role: str) -> dict[str, str | None]:
    """Return the tokens that hold, and what a server hands out."""
    given = text(TOKEN)
    if role == "agent":
        return {"token": given and given.strip()}
    secure = text(SERVER_TOKEN)
    return {
        "token": _that_holds(given and given.strip(), password(secure)),
        "agent_token": _strip(text(AGENT_TOKEN)),
        "server_token": secure and secure.strip(),
        "kubeconfig": text(KUBECONFIG),
    }


def _that_holds(given: str | None, known: str | None) -> str | None:
    """Return the servers' token; where the file and the cluster do not agree, something that is neither."""
    return given if known is None or given == known else f"{given} {known}"


def _strip(value: str | None) -> str | None:
    return value and value.strip()


def _node(role: str, name: str) -> dict[str, Any] | None:
    """Return what the cluster says of the node, where it says anything."""
    try:
        found = node(role, name)
    except NoAnswerError:
        return None
    return found and {"name": found["name"], "version": found["version"], "ready": found["ready"]}


def _drop_ins(declared: Any) -> list[str]:
    beside: Path = ETC / "config.yaml.d"
    if not beside.is_dir():
        return []
    return sorted(str(path) for path in beside.glob("*.y*ml") if str(path) not in declared)
