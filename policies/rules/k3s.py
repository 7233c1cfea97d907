"""K3s on the machines: its configuration, what it passes on, its tokens, and the program that is delivered."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import Resource
from policies.rule import cis, nsa, resources, rule, soc2

SERVER: Final = resources("host:index:K3sServer")
NODES: Final = resources("host:index:K3sServer", "host:index:K3sAgent")

API_SERVER = "kube-apiserver"
KUBELET = "kubelet"

_VERSION = re.compile(r"v\d+\.\d+\.\d+\+k3s\d+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MODE = re.compile(r"0?[0-7]00")
# Forward secrecy and authenticated encryption: what CIS names for the API server and the kubelet.
_CIPHERS: Final = frozenset(
    {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        *(
            f"TLS_ECDHE_{key}_WITH_{cipher}"
            for key in ("ECDSA", "RSA")
            for cipher in (
                *("AES_128_GCM_SHA256", "AES_256_GCM_SHA384"),
                *("CHACHA20_POLY1305", "CHACHA20_POLY1305_SHA256"),
            )
        ),
    }
)
_MOST_TERMINATED = 1000
_LONGEST_REQUEST = 300


class Flags:
    """The arguments that K3s passes on to a program of Kubernetes.

    Args:
        resource: the server or the agent.
        part: the program.
    """

    def __init__(self, resource: Resource, part: str) -> None:
        self._field = resource.inputs.at("config", f"{part}-arg")
        told = [(item.text(unknown=None), item) for item in self._field.items()]
        stated = self._field.value is None or isinstance(self._field.value, list)
        self._whole = stated and all(text is not None for text, _ in told)
        pairs = [((text or "").lstrip("-").partition("="), item) for text, item in told]
        self._given = {name: (value, item) for (name, _, value), item in pairs}

    def text(self, flag: str) -> str | None:
        """Return what a flag is set to."""
        found = self._given.get(flag)
        return found[0] if found else None

    def judged(
        self, flag: str, holds: Callable[[str], bool], message: str, *, required: bool = False
    ) -> Iterator[Problem]:
        """Yield a problem where a flag is set to something that does not hold, or is not set and must be.

        Args:
            flag: the flag.
            holds: whether a value is right.
            message: what must hold.
            required: whether it must be set.
        """
        found = self._given.get(flag)
        if found is None:
            # What could not be read may hold it; that is a finding already.
            if required and self._whole:
                yield self._field.problem(f"must set {flag}: {message}")
        elif not holds(found[0]):
            yield found[1].problem(f"{flag} {message}")


def _at_least(least: int, text: str) -> bool:
    return _number(text) >= least


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0


@rule(
    "K3S-ENC-1",
    SERVER,
    title="Secrets are encrypted in the datastore",
    severity=Severity.HIGH,
    standards=(cis("K3s 1.2.27"), cis("K3s 1.2.28"), nsa("C-0066"), soc2("CC6.1")),
    also=("KCV-0029", "KCV-0030"),
    remedy="set flags.server.secrets-encryption to true in catalog/k3s.yaml",
)
def encryption(resource: Resource, _: Context) -> Iterator[Problem]:
    """Without it whoever has a snapshot of etcd, or its disk, has every secret of the cluster."""
    if not resource.inputs.flag("config", "secrets-encryption", unknown=True):
        yield resource.inputs.problem("must be true", "config", "secrets-encryption")


@rule(
    "K3S-AUD-1",
    SERVER,
    title="The API server keeps an audit log",
    severity=Severity.MEDIUM,
    standards=(*(cis(f"K3s {number}") for number in ("1.2.16", "1.2.17", "1.2.18", "1.2.19", "3.2.1")), nsa("C-0067")),
    also=("KCV-0019", "KCV-0020", "KCV-0021", "KCV-0022"),
    remedy="keep `audit` in catalog/k3s.yaml: a policy, 30 days, 10 files of 100 MiB or more",
)
def audit(resource: Resource, _: Context) -> Iterator[Problem]:
    """After an intrusion nothing else tells who did what."""
    flags = Flags(resource, API_SERVER)
    yield from flags.judged("audit-log-path", lambda text: text not in {"", "-"}, "must be a file", required=True)
    for flag, least in (("audit-log-maxage", 30), ("audit-log-maxbackup", 10), ("audit-log-maxsize", 100)):
        yield from flags.judged(flag, partial(_at_least, least), f"must be {least} or more", required=True)
    yield from _delivered(resource, flags, "audit-policy-file")


def _delivered(resource: Resource, flags: Flags, flag: str) -> Iterator[Problem]:
    """Yield a problem where a flag names no file that is delivered with K3s."""
    paths = {file.text("path", unknown=None) for file in resource.inputs.items("files")}
    yield from flags.judged(
        flag, lambda text: text in paths or None in paths, "must be one of the files that are delivered", required=True
    )


@rule(
    "K3S-ANON-1",
    NODES,
    title="Nobody comes in without a name",
    severity=Severity.CRITICAL,
    standards=(cis("K3s 1.2.1"), cis("K3s 4.2.1"), cis("K3s 4.2.2"), nsa("C-0069"), soc2("CC6.1")),
    also=("KCV-0001", "KCV-0077"),
    remedy="remove the argument: K3s asks everybody",
    exemptible=False,
)
def anonymous(resource: Resource, _: Context) -> Iterator[Problem]:
    """An anonymous request that is authorised reads logs, runs commands in pods, or worse."""
    for part in (API_SERVER, KUBELET):
        flags = Flags(resource, part)
        yield from flags.judged("anonymous-auth", lambda text: text == "false", "must be unset or false")
        yield from flags.judged(
            "authorization-mode", lambda text: "AlwaysAllow" not in text, "must not allow everything"
        )


@rule(
    "K3S-ADM-1",
    SERVER,
    title="Admission holds nodes and pods to their limits",
    severity=Severity.HIGH,
    standards=(cis("K3s 1.2.9"), cis("K3s 1.2.14"), cis("K3s 5.2.1"), soc2("CC6.8")),
    also=("KCV-0010", "KCV-0016"),
    remedy="enable NodeRestriction and EventRateLimit in catalog/k3s.yaml, and deliver the admission configuration",
)
def admission(resource: Resource, _: Context) -> Iterator[Problem]:
    """A kubelet that was taken over may change other nodes without NodeRestriction, and pods may be privileged."""
    flags = Flags(resource, API_SERVER)
    wanted = {"NodeRestriction", "EventRateLimit"}
    yield from flags.judged(
        "enable-admission-plugins",
        lambda text: wanted <= {*text.split(",")},
        "must hold NodeRestriction and EventRateLimit",
        required=True,
    )
    yield from flags.judged(
        "disable-admission-plugins",
        lambda text: {*text.split(",")}.isdisjoint({*wanted, "PodSecurity"}),
        "must disable none of NodeRestriction, EventRateLimit and PodSecurity",
    )
    yield from _delivered(resource, flags, "admission-control-config-file")
    for file in resource.inputs.items("files"):
        if file.text("path", unknown="") == flags.text("admission-control-config-file"):
            content = file.text("content", unknown="PodSecurityConfiguration") or ""
            if "PodSecurityConfiguration" not in content:
                yield file.problem("must configure PodSecurity", "content")


@rule(
    "K3S-GC-1",
    SERVER,
    title="Pods that have ended do not fill the datastore",
    severity=Severity.LOW,
    standards=(cis("K3s 1.3.1"), soc2("A1.1")),
    also=("KCV-0033",),
    remedy="set terminated-pod-gc-threshold in catalog/k3s.yaml",
)
def garbage(resource: Resource, _: Context) -> Iterator[Problem]:
    """The default keeps 12,500 of them. Ten, as in Rancher's guide, would delete the logs of jobs that have failed."""
    yield from Flags(resource, "kube-controller-manager").judged(
        "terminated-pod-gc-threshold",
        lambda text: 1 <= _number(text) <= _MOST_TERMINATED,
        f"must be from 1 to {_MOST_TERMINATED}",
        required=True,
    )


