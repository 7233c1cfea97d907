"""The account as it is born: like the real one."""

from catalog.machine import Lifecycle
from rehearsal.lambda_cloud import market
from rehearsal.lambda_cloud.keys import pair
from rehearsal.lambda_cloud.records import Instance, Rule, SshKey, State, new_id

SSH_KEY = "sophia2025"
"""Name of the SSH key that the live machines were launched with, whatever the catalog wants of new ones."""

# What the account lets in today, whatever the catalog wants of it.
_RULES = (
    Rule(protocol="icmp", source_network="0.0.0.0/0", description="Ping"),
    Rule(protocol="tcp", port_range=(22, 22), source_network="0.0.0.0/0", description="SSH"),
)


def empty() -> State:
    """Return an account without machines and keys, its firewall as every new account's."""
    return State(prices=market.prices(), capacity=market.capacity(), global_rules=_RULES, born_rules=_RULES)


def born() -> tuple[State, str]:
    """Return an account with the live machines, their SSH key and the firewall, and the key's private half."""
    private, public = pair()
    key = SshKey(id=new_id(), name=SSH_KEY, public_key=public)
    machines = {one.id: one for one in _live_machines()}
    state = empty()
    state.instances.update(machines)
    state.born_instances.update(machines)
    state.ssh_keys[key.id] = key
    state.born_keys[key.id] = key
    return state, private


def _live_machines() -> list[Instance]:
    live = {
        name: machine
        for name, machine in market.known().machines.items()
        if machine.lifecycle in {Lifecycle.PINNED, Lifecycle.REPLACEABLE} and machine.expected_ip
    }
    return [
        Instance(
            id=new_id(),
            name=name,
            type=machine.instance_type,
            region=machine.region,
            ssh_key_names=(SSH_KEY,),
            hostname=name,
            born=True,
            launched=0.0,
            active=0.0,
            ip=str(machine.expected_ip),
            ip_known=0.0,
            # From the far end of the range that launched machines count up from.
            private_ip=f"10.31.255.{number}",
            private_ip_known=0.0,
        )
        for number, (name, machine) in enumerate(live.items(), start=1)
    ]
