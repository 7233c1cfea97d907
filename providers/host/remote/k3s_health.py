"""The proof that K3s runs as declared: its unit, its API, its node and what its datastore holds."""

from __future__ import annotations

import socket
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from providers.host.remote.common import StepFailedError
from providers.host.remote.k3s_api import Api, NoAnswerError
from providers.host.remote.k3s_datastore import newest_secrets
from providers.host.remote.k3s_places import CONFIG, DATA, KUBECONFIG, KUBELET_KUBECONFIG, UNITS
from providers.host.remote.k3s_unit import Shown, journal, show, started

if TYPE_CHECKING:
    from pathlib import Path

POLL_SECONDS = 0.25
WHY = "the last lines of its journal say why"
# It waits 5 s before each.
MOST_RESTARTS = 3
ENCRYPTED = b"k8s:enc:"
HASH = "k3s.io/node-config-hash"
EXTERNAL = "k3s.io/external-ip"
MESH = "flannel.alpha.coreos.com/public-ip"


def kubeconfig(role: str) -> Path:
    """Return the kubeconfig that shows the node of this host."""
    return KUBECONFIG if role == "server" else KUBELET_KUBECONFIG


def node_name(data: Any) -> str:
    """Return the name of this host's node: the declared one, or what K3s makes of the host's name."""
    return str(data["node_name"] or socket.gethostname().lower())


def node(role: str, name: str) -> dict[str, Any] | None:
    """Return what the cluster knows of this host's node; None where there is no node.

    Raises:
        NoAnswerError: the API does not answer.
    """
    found = Api(kubeconfig(role)).object(f"/api/v1/nodes/{name}")
    if found is None:
        return None
    status = found.get("status", {})
    ready = [one for one in status.get("conditions", []) if one.get("type") == "Ready"]
    return {
        "name": name,
        "version": status.get("nodeInfo", {}).get("kubeletVersion", ""),
        "ready": bool(ready) and ready[0].get("status") == "True",
        "why": ready[0].get("message", "") if ready else "its kubelet has not reported yet",
        "reported": _instant(ready[0].get("lastHeartbeatTime")) if ready else 0.0,
        "annotations": found.get("metadata", {}).get("annotations", {}),
    }


def wait(data: Any, *, since: float | None) -> dict[str, Any]:
    """Wait until all is proven, and return the node.

    Args:
        data: what was declared: role, version, node_name, checks, patience.
        since: when K3s was restarted; none: it was not.

    Raises:
        StepFailedError: it does not become so in time.
    """
    unit = UNITS[data["role"]]
    deadline = time.monotonic() + data["patience"]
    begun = int(show(unit).get("NRestarts") or 0)
    result, lines = "unknown", [""]
    while True:
        shown = show(unit)
        try:
            trouble = _unit_trouble(shown, since)
            if not trouble:
                return _node(data, since=since)
        except NoAnswerError as error:
            trouble = str(error)
        if shown.get("SubState") == "auto-restart":
            # The next start says nothing yet of what ended this one.
            result, lines = shown.get("Result", "unknown"), journal(unit, since)
        restarts = int(shown.get("NRestarts") or 0) - begun
        if shown.get("ActiveState") == "failed" or restarts >= MOST_RESTARTS:
            what = f"{unit} ends again and again ({result})"
            raise StepFailedError(what, WHY, lines)
        if time.monotonic() > deadline:
            what = f"not ready after {data['patience']:g} s: {trouble}"
            raise StepFailedError(what, f"{WHY}; give it more patience", journal(unit, since))
        time.sleep(POLL_SECONDS)


def _unit_trouble(shown: Shown, since: float | None) -> str:
    state = shown.get("ActiveState")
    if since is not None and state == "active" and started(shown) < since:
        return "it has not been restarted yet"
    return "" if state == "active" else f"its unit is {state} ({shown.get('SubState', 'unknown')})"


def _node(data: Any, *, since: float | None) -> dict[str, Any]:
    """Return the node if all about it is as declared.

    Raises:
        NoAnswerError: something is not, or not yet.
    """
    role, checks = data["role"], data["checks"]
    if role == "server":
        status, body = Api(KUBECONFIG).get("/readyz")
        if status != 200:  # noqa: PLR2004 - "ok"
            _not(f"/readyz answers {status}: {body.decode(errors='replace').strip()[-200:]}")
    name = node_name(data)
    found = node(role, name)
    if found is None:
        text = f"there is no node {name}"
        raise NoAnswerError(text)
    wanted = data["version"]
    # What stands behind the plus is K3s' own; a kubelet that was not built by K3s does not know it.
    if wanted and found["version"] not in {wanted, wanted.partition("+")[0]}:
        _not(f"node {name} reports {found['version'] or 'no version'}, and not {wanted}")
    if not found["ready"]:
        _not(f"node {name} is not ready: {found['why']}")
    if since is not None and found["reported"] <= since:
        _renewed(role, name, since)
    _annotated(name, found["annotations"], checks)
    if role == "server" and checks["encrypted"]:
        _encrypted()
    return found


def _renewed(role: str, name: str, since: float) -> None:
    """See that the kubelet has renewed its lease after a restart: what it said before is still there.

    It does so every ten seconds, and a new node has none for as long; its conditions are told only when they change.
    """
    lease = Api(kubeconfig(role)).object(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}")
    if _instant((lease or {}).get("spec", {}).get("renewTime")) < since:
        _not(f"the kubelet of node {name} has not reported since the restart")


def _instant(written: str | None) -> float:
    """Return the seconds of a time as the API writes it; 0 for what is none."""
    try:
        # Python 3.10, which Ubuntu 22.04 has, does not know the Z.
        return datetime.fromisoformat((written or "").replace("Z", "+00:00")).timestamp()  # noqa: FURB162 - for that reason
    except ValueError:
        return 0.0


def _annotated(name: str, annotations: dict[str, str], checks: Any) -> None:
    wanted = {HASH: None, EXTERNAL: checks["external_ip"], MESH: checks["mesh_ip"]}
    for annotation, value in wanted.items():
        if annotation == HASH or value:
            found = annotations.get(annotation)
            if not found:
                _not(f"node {name} has no annotation {annotation}")
            if value and found != value:
                _not(f"node {name} has {annotation}: {found}, and not {value}")


def _encrypted() -> None:
    if not (DATA / "server/db/etcd").is_dir():
        what = "whether Secrets are encrypted cannot be proven: there is no embedded etcd"
        raise StepFailedError(what, f"set cluster-init: true in {CONFIG}, or leave secrets-encryption out")
    try:
        secrets = newest_secrets()
    except FileNotFoundError:
        text = "etcd's certificates are not written yet"
        raise NoAnswerError(text) from None
    if not secrets:
        _not("no Secret stands in the datastore yet")
    for key, value in secrets:
        if not value.startswith(ENCRYPTED):
            _not(f"{key} stands in the datastore unencrypted")


def _not(text: str) -> None:
    raise NoAnswerError(text)
