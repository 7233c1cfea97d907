"""Instances of the account, from launch to what is remembered of them."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.lambda_cloud import errors, market, rules
from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.journal import Journal
from rehearsal.lambda_cloud.market import Market
from rehearsal.lambda_cloud.records import Instance, Mount, State, Status, Tag, new_id

PUBLIC = tuple(
    ipaddress.IPv4Network(text) for text in ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24", "198.18.0.0/15")
)
"""Where launched machines get their addresses: the ranges for documentation (RFC 5737), then the one for benchmarks
(RFC 2544)."""

_PRIVATE = ipaddress.IPv4Network("10.16.0.0/12")
_IP_AFTER_SECONDS = 20.0
_PRIVATE_IP_AFTER_SECONDS = 10.0
_RESTART_SECONDS = 60.0
_ACTIONS = ("migrate", "rebuild", "restart", "cold_reboot", "terminate")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an instance that is launched."""

    ip: bool = True
    """Whether its public address is ever told."""
    private_ip: bool = True
    """Whether its private address is ever told."""
    outcome: Status = Status.ACTIVE
    """What it is when it has booted: active, unhealthy or preempted."""
    capacity: bool = True
    """Whether there is a machine, whatever the list of types said before."""


class Instances:
    """The instances of an account.

    Args:
        state: the account's.
        clock: its time.
        journal: told what happens.
        offers: what can be launched.
    """

    def __init__(self, state: State, clock: Clock, journal: Journal, offers: Market) -> None:
        self._state = state
        self._clock = clock
        self._journal = journal
        self._market = offers

    def all(self) -> list[dict[str, Any]]:
        """Return every instance that is not terminated, as the API shows it."""
        now = self._clock.now
        return [self.shown(one) for one in self._state.instances.values() if one.status(now) is not Status.TERMINATED]

    def get(self, instance_id: str) -> dict[str, Any]:
        """Return an instance as the API shows it, a terminated one for as long as it is remembered.

        Raises:
            ApiError: when it does not exist.
        """
        one = self._state.instances.get(instance_id)
        forgotten = one and one.terminated is not None
        if one is None or (forgotten and self._clock.now > (one.terminated or 0.0) + self._state.remember_seconds):
            raise errors.missing(because="Specified instance does not exist.")
        return self.shown(one)

    def rename(self, instance_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Rename an instance.

        Raises:
            ApiError: when it does not exist or is terminated.
        """
        one = self._alive(instance_id)
        if "name" in body:
            one = one.model_copy(update={"name": body["name"]})
            self._state.instances[one.id] = one
            self._journal.record("instance", "renamed", one.id)
        return self.shown(one)

    def launch(self, body: Mapping[str, Any], fate: Fate) -> dict[str, Any]:
        """Launch one instance and return its id.

        Args:
            body: a request that the contract has passed.
            fate: what becomes of it.

        Raises:
            ApiError: when something it names does not exist or is elsewhere, or quota or capacity is used up.
        """
        rules.quantity(body)
        made = self._requested(body, fate)
        now = self._clock.now
        if sum(one.holds_resources(now) for one in self._state.instances.values()) >= self._state.quota:
            raise errors.quota_exceeded(self._state.quota)
        if not fate.capacity:
            raise errors.no_capacity()
        self._market.take(made.type, made.region)
        self._state.addresses += 1
        self._state.instances[made.id] = made
        self._journal.record("instance", "launched", made.id)
        self._journal.count("launches")
        return {"instance_ids": [made.id]}

    def terminate(self, ids: Iterable[str]) -> dict[str, Any]:
        """Begin to terminate instances; one that is terminating already stays so.

        Raises:
            ApiError: when one does not exist or is terminated; then none is touched.
        """
        found = [self._alive(one) for one in dict.fromkeys(ids)]
        for one in found:
            if one.terminated is None:
                self._state.instances[one.id] = one.model_copy(update={"terminated": self._clock.now})
                self._journal.record("instance", "terminated", one.id)
                self._journal.count("terminations")
        return {"terminated_instances": [self.shown(self._state.instances[one.id]) for one in found]}

    def restart(self, ids: Iterable[str]) -> dict[str, Any]:
        """Restart instances, which heals an unhealthy one.

        Raises:
            ApiError: when one does not exist or another action runs on it; then none is touched.
        """
        now = self._clock.now
        found = [self._alive(one) for one in dict.fromkeys(ids)]
        busy = [one.id for one in found if one.status(now) not in {Status.ACTIVE, Status.UNHEALTHY}]
        if busy:
            raise errors.conflict(because=f"Another action is in progress on {', '.join(busy)}.")
        for one in found:
            update = {"active": now + _RESTART_SECONDS, "outcome": Status.ACTIVE}
            self._state.instances[one.id] = one.model_copy(update=update)
            self._journal.record("instance", "restarted", one.id)
        return {"restarted_instances": [self.shown(self._state.instances[one.id]) for one in found]}

    def next_addresses(self) -> tuple[str, str]:
        """Return a public and a private address that no instance has had."""
        index = self._state.addresses
        private = str(_PRIVATE[index + 1])
        for network in PUBLIC:
            usable = network.num_addresses - 2
            if index < usable:
                return str(network[index + 1]), private
            index -= usable
        message = f"{self._state.addresses} launches have used every address; start with a new account"
        raise RuntimeError(message)

    def shown(self, one: Instance) -> dict[str, Any]:
        """Return an instance as the API shows it now."""
        now = self._clock.now
        status = one.status(now)
        view: dict[str, Any] = {
            "id": one.id,
            "status": status.value,
            "ssh_key_names": list(one.ssh_key_names),
            "file_system_names": [self._file_system_name(mount) for mount in one.mounts],
            "region": market.region(one.region),
            "instance_type": self._market.type(one.type),
            "actions": _actions(status),
            "hostname": one.hostname,
            "tags": [tag.model_dump() for tag in one.tags],
            "firewall_rulesets": [{"id": ruleset} for ruleset in one.rulesets],
        }
        if one.name is not None:
            view["name"] = one.name
        if one.mounts:
            view["file_system_mounts"] = [mount.model_dump() for mount in one.mounts]
        if one.ip_known is not None and now >= one.ip_known:
            view["ip"] = one.ip
        if one.private_ip_known is not None and now >= one.private_ip_known:
            view["private_ip"] = one.private_ip
        if status is Status.ACTIVE:
            view["jupyter_token"] = one.jupyter_token
            view["jupyter_url"] = f"https://jupyter-{one.id}.lambdaspaces.invalid/?token={one.jupyter_token}"
        return view

    def _requested(self, body: Mapping[str, Any], fate: Fate) -> Instance:
        kind, region, now = body["instance_type_name"], body["region_name"], self._clock.now
        self._check_names(kind, region, body["ssh_key_names"])
        image = market.find_image(body.get("image", {}), kind, region)
        active = now + self._market.boot_seconds(kind)
        ip, private_ip = self.next_addresses()
        return Instance(
            id=new_id(),
            name=body.get("name"),
            type=kind,
            region=region,
            ssh_key_names=tuple(body["ssh_key_names"]),
            mounts=self._mounts(body, region),
            hostname=body.get("hostname") or ip.replace(".", "-"),
            tags=tuple(Tag(**tag) for tag in body.get("tags", [])),
            rulesets=self._rulesets(body, region),
            image=image,
            user_data_bytes=len(body.get("user_data", "").encode()),
            launched=now,
            active=active,
            ip=ip,
            ip_known=active + _IP_AFTER_SECONDS if fate.ip else None,
            private_ip=private_ip,
            private_ip_known=active + _PRIVATE_IP_AFTER_SECONDS if fate.private_ip else None,
            outcome=fate.outcome,
        )

    def _check_names(self, kind: str, region: str, keys: Iterable[str]) -> None:
        # The description lists 400 and 404 for a launch that names what is not there: this fake answers 400 for what
        # names itself and 404 for what has an id, so that a client meets both.
        if kind not in self._state.prices:
            raise errors.missing(because=f"Instance type {kind} does not exist.", status=400)
        if region not in market.REGIONS:
            raise errors.missing(because=f"Region {region} does not exist.", status=400)
        known = {key.name for key in self._state.ssh_keys.values()}
        for name in keys:
            if name not in known:
                raise errors.missing(because=f"SSH key {name} does not exist.", status=400)

    def _mounts(self, body: Mapping[str, Any], region: str) -> tuple[Mount, ...]:
        by_name = {one.name: one for one in self._state.file_systems.values()}
        points: dict[str, str] = {}
        for name in body.get("file_system_names", []):
            if name not in by_name:
                raise errors.missing(because=f"Filesystem {name} was not found.", status=400)
            points[by_name[name].id] = f"/lambda/nfs/{name}"
        points |= {mount["file_system_id"]: mount["mount_point"] for mount in body.get("file_system_mounts", [])}
        for one in points:
            found = self._state.file_systems.get(one)
            if found is None:
                raise errors.missing(because=f"Filesystem {one} was not found.")
            if found.region != region:
                raise errors.wrong_region(found.name, region)
        return tuple(Mount(file_system_id=one, mount_point=point) for one, point in points.items())

    def _rulesets(self, body: Mapping[str, Any], region: str) -> tuple[str, ...]:
        ids = tuple(entry["id"] for entry in body.get("firewall_rulesets", []))
        for one in ids:
            found = self._state.rulesets.get(one)
            if found is None:
                raise errors.missing(because=f"Firewall ruleset {one} does not exist.")
            if found.region != region:
                raise errors.invalid(because=f"firewall_rulesets: {one} is in {found.region}, not in {region}.")
        return ids

    def _alive(self, instance_id: str) -> Instance:
        one = self._state.instances.get(instance_id)
        if one is None or one.status(self._clock.now) is Status.TERMINATED:
            raise errors.missing(because="Specified instance does not exist.")
        return one

    def _file_system_name(self, mount: Mount) -> str:
        found = self._state.file_systems.get(mount.file_system_id)
        return found.name if found else mount.file_system_id


def _actions(status: Status) -> dict[str, Any]:
    reason = {
        Status.BOOTING: "vm-has-not-launched",
        Status.TERMINATING: "vm-is-terminating",
        Status.TERMINATED: "vm-is-terminating",
        Status.PREEMPTED: "vm-is-terminating",
    }.get(status)
    free: dict[str, Any] = {"available": True}
    if reason:
        blocked = {"available": False, "reason_code": reason, "reason_description": f"The instance is {status.value}."}
        return dict.fromkeys(_ACTIONS, blocked) | ({"terminate": free} if status is Status.BOOTING else {})
    return dict.fromkeys(_ACTIONS, free)
