"""What happens in an account behind its users' backs: somebody in the console, the vendor, an accident."""

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.lambda_cloud import errors, rules
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.firewall import GLOBAL
from rehearsal.lambda_cloud.records import TERMINATING_SECONDS, Instance, Status, new_id

OWNER_TAG = "pulumi:owner"
"""Key of the tag by which a stack knows its own instances; its value begins with project and stack."""


class Behind:
    """The deeds of others in an account.

    Args:
        account: where they are done.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._state = account.state

    def rename(self, instance_id: str, name: str) -> None:
        """Rename an instance."""
        self._change(instance_id, name=name)
        self._record("renamed", instance_id)

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance at once."""
        one = self._find(instance_id)
        if one.terminated is None:
            self._account.journal.count("lost")
        self._change(instance_id, terminated=self._account.clock.now - TERMINATING_SECONDS)
        self._record("terminated", instance_id)

    def set_status(self, instance_id: str, status: Status) -> None:
        """Make an instance active, unhealthy or preempted, now.

        Raises:
            ApiError: for any other state: those come with time.
        """
        if status not in {Status.ACTIVE, Status.UNHEALTHY, Status.PREEMPTED}:
            raise errors.invalid(because=f"status: {status} comes with time; choose active, unhealthy or preempted.")
        one = self._find(instance_id)
        self._change(instance_id, outcome=status, active=min(one.active, self._account.clock.now))
        self._record(status.value, instance_id)

    def set_address(self, instance_id: str, ip: str) -> None:
        """Give an instance another public address."""
        self._change(instance_id, ip=ip)

    def duplicate(self, instance_id: str, *, tags: bool) -> str:
        """Launch a second instance of the same name, and return its id.

        Args:
            instance_id: the instance whose name it gets.
            tags: whether it gets the tags too.
        """
        ip, private_ip = self._account.instances.next_addresses()
        self._state.addresses += 1
        one = self._find(instance_id)
        update: dict[str, Any] = {"id": new_id(), "ip": ip, "private_ip": private_ip, "born": False, "terminated": None}
        copy = one.model_copy(update=update if tags else {**update, "tags": ()})
        self._state.instances[copy.id] = copy
        self._account.journal.count("foreign")
        self._record("launched", copy.id)
        return copy.id

    def add_rule(self, ruleset_id: str, rule: Mapping[str, Any]) -> None:
        """Add a firewall rule to a ruleset, or to the global one."""
        (added,) = rules.firewall([rule])
        if ruleset_id == GLOBAL:
            self._state.global_rules = (*self._state.global_rules, added)
            return
        one = self._state.rulesets.get(ruleset_id)
        if one is None:
            raise errors.missing(because=f"Firewall ruleset {ruleset_id} does not exist.")
        self._state.rulesets[one.id] = one.model_copy(update={"rules": (*one.rules, added)})

    def set_price(self, instance_type: str, cents: int) -> None:
        """Change what a type costs per hour."""
        if instance_type not in self._state.prices:
            raise errors.missing(because=f"Instance type {instance_type} does not exist.")
        self._state.prices[instance_type] = cents

    def set_capacity(self, instance_type: str, region: str, free: int | None) -> None:
        """Change how many of a type can be launched in a region; None for as many as one likes."""
        if instance_type not in self._state.prices:
            raise errors.missing(because=f"Instance type {instance_type} does not exist.")
        self._state.capacity.setdefault(instance_type, {})[region] = free

    def reset(self, *, names: Iterable[str] = (), ids: Iterable[str] = (), owner: str | None = None) -> None:
        """Leave nothing of one stack in the account.

        Args:
            names: born machines that return to their first state, with the same id and address.
            ids: instances, keys, file systems and rulesets that are removed, whatever uses them; what was born, and
                ``global`` for the global ruleset, returns to its first state.
            owner: project and stack, such as ``sophia/staging``: its instances, known by their tag, are removed, and
                its rulesets, known by the beginning of their names, ``sophia-staging-``.
        """
        listed = set(ids)
        for one in list(self._state.instances.values()):
            if not one.born and (one.id in listed or _belongs(one, owner)):
                self._remove(one)
        wanted = set(names)
        for first in self._state.born_instances.values():
            if (first.name in wanted or first.id in listed) and self._state.instances.get(first.id) != first:
                self._state.instances[first.id] = first
                self._account.journal.count("restored")
        if owner:
            prefix = f"{owner.replace('/', '-')}-"
            listed |= {one.id for one in self._state.rulesets.values() if one.name.startswith(prefix)}
        self._reset_others(listed)

    def _reset_others(self, listed: set[str]) -> None:
        for one in listed:
            self._state.rulesets.pop(one, None)
            self._state.file_systems.pop(one, None)
            self._state.ssh_keys.pop(one, None)
        born = {one: key for one, key in self._state.born_keys.items() if one in listed}
        names = {key.name for key in born.values()}
        for other in [key.id for key in self._state.ssh_keys.values() if key.name in names]:
            del self._state.ssh_keys[other]
        self._state.ssh_keys.update(born)
        if GLOBAL in listed:
            self._state.global_rules = self._state.born_rules

    def _remove(self, one: Instance) -> None:
        del self._state.instances[one.id]
        # One whose end was asked for has been counted already.
        if one.terminated is None:
            self._account.journal.count("removed")
        self._record("terminated", one.id)

    def _find(self, instance_id: str) -> Instance:
        try:
            return self._state.instances[instance_id]
        except KeyError:
            raise errors.missing(because=f"Instance {instance_id} does not exist.") from None

    def _change(self, instance_id: str, **update: Any) -> None:
        self._state.instances[instance_id] = self._find(instance_id).model_copy(update=update)

    def _record(self, action: str, instance_id: str) -> None:
        self._account.journal.record("instance", action, instance_id, by_api=False)


def _belongs(one: Instance, owner: str | None) -> bool:
    return owner is not None and any(tag.key == OWNER_TAG and tag.value.startswith(f"{owner}/") for tag in one.tags)
