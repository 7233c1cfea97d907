"""The endpoints of the API: which operation each is, and what it does to the account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.lambda_cloud import market
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.instances import Fate


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the contract has passed.

    Args:
        account: what it is about.
        id: the id in its path; empty where its path has none.
        query: its query.
        body: its body.
        fate: what becomes of an instance that it launches.
    """

    account: Account
    id: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    fate: Fate


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint.

    Args:
        operation: its name in the contract.
        method: its method.
        path: its path below ``/api/v1``.
        act: does what it asks for and returns the ``data`` of the answer.
        reads: whether it changes nothing.
    """

    operation: str
    method: str
    path: str
    act: Callable[[Call], Any]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"


def _set_rules(call: Call) -> Any:
    call.account.firewall.set_global_rules(call.body["data"])
    return call.account.firewall.global_rules()


def _change_global(call: Call) -> Any:
    call.account.firewall.set_global_rules(call.body["rules"])
    return call.account.firewall.global_ruleset()


def _instances(call: Call) -> Any:
    # No instance of this account belongs to a cluster.
    return [] if "cluster_id" in call.query else call.account.instances.all()


ROUTES = (
    Route("list-instance-types", "GET", "/instance-types", lambda c: c.account.market.types()),
    Route("list-regions", "GET", "/regions", lambda _: [market.region(name) for name in market.REGIONS]),
    Route("list-images", "GET", "/images", lambda _: list(market.images())),
    Route("list-instances", "GET", "/instances", _instances),
    Route("get-instance", "GET", "/instances/{id}", lambda c: c.account.instances.get(c.id)),
    Route("rename-instance", "POST", "/instances/{id}", lambda c: c.account.instances.rename(c.id, c.body)),
    Route("launch", "POST", "/instance-operations/launch", lambda c: c.account.instances.launch(c.body, c.fate)),
    Route(
        "terminate",
        "POST",
        "/instance-operations/terminate",
        lambda c: c.account.instances.terminate(c.body["instance_ids"]),
    ),
    Route(
        "restart", "POST", "/instance-operations/restart", lambda c: c.account.instances.restart(c.body["instance_ids"])
    ),
    Route("list-ssh-keys", "GET", "/ssh-keys", lambda c: c.account.ssh_keys.all()),
    Route("add-ssh-key", "POST", "/ssh-keys", lambda c: c.account.ssh_keys.add(c.body)),
    Route("delete-ssh-key", "DELETE", "/ssh-keys/{id}", lambda c: c.account.ssh_keys.delete(c.id)),
    # The API spells the list with a hyphen, and the other two without.
    Route("list-file-systems", "GET", "/file-systems", lambda c: c.account.file_systems.all()),
    Route("create-file-system", "POST", "/filesystems", lambda c: c.account.file_systems.create(c.body)),
    Route("delete-file-system", "DELETE", "/filesystems/{id}", lambda c: c.account.file_systems.delete(c.id)),
    Route("list-firewall-rules", "GET", "/firewall-rules", lambda c: c.account.firewall.global_rules()),
    Route("set-firewall-rules", "PUT", "/firewall-rules", _set_rules),
    Route("list-rulesets", "GET", "/firewall-rulesets", lambda c: c.account.firewall.all()),
    Route("create-ruleset", "POST", "/firewall-rulesets", lambda c: c.account.firewall.create(c.body)),
    # Before the ones with an id: the first path that matches is taken.
    Route("get-global-ruleset", "GET", "/firewall-rulesets/global", lambda c: c.account.firewall.global_ruleset()),
    Route("change-global-ruleset", "PATCH", "/firewall-rulesets/global", _change_global),
    Route("get-ruleset", "GET", "/firewall-rulesets/{id}", lambda c: c.account.firewall.get(c.id)),
    Route("change-ruleset", "PATCH", "/firewall-rulesets/{id}", lambda c: c.account.firewall.change(c.id, c.body)),
    Route("delete-ruleset", "DELETE", "/firewall-rulesets/{id}", lambda c: c.account.firewall.delete(c.id)),
    Route("list-audit-events", "GET", "/audit-events", lambda c: c.account.journal.page(c.query)),
)
"""Every endpoint; ``/fabric`` and ``/tickets`` are not there."""