@rule(
    "K3S-KUB-1",
    NODES,
    title="The kubelet keeps to the kernel's safe defaults, and to one port",
    severity=Severity.MEDIUM,
    standards=(cis("K3s 4.2.4"), cis("K3s 4.2.5"), cis("K3s 4.2.6"), nsa("C-0069"), soc2("CC6.6")),
    also=("KCV-0080", "KCV-0081", "KCV-0082", "KCV-0083"),
    remedy="keep the kubelet's arguments of catalog/k3s.yaml",
)
def kubelet(resource: Resource, _: Context) -> Iterator[Problem]:
    """Its read-only port tells every pod's specification to whoever asks, and a stream that never ends holds a port."""
    flags = Flags(resource, KUBELET)
    if not resource.inputs.flag("config", "protect-kernel-defaults", unknown=True):
        yield resource.inputs.problem("must be true", "config", "protect-kernel-defaults")
    yield from flags.judged(
        "streaming-connection-idle-timeout", lambda text: _seconds(text) > 0, "must be longer than 0", required=True
    )
    yield from flags.judged("make-iptables-util-chains", lambda text: text == "true", "must be true", required=True)
    yield from flags.judged("read-only-port", lambda text: text == "0", "must be unset or 0")
    yield from flags.judged("protect-kernel-defaults", lambda text: text == "true", "must be true")


