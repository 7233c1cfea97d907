"""The networks that machines are on: a router like Lambda's, and a link from it to every machine and client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearsal.machines.command import run
from rehearsal.machines.conntrack import forget_connections
from rehearsal.machines.machine import MachineSpec
from rehearsal.machines.names import GATEWAY, RUNNER, Names, link_of, path_of, there
from rehearsal.machines.ruleset import ruleset


@dataclass(frozen=True, slots=True)
class Network:
    """The networks of one home; whoever changes them holds the room's lock.

    No route leads from there to the network of this computer.

    Args:
        names: names of the home.
    """

    names: Names

    def create(self) -> None:
        """Make the router and the runner, where they are missing.

        Raises:
            RehearsalError: when the kernel refuses.
        """
        internet = self.names.internet
        if not there(internet):
            _add(internet)
        if not there(self.names.runner):
            # Again after a crash that fell between the two: every line says what shall be, not what changes.
            within = ("nsenter", f"--net={path_of(internet)}")
            _ip(internet, "link set lo up", f"address replace {GATEWAY}/32 dev lo", "route replace blackhole default")
            run([*within, "tee", "/proc/sys/net/ipv4/ip_forward"], text="1")
            _add(self.names.runner)
        self.attach(self.names.runner, RUNNER)

    def attach(self, namespace: str, address: str) -> None:
        """Give a namespace a link to the router, an address and the way to all others; the namespace is made too.

        Raises:
            RehearsalError: when the kernel refuses.
        """
        internet, link = self.names.internet, link_of(namespace)
        if not there(namespace):
            _add(namespace)
        if f"{link}@" not in run(["ip", "-n", internet, "-oneline", "link"]):
            _ip(internet, f"link add {link} type veth peer name eth0 netns {namespace}")
        _ip(
            namespace,
            "link set lo up",
            f"address replace {address}/32 dev eth0",
            "link set eth0 up",
            f"route replace {GATEWAY} dev eth0 scope link",
            f"route replace default via {GATEWAY} dev eth0 src {address}",
        )
        _ip(internet, f"link set {link} up", f"route replace {address}/32 dev {link}")

    def detach(self, namespace: str) -> None:
        """Delete a namespace with its link; nothing happens when there is none.

        Raises:
            RehearsalError: when the kernel refuses.
        """
        if namespace not in self.names.existing():
            return
        internet, link = self.names.internet, link_of(namespace)
        if there(internet) and f"{link}@" in run(["ip", "-n", internet, "-oneline", "link"]):
            # Here and now: the kernel deletes a namespace some time after its name.
            _ip(internet, f"link delete {link}")
        run(["ip", "netns", "delete", namespace])

    def rule(self, machines: Sequence[MachineSpec], clients: Mapping[str, str], *, forget: bool) -> None:
        """Make the router translate and separate for exactly these.

        Args:
            machines: every machine.
            clients: addresses of the clients, by namespace.
            forget: whether connections of before must be forgotten, because an address is another's or nobody's now.

        Raises:
            RehearsalError: when the kernel refuses.
        """
        text = ruleset(self.names, machines, {self.names.runner: RUNNER, **clients})
        run(["nsenter", f"--net={path_of(self.names.internet)}", "nft", "--file", "-"], text=text)
        if forget:
            forget_connections(self.names.internet)

    def remove(self) -> None:
        """Delete every namespace of the home; nothing runs in them."""
        for namespace in self.names.existing():
            run(["ip", "netns", "delete", namespace])


def _add(namespace: str) -> None:
    # An interruption may have left its file alone.
    path_of(namespace).unlink(missing_ok=True)
    run(["ip", "netns", "add", namespace])


def _ip(namespace: str, *lines: str) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")
