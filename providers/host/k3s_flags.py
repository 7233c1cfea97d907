"""What K3s takes in its configuration file, and what is wrong with one before any host is touched.

K3s itself refuses an unknown key on an agent only: a server logs a warning and goes on without it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from providers.kit import UNKNOWN
from providers.kit.checking import suggestion

FILE: Final = Path(__file__).with_name("k3s_flags.json")
Role = Literal["server", "agent"]

_OURS: Final = "the provider writes it; leave it out"
_ACT: Final = "K3s would do it at every start; leave it out and do it once by hand"
_FIXED: Final = "the provider reads and removes K3s where it lies by default; leave it out"
_PLAIN: Final = "it holds a secret and the configuration is stored as plain text; leave it out and"
REFUSED: Final[Mapping[str, str]] = {
    "token": f"{_OURS} and give `token`",
    "token-file": f"{_OURS} and give `token`",
    "agent-token": f"{_OURS} and give `agent_token`",
    "agent-token-file": f"{_OURS} and give `agent_token`",
    "config": _OURS,
    "data-dir": _FIXED,
    "write-kubeconfig": _FIXED,
    "rootless": _FIXED,
    "disable-agent": "a server without a node is none that this provider can prove ready; leave it out",
    "with-node-id": "it hides the node's name; leave it out and give each node its own `node-name`",
    "cluster-reset": _ACT,
    "cluster-reset-restore-path": _ACT,
    "etcd-s3-access-key": f"{_PLAIN} name a Secret in `etcd-s3-config-secret`",
    "etcd-s3-secret-key": f"{_PLAIN} name a Secret in `etcd-s3-config-secret`",
    "etcd-s3-session-token": f"{_PLAIN} name a Secret in `etcd-s3-config-secret`",
    "datastore-endpoint": f"{_PLAIN} set `cluster-init: true` for the embedded etcd",
    "vpn-auth": f"{_PLAIN} name a file in `vpn-auth-file`",
}
"""Keys that are the provider's, or that it cannot honour, and what to do instead."""
_DURATION: Final = re.compile(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+")
_MODE: Final = re.compile(r"0?[0-7]{3}")
_FORMS: Final = {
    "string": "a text; put it in quotes",
    "bool": "true or false",
    "int": "a whole number",
    "list": "a list of texts, or one text",
    "duration": 'a text such as "10m"',
}


@dataclass(frozen=True)
class Offence:
    """A key that breaks a rule."""

    key: str
    """The key."""
    reason: str
    """What is wrong and what to do."""
    secret: bool = False
    """Whether its value may be a secret, which nobody shows then."""


@cache
def flags() -> Mapping[str, Any]:
    """Return what K3s takes: `server` and `agent`, each the type and default by key; and where that is from."""
    read: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def offences(role: Role, config: Mapping[str, Any]) -> Iterator[Offence]:
    """Give everything that is wrong with a configuration; values that are not known yet are not looked at.

    Args:
        role: whose it is.
        config: the configuration by key.
    """
    known: Mapping[str, Any] = flags()[role]
    for key, value in config.items():
        if key in REFUSED:
            yield Offence(key, f"cannot be given: {REFUSED[key]}", secret=True)
        elif key not in known:
            yield Offence(key, _strange(role, key))
        elif value is not UNKNOWN and (wrong := _wrong(key, known[key]["type"], value)):
            yield Offence(key, wrong)
    if role == "agent" and "server" not in config:
        yield Offence("server", "server is required: the address that the agent joins, https://<server>:6443")


def _strange(role: Role, key: str) -> str:
    other = "agent" if role == "server" else "server"
    version = flags()["version"]
    if key in flags()[other]:
        return f"is a key of {other}s only, and this is a K3s {role}; remove it"
    if long := _spelt_out(role, key):
        return f"is short for {long}; write {long}"
    return f"is no key of a K3s {role} at {version}; {suggestion(key, set(flags()[role]) - set(REFUSED))}"


def _spelt_out(role: Role, key: str) -> str | None:
    return next((name for name, flag in flags()[role].items() if key in flag.get("aliases", ())), None)


def _wrong(key: str, kind: str, value: Any) -> str:
    if key == "write-kubeconfig-mode":
        return _loose(value)
    fits = {
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "list": isinstance(value, str) or (isinstance(value, list) and all(_text(item) for item in value)),
        "duration": isinstance(value, str) and bool(_DURATION.fullmatch(value)),
    }[kind]
    return "" if fits else f"is {_shown(value)}, and K3s takes {_FORMS[kind]}"


def _text(item: Any) -> bool:
    return isinstance(item, str) or item is UNKNOWN


def _loose(value: Any) -> str:
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        return f'is {_shown(value)}, and K3s takes a mode as a text; write "0600", in quotes'
    return "" if int(value, 8) & 0o007 == 0 else f'is {value}, so everybody on the host is administrator; write "0600"'


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - what fits on a line
