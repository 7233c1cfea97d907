"""What K3s on a host is declared as, and what is refused before anything is done."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from providers.host.connection import OnHost
from providers.host.files import PATH
from providers.host.k3s_flags import Offence, offences
from providers.kit import LOCAL, SECRET, STABLE, WRITE_ONLY, Model, UndisclosedError

ETC: Final = "/etc/rancher/k3s"
DATA: Final = "/var/lib/rancher/k3s"
CONFIG: Final = f"{ETC}/config.yaml"
TOKEN: Final = f"{ETC}/token"
AGENT_TOKEN: Final = f"{ETC}/agent-token"
OWN_PATHS: Final = frozenset({CONFIG, TOKEN, AGENT_TOKEN, f"{ETC}/k3s.yaml"})
SHORTEST_TOKEN: Final = 16

Version = Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+\.\d+(-rc\d+)?\+k3s\d+$")]
Architecture = Literal["amd64", "arm64"]


class Artefact(Model):
    """The binary of K3s for one architecture."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Its SHA-256, from the lock; without it nothing is delivered."""
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = None
    """Where it is downloaded from if no artefact with this digest lies in the local directory."""


class K3sFile(Model):
    """A file that K3s reads at its start."""

    path: Annotated[str, StringConstraints(pattern=PATH, max_length=1024)]
    """Where it is: under `/etc/rancher/k3s` or `/var/lib/rancher/k3s`."""
    content: str
    """What it holds; no secret."""
    mode: Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")] = "0600"
    """Its mode, four octal digits."""
    kind: Literal["file"] = "file"
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


def _artefacts(given: dict[str, Artefact]) -> dict[str, Artefact]:
    missing = sorted(name for name, artefact in given.items() if artefact.sha256 is None)
    if missing:
        message = f"{', '.join(missing)}: no sha256, so nothing could be proven of the binary; run `./sophia lock`"
        raise ValueError(message)
    if not given:
        message = "no artefact is given; name the binary of at least one architecture, amd64 or arm64"
        raise ValueError(message)
    return given


def _files(given: tuple[K3sFile, ...]) -> tuple[K3sFile, ...]:
    paths = [file.path for file in given]
    for path in paths:
        if not path.startswith((f"{ETC}/", f"{DATA}/")):
            message = f"{path}: lies outside of {ETC} and {DATA}; move it there, or declare it with Files"
            raise ValueError(message)
        if path in OWN_PATHS:
            message = f"{path}: the provider or K3s writes it; remove it here"
            raise ValueError(message)
        if paths.count(path) > 1:
            message = f"{path}: stands in the list twice; give each file once"
            raise ValueError(message)
    return tuple(sorted(given, key=lambda file: file.path))


def _token(given: str) -> str:
    if given != given.strip() or any(character.isspace() for character in given):
        message = "a token has no spaces or line ends; give it without"
        raise UndisclosedError(message)
    if len(given) < SHORTEST_TOKEN:
        message = f"a token of less than {SHORTEST_TOKEN} characters can be guessed; make one of 32 random bytes"
        raise UndisclosedError(message)
    return given


def _bare_token(given: str) -> str:
    if "::" in given:
        message = "a server is given the bare token, without K10...:: before it; give what follows `server:` alone"
        raise UndisclosedError(message)
    return _token(given)


def _secure_token(given: str) -> str:
    if not (given.startswith("K10") and "::" in given):
        message = "an agent joins with the secure form K10<hash of the CA>::node:<token>; give the server's join_token"
        raise UndisclosedError(message)
    return _token(given)


def _server_config(given: dict[str, Any]) -> dict[str, Any]:
    _refuse(offences("server", given))
    return given


def _agent_config(given: dict[str, Any]) -> dict[str, Any]:
    _refuse(offences("agent", given))
    return given


def _refuse(found: Iterable[Offence]) -> None:
    """Raise all offences at once, each at its own key."""
    errors: list[InitErrorDetails] = [
        {
            "type": "value_error",
            "loc": (one.key,),
            "input": None,
            "ctx": {"error": UndisclosedError(one.reason) if one.secret else ValueError(one.reason)},
        }
        for one in found
    ]
    if errors:
        title = "config"
        raise ValidationError.from_exception_data(title, errors)


