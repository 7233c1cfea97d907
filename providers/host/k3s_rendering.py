"""What lies on a host where K3s runs: its configuration file, its unit, and the digest of it all."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from providers.host.k3s_flags import REFUSED, Role
from providers.host.k3s_inputs import AGENT_TOKEN, CONFIG, TOKEN, K3sFile

UNITS: Final[Mapping[Role, str]] = {"server": "k3s.service", "agent": "k3s-agent.service"}
"""The name of the unit, as K3s' own installer calls it."""
BY_HAND: Final = "(given by hand)"
"""Stands for a value that somebody wrote on the host and that may be a secret."""
UNREADABLE: Final = "(no mapping of YAML)"
"""The key that stands for a configuration file which K3s could not read either."""
_OWN: Final[Mapping[Role, Mapping[str, str]]] = {
    "server": {"token-file": TOKEN, "agent-token-file": AGENT_TOKEN},
    "agent": {"token-file": TOKEN},
}

# The directives are those that K3s' installer writes, so that a K3s it has installed is taken over as it runs.
_UNIT: Final = """\
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/{name}.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s {role}
"""


def unit(role: Role) -> str:
    """Return the unit file."""
    return _UNIT.format(name=UNITS[role], role=role)


def configuration(role: Role, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole configuration: what was declared, and where the tokens lie."""
    return {**config, **_OWN[role]}


def rendered(whole: Mapping[str, Any]) -> str:
    """Return a configuration as a file, the same for the same values.

    >>> print(rendered({"tls-san": ["a"], "debug": True}), end="")
    debug: true
    tls-san:
    - a
    """
    return yaml.safe_dump(dict(whole), sort_keys=True, width=2**20, allow_unicode=True)


def parsed(text: str | None) -> dict[str, Any] | None:
    """Return what a configuration file says; None where there is none or K3s could not read it either."""
    try:
        found = yaml.safe_load(text or "")
    except yaml.YAMLError:
        return None
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else None


def mirrored(role: Role, text: str | None) -> dict[str, Any]:
    """Return what would have been declared for a configuration file to be as it is."""
    if text is None:
        return {}
    found = parsed(text)
    if found is None:
        return {UNREADABLE: "" if not text.strip() else "(not shown)"}
    own = _OWN[role]
    mirror: dict[str, Any] = {
        key: BY_HAND if key in REFUSED else _plain(value) for key, value in found.items() if own.get(key) != value
    }
    return mirror | {key: "(missing)" for key in own if key not in found}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; YAML knows dates and more."""
    return json.loads(json.dumps(value, default=str))


def fingerprint(binary: str, whole: Mapping[str, Any], files: Iterable[K3sFile], unit_text: str) -> str:
    """Return the digest of all that K3s is started from, but of tokens.

    Args:
        binary: SHA-256 of the binary.
        whole: the whole configuration.
        files: the files beside it.
        unit_text: the unit file.
    """
    beside = {file.path: [file.mode, file.content] for file in files}
    text = json.dumps([binary, {CONFIG: whole}, beside, unit_text], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