@rule(
    "K3S-TLS-1",
    NODES,
    title="TLS uses strong ciphers alone",
    severity=Severity.HIGH,
    standards=(cis("K3s 1.2.29"), cis("K3s 4.2.12"), soc2("CC6.7")),
    also=("KCV-0031", "KCV-0088"),
    remedy="keep the cipher suites of catalog/k3s.yaml",
)
def ciphers(resource: Resource, _: Context) -> Iterator[Problem]:
    """What is recorded today can be read once a weak cipher, or a key without forward secrecy, is broken."""
    for part in (API_SERVER, KUBELET):
        flags = Flags(resource, part)
        yield from flags.judged(
            "tls-cipher-suites",
            lambda text: {*text.split(",")} <= _CIPHERS,
            "must hold suites with forward secrecy and authenticated encryption alone",
            # K3s' own default for its API server is such a list; the kubelet has Go's.
            required=part == KUBELET,
        )
        yield from flags.judged(
            "tls-min-version", lambda text: text in {"VersionTLS12", "VersionTLS13"}, "must be TLS 1.2 or 1.3"
        )


@rule(
    "K3S-REQ-1",
    SERVER,
    title="Requests to the API server end",
    severity=Severity.LOW,
    standards=(cis("K3s 1.2.20"), soc2("A1.1")),
    also=("KCV-0023",),
    remedy="set request-timeout in catalog/k3s.yaml, 300s or less",
)
def requests(resource: Resource, _: Context) -> Iterator[Problem]:
    """Requests that never end use up the API server."""
    yield from Flags(resource, API_SERVER).judged(
        "request-timeout",
        lambda text: 0 < _seconds(text) <= _LONGEST_REQUEST,
        f"must be at most {_LONGEST_REQUEST} seconds",
        required=True,
    )


@rule(
    "K3S-CFG-1",
    NODES,
    title="Only root reads what K3s writes and reads",
    severity=Severity.HIGH,
    standards=(cis("K3s 1.1.13"), cis("K3s 4.1.5"), soc2("CC6.1")),
    also=("KCV-0060", "KCV-0073"),
    remedy='set the mode to "0600"',
)
def modes(resource: Resource, _: Context) -> Iterator[Problem]:
    """The kubeconfig there is that of the cluster's administrator, good for a year."""
    config = resource.inputs.at("config")
    mode = config.text("write-kubeconfig-mode", unknown=None)
    if mode is not None and not _MODE.fullmatch(mode):
        yield config.problem("must be readable for root alone", "write-kubeconfig-mode")
    if config.has("write-kubeconfig-group", unknown=False):
        yield config.problem("must be unset", "write-kubeconfig-group")
    for file in resource.inputs.items("files"):
        mode = file.text("mode", unknown=None)
        if mode is not None and not _MODE.fullmatch(mode):
            yield file.problem("must be readable for root alone", "mode")


@rule(
    "K3S-TOK-1",
    NODES,
    title="Join tokens are secrets, and stand in no configuration",
    severity=Severity.CRITICAL,
    standards=(cis("K3s 1.1.20"), nsa("C-0012"), soc2("CC6.1")),
    remedy="give it as a secret by the input `token`, which writes a file for root alone",
    exemptible=False,
)
def tokens(resource: Resource, _: Context) -> Iterator[Problem]:
    """Whoever has a server's token is the cluster's administrator, and arguments are in every list of processes."""
    # A server's are configuration, an agent's comes from a server that may not be there yet.
    for key in ("token", "agentToken"):
        given = resource.inputs.later.at(key)
        if not given.has(unknown=False):
            if key == "token" and given.value is None:
                yield given.problem("must be given")
        elif not given.secret:
            yield given.problem("must be a secret")
    for name, value in resource.inputs.at("config").entries():
        if "token" in name and not name.endswith("-file"):
            yield value.problem("must be unset")


