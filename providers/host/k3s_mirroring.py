"""The inputs that what a host has of K3s would have been made from."""

from collections.abc import Mapping
from typing import Any, Final

from providers.host.k3s_flags import Role
from providers.host.k3s_inputs import CONFIG, Artefact, K3sFile, K3sInputs
from providers.host.k3s_rendering import mirrored
from providers.host.recorded import plain

BINARY: Final = "/usr/local/bin/k3s"
MISSING: Final = "(missing)"


def mirror(role: Role, known: K3sInputs, found: Mapping[str, Any], proven: str) -> dict[str, Any]:
    """Return those inputs that server and agent have in common, by name.

    Args:
        role: which of the two.
        known: what was recorded.
        found: what the host says.
        proven: the fingerprint that was recorded.
    """
    config = mirrored(role, found["config"])
    present = tuple(_file(file, found["files"][file.path]) for file in files(known))
    artefacts = _artefacts(known, found)
    unchanged = {file.path for file, seen in zip(files(known), present, strict=True) if seen == file}
    if config == recorded_config(known):
        unchanged.add(CONFIG)
    if artefacts == _artefacts(known, None):
        unchanged.add(BINARY)
    # What differs is told of by its own name; what was changed and changed back has been read all the same.
    current = found["proven"] == proven and not (found["active"] and unchanged & {*found["stale"]})
    reported = (found["node"] or {}).get("version")
    fits = reported in {None, known.version, known.version.partition("+")[0]}
    return {
        "reachable": True,
        "version": known.version if fits else reported,
        "artefacts": artefacts,
        "config": config,
        "files": present,
        "active": found["active"],
        "enabled": found["enabled"],
        "unit": found["unit"],
        "current": current,
        **{name: tuple(found[name]) for name in ("exposed", "readable", "drop_ins")},
    }


def files(inputs: K3sInputs) -> tuple[K3sFile, ...]:
    """Return declared or recorded files, those too that are as nobody could declare them."""
    return tuple(K3sFile.model_construct(**plain(file)) for file in inputs.files)


def recorded_config(inputs: K3sInputs) -> Mapping[str, Any]:
    """Return the declared or recorded configuration; an empty one where it is none."""
    return inputs.config if isinstance(inputs.config, Mapping) else {}


def _file(file: K3sFile, there: Mapping[str, Any]) -> K3sFile:
    if there["kind"] != "file":
        return file.model_copy(update={"kind": there["kind"]})
    return file.model_copy(update={"kind": "file", "content": there["content"], "mode": there["mode"]})


def _artefacts(known: K3sInputs, found: Mapping[str, Any] | None) -> dict[str, Artefact]:
    """Return the recorded artefacts, with the digest of what lies on the host in its architecture's place."""
    artefacts: dict[str, Artefact] = {
        name: Artefact.model_construct(**plain(one)) for name, one in dict(known.artefacts).items()
    }
    if found is not None and found["architecture"] in artefacts:
        seen = {"sha256": found["binary"] or MISSING}
        artefacts[found["architecture"]] = artefacts[found["architecture"]].model_copy(update=seen)
    return artefacts
