"""K3s on one host, server or agent: what both of them do in the same way."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.host.delivery import deliver
from providers.host.k3s_artefacts import artefact
from providers.host.k3s_flags import Role
from providers.host.k3s_inputs import CONFIG, TOKEN, Artefact, K3sInputs
from providers.host.k3s_mirroring import files, recorded_config
from providers.host.k3s_rendering import UNITS, configuration, fingerprint, parsed, rendered, unit
from providers.host.ssh import Hosts
from providers.kit import Operation, ProviderError

DEFAULT_PORT: Final = 6443
RESTART: Final = frozenset({"certificate_current", "version"})
"""Inputs whose difference a restart alone may mend."""
REMOVAL_SECONDS: Final = 300.0
CLOCK_SECONDS: Final = 60.0
"""How far a host's clock may be from ours."""


@dataclass(frozen=True)
class Done:
    """What is known of K3s on a host when it was made what is declared."""

    found: Mapping[str, Any]
    """What the host says."""
    fingerprint: str
    """The digest of what it was started from."""


class Installation:
    """K3s on the hosts of a run.

    Args:
        hosts: the hosts.
        role: what it is there.
    """

    def __init__(self, hosts: Hosts, role: Role) -> None:
        self._hosts = hosts
        self._role: Role = role
        self._unit = UNITS[role]

    async def found(self, inputs: K3sInputs, operation: Operation) -> Mapping[str, Any]:
        """Return what there is on a host.

        Args:
            inputs: what is declared, or was recorded.
            operation: who asks.
        """
        data = {
            "act": "read",
            "role": self._role,
            "node_name": recorded_config(inputs).get("node-name"),
            "paths": [file.path for file in files(inputs)],
            "unit": unit(self._role),
        }
        step = f"reading {self._unit}"
        answer: Mapping[str, Any] = await self._hosts.run(inputs.connection, "k3s", data, operation, step=step)
        return answer

    async def apply(
        self,
        inputs: K3sInputs,
        tokens: Mapping[str, str],
        operation: Operation,
        *,
        old: K3sInputs | None = None,
        changed: Iterable[str] = (),
    ) -> Done:
        """Make K3s what is declared, and return what is known of it then.

        Args:
            inputs: what is declared.
            tokens: what its token files hold, by path.
            operation: who asks.
            old: what was recorded.
            changed: names of the inputs that differ.

        Raises:
            ProviderError: there is no binary that was locked for this host, or its clock is wrong.
            StepError: it does not become healthy; what was there before runs again.
        """
        asked = time.time()
        found = await self.found(inputs, operation)
        _require_clock(inputs.connection.label, found["now"], asked)
        sha256 = _locked(inputs, found["architecture"]).sha256 or ""
        whole = configuration(self._role, inputs.config)
        digest = fingerprint(sha256, whole, inputs.files, unit(self._role))
        contents = _contents(inputs, tokens, whole, found["config"])
        gone = {file.path for file in files(old)} - contents.keys() if old is not None else set()
        patience = operation.timeout or inputs.patience_seconds
        data = {
            "act": "write",
            "role": self._role,
            "sha256": sha256,
            "incoming": None if found["binary"] == sha256 else await self._delivered(inputs, found, operation),
            "files": [_owned(path, content, mode) for path, (content, mode) in contents.items()],
            "gone": sorted({*gone, *found["drop_ins"]}),
            "unit": unit(self._role),
            "token": tokens[TOKEN],
            "port": whole.get("https-listen-port", DEFAULT_PORT),
            "version": inputs.version,
            "node_name": whole.get("node-name"),
            "checks": _checks(whole),
            "patience": patience,
            "restart": bool(RESTART & {*changed}),
            "fingerprint": digest,
        }
        step, seconds = f"{self._unit} {inputs.version}", 2 * patience + REMOVAL_SECONDS
        done = await self._hosts.run(inputs.connection, "k3s", data, operation, step=step, timeout_seconds=seconds)
        return Done(done, digest)

    async def remove(self, inputs: K3sInputs, operation: Operation) -> None:
        """Take K3s and its data away from a host."""
        data = {"act": "remove", "role": self._role}
        step = f"removing {self._unit}"
        await self._hosts.run(inputs.connection, "k3s", data, operation, step=step, timeout_seconds=REMOVAL_SECONDS)

    async def _delivered(self, inputs: K3sInputs, found: Mapping[str, Any], operation: Operation) -> str:
        """Return where on the host the binary has arrived."""
        wanted = _locked(inputs, found["architecture"])
        step = f"delivering K3s {inputs.version}"
        source = await artefact(self._hosts.artefacts, wanted.sha256 or "", wanted.url)
        data = {"act": "expect", "user": inputs.connection.user}
        answer = await self._hosts.run(inputs.connection, "k3s", data, operation, step=step)
        await deliver(self._hosts, inputs.connection, source, answer["path"], step=step)
        return str(answer["path"])


def _require_clock(label: str, now: float, asked: float) -> None:
    """Refuse a host whose clock is wrong: by it the cluster's certificates are over, or not valid yet.

    Args:
        label: how errors call the host.
        now: the time by its clock.
        asked: when it was asked, by ours.

    Raises:
        ProviderError: it differs by more than a minute and the time that the answer took.
    """
    ahead, behind = now - time.time(), asked - now
    if max(ahead, behind) > CLOCK_SECONDS:
        differs = f"{ahead:.0f} s ahead of" if ahead > 0 else f"{behind:.0f} s behind"
        what = f"{label}: its clock is {differs} the clock here, and certificates hold by it; nothing was changed"
        raise ProviderError(
            what, "see `chronyc tracking` there, set the wrong one (`chronyc makestep`), then run again"
        )


def _locked(inputs: K3sInputs, architecture: str) -> Artefact:
    """Return the binary that was locked for an architecture."""
    for name, chosen in inputs.artefacts.items():
        if name == architecture:
            return chosen
    what = f"{inputs.connection.label}: no binary of K3s {inputs.version} is locked for {architecture}"
    raise ProviderError(what, "run `./sophia lock` and give the artefact for this architecture; nothing was changed")


def _contents(
    inputs: K3sInputs, tokens: Mapping[str, str], whole: Mapping[str, Any], present: str | None
) -> dict[str, tuple[str, str]]:
    """Return what all files hold and their modes, by path."""
    # A file that says the same in other words stays as it is: K3s is not restarted for it.
    text = present if present is not None and parsed(present) == whole else rendered(whole)
    return {
        CONFIG: (text, "0600"),
        **{path: (f"{token}\n", "0600") for path, token in tokens.items()},
        **{file.path: (file.content, file.mode) for file in inputs.files},
    }


def _owned(path: str, content: str, mode: str) -> dict[str, str]:
    return {"path": path, "content": content, "mode": mode, "owner": "root", "group": "root"}


def _checks(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the node must say of itself, as far as this configuration alone decides it."""
    external, own = _addresses(whole, "node-external-ip"), _addresses(whole, "node-ip")
    mesh = external if whole.get("flannel-external-ip") else own
    meshed = whole.get("flannel-backend") not in {None, "none"}
    return {
        "external_ip": ",".join(external) or None,
        "mesh_ip": mesh[0] if mesh and meshed else None,
        "encrypted": whole.get("secrets-encryption") is True,
        # Agents know it from their server alone; to wait for what does not come takes a moment.
        "proxied": whole.get("disable-kube-proxy") is not True,
    }


def _addresses(whole: Mapping[str, Any], key: str) -> list[str]:
    value = whole.get(key, [])
    return [one for text in ([value] if isinstance(value, str) else value) for one in text.split(",") if one]
