"""The rules of the router between all machines, as text for nft."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from rehearsal.machines.machine import MachineSpec
from rehearsal.machines.names import OUTSIDE, Names, link_of

_TABLE = "sophia_rehearsal"


def ruleset(names: Names, machines: Iterable[MachineSpec], clients: Mapping[str, str]) -> str:
    """Return the whole ruleset of a router; loading it replaces the one before at once.

    Public addresses are translated one to one, so that no machine sees its own. Private ones reach their own region
    alone. Who is reached by a public address, or is outside, sees the public address of who speaks.

    Args:
        names: names of the home.
        machines: every machine; of several with one address the last has it.
        clients: addresses of everything else, by namespace.
    """
    spaces = {names.machine(machine.id): machine for machine in machines}
    private_of = {machine.public: machine.private for machine in spaces.values()}
    public_of = {machine.private: machine.public for machine in spaces.values()}
    regions: defaultdict[str, set[str]] = defaultdict(set)
    for machine in spaces.values():
        regions[machine.region].add(machine.private)
    senders = {**{space: machine.private for space, machine in spaces.items()}, **clients}
    own = [f'"{link_of(space)}" . {address}' for space, address in senders.items()]
    # Beside the range for whatever is outside, hosts there that have an address of their own.
    beside = sorted(one for one in clients.values() if IPv4Address(one) not in IPv4Network(OUTSIDE))
    outside = ", ".join([OUTSIDE, *beside])
    within = "\n".join(_region(sorted(addresses)) for _, addresses in sorted(regions.items()))
    return f"""\
table ip {_TABLE}
delete table ip {_TABLE}
table ip {_TABLE} {{
  map private_of {{ type ipv4_addr : ipv4_addr; {_elements(private_of)} }}
  map public_of {{ type ipv4_addr : ipv4_addr; {_elements(public_of)} }}
  set own {{ type ifname . ipv4_addr; {_listed(own)} }}
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    dnat to ip daddr map @private_of
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ct status dnat snat to ip saddr map @public_of
    ip daddr {{ {outside} }} snat to ip saddr map @public_of
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    iifname . ip saddr != @own drop
    ct state established,related accept
    ct status dnat accept
    ip daddr {{ {outside} }} accept
{within}
  }}
}}
"""


def _region(addresses: list[str]) -> str:
    listed = ", ".join(addresses)
    return f"    ip saddr {{ {listed} }} ip daddr {{ {listed} }} accept"


def _elements(pairs: Mapping[str, str]) -> str:
    return _listed([f"{key} : {value}" for key, value in sorted(pairs.items())])


def _listed(elements: list[str]) -> str:
    return f"elements = {{ {', '.join(elements)} }}" if elements else ""
