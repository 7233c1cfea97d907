"""What is done once on the server of a cluster: shell programs that are given to it by standard input."""

from collections.abc import Iterable

JOIN_SECONDS = 180
"""How long nodes may take to join, once there is a server: so long does a run end later where one cannot."""

_AS_ROOT = "sudo -n /bin/sh -s --"
_BEGINNING = """\
set -eu
k3s=/usr/local/bin/k3s
kubectl() { "$k3s" kubectl --request-timeout=10s "$@"; }
say() { echo "$*" >&2; }
"""
# Drains a node only while its kubelet can end pods: those of a dead one are made anew elsewhere once it is deleted.
_LEAVING = """\
node=$1
# Whether it is Ready and its address, with something between them also where there is neither; nothing without a node.
found=$(kubectl get node "$node" --ignore-not-found --output \\
    'jsonpath={.status.conditions[?(@.type=="Ready")].status}/{.status.addresses[?(@.type=="ExternalIP")].address}')
leave() {
    if [ -n "$found" ]; then
        kubectl cordon "$node"
        if [ "${found%%/*}" = True ] && ! "$k3s" kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data \\
            --force --timeout=180s --skip-wait-for-delete-timeout=60; then
            say "$node is not empty after 180 s and stays, cordoned: make room for its pods on other nodes, run again"
            exit 1
        fi
        kubectl delete node "$node" --ignore-not-found
    fi
    # While it is there, no other machine may join under this name.
    kubectl delete secret --namespace kube-system --ignore-not-found "$node.node-password.k3s"
}
"""
_SNAPSHOT = """\
if ! systemctl is-active --quiet k3s; then
    say "K3s does not run here, so there is nothing to take a snapshot of"
    exit 0
fi
"$k3s" etcd-snapshot save --name "before-$1"
"""
_JOINED = """\
end=$(($(date +%s) + $1))
shift
awaited() {
    left=$((end - $(date +%s)))
    [ "$left" -gt 0 ] || return 1
    # Without the limit of other requests: it waits for what it is told, and asks for nothing meanwhile.
    timeout "$left" "$k3s" kubectl wait "--for=$1" "--timeout=${left}s" $nodes >/dev/null 2>&1
}
nodes=
for node in "$@"; do
    nodes="$nodes node/$node"
done
until awaited create && awaited condition=Ready; do
    if [ "$(date +%s)" -ge "$end" ]; then
        ready=" $(kubectl get nodes --no-headers 2>/dev/null | awk '$2 ~ /^Ready/ { printf "%s ", $1 }' || true)"
        missing=
        for node in "$@"; do
            case $ready in
            *" $node "*) ;;
            *) missing="$missing $node" ;;
            esac
        done
        say "not ready in time:$missing; look at the journal of k3s-agent there"
        exit 1
    fi
    # The API server may be away for a moment.
    sleep 1
done
"""
_ARRIVAL = """\
# The same machine, which has joined before.
[ "${found#*/}" != "$2" ] || exit 0
leave
"""
_ANSWERED = """\
if ! kubectl get --raw /readyz >/dev/null 2>&1; then
    say "the API server does not answer: $1 goes without being drained"
    exit 0
fi
"""


SNAPSHOT = _BEGINNING + _SNAPSHOT
"""Takes a snapshot of the datastore."""

JOINED = _BEGINNING + _JOINED
"""Waits until nodes are ready."""

ARRIVAL = _BEGINNING + _LEAVING + _ARRIVAL
"""Makes room for a machine under a node's name: another that had it is emptied and forgotten."""

DEPARTURE = _BEGINNING + _ANSWERED + _LEAVING + "leave\n"
"""Lets a node go: it is cordoned and emptied, then it and its password are deleted."""


def snapshot(version: str) -> str:
    """Return the command for a snapshot before a release.

    >>> snapshot("v1.36.2+k3s1")
    'sudo -n /bin/sh -s -- v1.36.2-k3s1'
    """
    return f"{_AS_ROOT} {version.replace('+', '-')}"


def joined(nodes: Iterable[str]) -> str:
    """Return the command that waits for nodes.

    >>> joined(["a", "b"])
    'sudo -n /bin/sh -s -- 180 a b'
    """
    return " ".join([_AS_ROOT, str(JOIN_SECONDS), *nodes])


def arrival(node: str, address: str) -> str:
    """Return the command for the arrival of a machine with a public address.

    >>> arrival("a", "203.0.113.7")
    'sudo -n /bin/sh -s -- a 203.0.113.7'
    """
    return f"{_AS_ROOT} {node} {address}"


def departure(node: str) -> str:
    """Return the command for the departure of a node.

    >>> departure("a")
    'sudo -n /bin/sh -s -- a'
    """
    return f"{_AS_ROOT} {node}"