@rule(
    "K3S-VER-1",
    NODES,
    title="K3s is of one release that is named",
    severity=Severity.HIGH,
    standards=(cis("K3s 1.1"), soc2("CC8.1")),
    remedy="choose a release of catalog/k3s.yaml, such as v1.36.2+k3s1",
)
def version(resource: Resource, _: Context) -> Iterator[Problem]:
    """What a channel gives tomorrow nobody has looked at, and two nodes would not get the same."""
    told = resource.inputs.text("version", unknown=None)
    if told is None and resource.inputs.at("version").value is None:
        yield resource.inputs.problem("must be given", "version")
    elif told is not None and not _VERSION.fullmatch(told):
        yield resource.inputs.problem("must be a release such as vX.Y.Z+k3sN", "version")


@rule(
    "K3S-ART-1",
    NODES,
    title="What is delivered to machines has a locked digest",
    severity=Severity.CRITICAL,
    standards=(cis("K3s 5.5.1"), soc2("CC6.8"), soc2("CC8.1")),
    remedy="run `./sophia lock published`, and have catalog/lock/k3s.yaml reviewed",
    exemptible=False,
)
def artefacts(resource: Resource, _: Context) -> Iterator[Problem]:
    """It runs as root on every machine; without a digest it is whatever the server sent that day."""
    given = resource.inputs.at("artefacts")
    found = [*given.entries()]
    if not found and (given.value is None or given.value == {}):
        yield given.problem("must name the program")
    for _name, artefact in found:
        digest = artefact.text("sha256", unknown=None)
        if digest is None and artefact.at("sha256").value is None and isinstance(artefact.value, dict | None):
            yield artefact.problem("must be given", "sha256")
        elif digest is not None and not _DIGEST.fullmatch(digest):
            yield artefact.problem("must be 64 hexadecimal digits", "sha256")
        url = artefact.text("url", unknown=None)
        if url is not None and not url.startswith("https://"):
            yield artefact.problem("must be an address of HTTPS", "url")


@rule(
    "K3S-SRV-1",
    SERVER,
    title="A server says which datastore, names and components it has",
    severity=Severity.MEDIUM,
    standards=(cis("K3s 1.2.4"), soc2("CC8.1")),
    remedy="state cluster-init, tls-san and disable in catalog/k3s.yaml; an empty list of `disable` is a statement",
)
def server(resource: Resource, _: Context) -> Iterator[Problem]:
    """A cluster that begins with SQLite has no snapshots, and what K3s brings by default changes with its releases."""
    config = resource.inputs.at("config")
    stores = [config.has(key, unknown=True) for key in ("cluster-init", "datastore-endpoint", "server")]
    if not any(stores):
        yield config.problem("must be true, or another datastore be named", "cluster-init")
    names = config.at("tls-san")
    if names.value in (None, "", []):
        yield names.problem("must name what the server is reached by")
    elif not isinstance(names.value, str):
        names.items()
    if not config.has("disable", unknown=True):
        yield config.problem("must be stated", "disable")


@rule(
    "K3S-NET-1",
    SERVER,
    title="Traffic between nodes is encrypted, and network policies are enforced",
    severity=Severity.CRITICAL,
    standards=(cis("K3s 5.3.1"), nsa("C-0030"), soc2("CC6.6"), soc2("CC6.7")),
    remedy="keep the mesh of catalog/firewall.yaml, wireguard-native",
)
def mesh(resource: Resource, context: Context) -> Iterator[Problem]:
    """Machines are in different regions: packets of pods cross the internet, and flannel's default hides nothing."""
    config = resource.inputs.at("config")
    if config.text("flannel-backend", unknown=context.facts.firewall.mesh) != context.facts.firewall.mesh:
        yield config.problem("must be the mesh of catalog/firewall.yaml", "flannel-backend")
    if config.flag("disable-network-policy", unknown=False):
        yield config.problem("must be unset or false", "disable-network-policy")