class K3sInputs(OnHost):
    """What a server and an agent have in common."""

    version: Version
    """K3s' version, such as `v1.36.2+k3s1`: what the node must report when all is done."""
    artefacts: Annotated[dict[Architecture, Artefact], AfterValidator(_artefacts)]
    """The binary of that version, for each architecture that the host may have."""
    config: dict[str, Any]
    """Its configuration file by K3s' own keys, without tokens; they are checked against K3s' source."""
    token: Annotated[str, WRITE_ONLY]
    """What it joins with."""
    files: Annotated[tuple[K3sFile, ...], AfterValidator(_files)] = ()
    """Files that K3s reads: audit policy, admission configuration, registries."""
    patience_seconds: Annotated[float, LOCAL, Field(gt=0)] = 300.0
    """How long it may take until the node is ready and proven."""
    active: Literal[True] = True
    """Whether its unit runs. Leave it out: only a reading says no."""
    enabled: Literal[True] = True
    """Whether its unit starts with the machine. Leave it out: only a reading says no."""
    unit: Literal["ours"] = "ours"
    """Its unit file. Leave it out: only a reading says `changed`, `missing` or `masked`."""
    current: Literal[True] = True
    """Whether what runs was started from what is declared, and was proven. Leave it out: only a reading says no."""
    exposed: tuple[str, ...] = ()
    """Sockets that are open to others and must be on loopback alone. Leave it out: only a reading fills it."""
    readable: tuple[str, ...] = ()
    """Files with secrets that others than root can read. Leave it out: only a reading fills it."""
    drop_ins: tuple[str, ...] = ()
    """Files beside the configuration that K3s reads too and nobody declared. Leave it out: only a reading fills it."""

    @model_validator(mode="after")
    def _what_only_a_reading_says(self) -> Self:
        said = [name for name in ("exposed", "readable", "drop_ins") if getattr(self, name)]
        if said:
            message = f"{', '.join(said)}: only a reading fills it; leave it out"
            raise ValueError(message)
        return self


class K3sServerInputs(K3sInputs):
    """A server."""

    config: Annotated[dict[str, Any], AfterValidator(_server_config)]
    """Its configuration file by K3s' own keys, without tokens; they are checked against K3s' source."""
    token: Annotated[str, WRITE_ONLY, AfterValidator(_bare_token)]
    """What servers join with; it also encrypts the bootstrap data, so keep it with the snapshots."""
    agent_token: Annotated[str, WRITE_ONLY, AfterValidator(_bare_token)]
    """What agents join with; another one than the servers'."""
    address: Annotated[str, Field(min_length=1)]
    """Host name or address that the kubeconfig says; it must stand in the certificate (`tls-san`, node addresses)."""
    context: Annotated[str, Field(min_length=1)]
    """What cluster, user and context are called in the kubeconfig."""
    certificate_current: Literal[True] = True
    """Whether the kubeconfig's certificate has 90 days left; a restart renews it. Only a reading says no."""


class K3sAgentInputs(K3sInputs):
    """An agent."""

    config: Annotated[dict[str, Any], AfterValidator(_agent_config)]
    """Its configuration file by K3s' own keys, without the token; `server` is required."""
    token: Annotated[str, WRITE_ONLY, AfterValidator(_secure_token)]
    """What it joins with: the server's `join_token`, which pins the cluster's CA."""


class K3sOutputs(Model):
    """What is known of K3s on a host beyond its inputs."""

    fingerprint: str
    """Digest of the binary, configuration, files and unit that were proven last; empty where nothing was."""
    kubelet_version: Annotated[str, STABLE]
    """The version that the node reports."""
    node_name: Annotated[str, STABLE]
    """The node's name in the cluster."""


UNSETTLED: Final = {"kubelet_version": frozenset({"version", "artefacts"}), "node_name": frozenset({"config"})}
"""What of it another version or configuration changes."""


class K3sServerOutputs(K3sOutputs):
    """What is known of a server beyond its inputs."""

    kubeconfig: Annotated[str, SECRET, STABLE]
    """The administrator's kubeconfig, with the server's address and the names given."""
    kubeconfig_expires: str
    """When its certificate ends."""
    join_token: Annotated[str, SECRET, STABLE]
    """What agents join with, in the secure form."""
    ca_hash: Annotated[str, STABLE]
    """SHA-256 of the cluster's CA, which agents pin."""
