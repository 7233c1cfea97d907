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
password=$node.node-password.k3s
# The node, whether it is Ready, and its address; then its password, which may be left of one that was.
of='{.kind}/{.status.conditions[?(@.type=="Ready")].status}/{.status.addresses[?(@.type=="ExternalIP")].address} '
found=$(kubectl get --namespace kube-system --ignore-not-found "node/$node" "secret/$password" \\
    --output "jsonpath={range .items[*]}$of{end}")
leave() {
    case $found in
    Node/*)
        kubectl cordon "$node"
        if [ "${found#Node/True/}" != "$found" ] && ! "$k3s" kubectl drain "$node" --ignore-daemonsets \\
            --delete-emptydir-data --force --timeout=180s --skip-wait-for-delete-timeout=60; then
            say "$node is not empty after 180 s and stays, cordoned: make room for its pods on other nodes, run again"
            exit 1
        fi
        kubectl delete node "$node" --ignore-not-found
        ;;
    esac
    # While it is there, no other machine may join under this name.
    [ -z "$found" ] || kubectl delete secret --namespace kube-system --ignore-not-found "$password"
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
missing=$*
without() {
    for one in $missing; do
        [ "$one" = "$1" ] || printf '%s ' "$one"
    done
}
watched=$(mktemp -d)
trap 'rm -rf "$watched"' EXIT
mkfifo "$watched/nodes"
while [ -n "$missing" ]; do
    left=$((end - $(date +%s)))
    if [ "$left" -le 0 ]; then
        say "not ready in time: ${missing% }; look at the journal of k3s-agent there"
        exit 1
    fi
    # One request tells every change of every node, for as long as the API server is there.
    timeout "$left" "$k3s" kubectl get nodes --watch --no-headers >"$watched/nodes" 2>/dev/null &
    while [ -n "$missing" ] && read -r name status _; do
        case $status in
        Ready*) missing=$(without "$name") ;;
        esac
    done <"$watched/nodes"
    kill $! 2>/dev/null || true
    wait
    [ -z "$missing" ] || sleep 1
done
"""
_ARRIVAL = """\
# The same machine, which has joined before.
case $found in
Node/*/"$2 "*) exit 0 ;;
esac
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
