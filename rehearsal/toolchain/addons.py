"""Rendering of add-ons: from the files of their Go modules to objects, as one document of known bytes.

What people read is left out of definitions, three quarters of their size: the engine writes all of its state after each
step, and nothing but `kubectl explain` shows it.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from catalog.addons import Addon, Manifest, bundle_path
from catalog.versions import Versions
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import ToolError

_FIRST = ("CustomResourceDefinition", "Namespace", "ServiceAccount", "ConfigMap", "Secret", "Role", "ClusterRole")
"""Kinds that others stand on, in order."""
_DEFINITION = "CustomResourceDefinition"


def render(
    addons: Mapping[str, Addon], entries: Mapping[str, Entry], versions: Versions, edges: Edges
) -> dict[str, str]:
    """Every add-on is in the tool cache; return the digest of each by its name.

    Args:
        addons: the add-ons, by name.
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine.

    Raises:
        ToolError: a chart cannot be rendered.
    """
    digests = {}
    for name, addon in addons.items():
        made = edges.cache / "addons" / f"made-of-{_inputs(name, addon, entries, versions)}"
        digest = made.read_text(encoding="utf-8") if made.exists() else ""
        if not digest or not bundle_path(edges.cache, digest).exists():
            content = _rendered(name, addon, entries, versions)
            digest = hashlib.sha256(content).hexdigest()
            _keep(bundle_path(edges.cache, digest), content)
            _keep(made, digest.encode())
        digests[name] = digest
    return digests


def _inputs(name: str, addon: Addon, entries: Mapping[str, Entry], versions: Versions) -> str:
    """Return the digest of all that decides what is rendered; rendering takes longer than to find all tools."""
    tools = [entries[tool].folder.name for tool in (f"addon-{name}", "helm")]
    parts = [
        name,
        addon.model_dump(mode="json"),
        *tools,
        versions.kubernetes,
        Path(__file__).read_text(encoding="utf-8"),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _rendered(name: str, addon: Addon, entries: Mapping[str, Entry], versions: Versions) -> bytes:
    entry = entries[f"addon-{name}"]
    (file,) = entry.manifest.files
    source = entry.folder / file
    text = source.read_text(encoding="utf-8") if source.suffix == ".yaml" else ""
    if not text:
        text = _templated(name, addon, source, entries["helm"].program("helm"), versions)
    objects = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]
    objects.sort(key=lambda one: _FIRST.index(one["kind"]) if one["kind"] in _FIRST else len(_FIRST))
    return json.dumps([_slim(one) for one in objects], sort_keys=True, separators=(",", ":")).encode()


def _templated(name: str, addon: Addon, chart: Path, helm: Path, versions: Versions) -> str:
    with tempfile.TemporaryDirectory(prefix="addon-") as aside:
        values = Path(aside) / "values.yaml"
        values.write_text(yaml.safe_dump(dict(addon.values)), encoding="utf-8")
        homes = {f"HELM_{kind}_HOME": aside for kind in ("CACHE", "CONFIG", "DATA")}
        command = [helm, "template", name, chart, "--namespace", addon.namespace or "default", "--values", values]
        done = subprocess.run(
            [*map(str, command), "--kube-version", f"v{versions.kubernetes}", "--include-crds"],
            env=homes,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        problem = f"the chart of {name} cannot be rendered: {done.stderr.strip()}"
        raise ToolError(problem, "correct its values in catalog/addons.yaml and run `./sophia setup` again")
    return done.stdout


def _slim(one: Manifest) -> Manifest:
    """Return an object without its status and what has no value, and a definition without its texts."""
    kept = {key: _valued(value) for key, value in one.items() if key != "status"}
    return {**kept, "spec": _wordless(kept["spec"])} if one["kind"] == _DEFINITION else kept


def _wordless(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: value for key, value in node.items() if not (key == "description" and isinstance(value, str))}
        return {key: _wordless(value) for key, value in kept.items()}
    return [_wordless(item) for item in node] if isinstance(node, list) else node


def _valued(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: _valued(value) for key, value in node.items() if value is not None}
        # A field reference is one value to server-side apply: without the version that the API server fills in, an
        # engine that applies the object again after one that was killed conflicts with it.
        return {**kept, "fieldRef": {"apiVersion": "v1", **kept["fieldRef"]}} if "fieldRef" in kept else kept
    return [_valued(item) for item in node] if isinstance(node, list) else node


def _keep(path: Path, content: bytes) -> None:
    with writing(path, "keeping an add-on"):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(content)
        fresh.replace(path)
