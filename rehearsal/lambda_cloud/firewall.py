"""Firewall rulesets of the account: one for all regions, and any number for one region each."""

from collections.abc import Mapping
from typing import Any

from rehearsal.lambda_cloud import errors, market, rules
from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.journal import Journal
from rehearsal.lambda_cloud.records import Rule, Ruleset, State, new_id

GLOBAL = "global"
"""Id of the ruleset that reaches every instance."""


class Firewall:
    """The rulesets of an account.

    Args:
        state: the account's.
        clock: its time.
        journal: told what happens.
    """

    def __init__(self, state: State, clock: Clock, journal: Journal) -> None:
        self._state = state
        self._clock = clock
        self._journal = journal

    def all(self) -> list[dict[str, Any]]:
        """Return every regional ruleset as the API shows it."""
        return [self._shown(one) for one in self._state.rulesets.values()]

    def get(self, ruleset_id: str) -> dict[str, Any]:
        """Return a regional ruleset as the API shows it.

        Raises:
            ApiError: when it does not exist.
        """
        return self._shown(self._find(ruleset_id))

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a regional ruleset; its name need not be unique.

        Raises:
            ApiError: when a rule or the region is refused.
        """
        if body["region"] not in market.REGIONS:
            raise errors.invalid(because=f"region: {body['region']} does not exist.")
        made = Ruleset(
            id=new_id(),
            name=body["name"],
            region=body["region"],
            rules=rules.firewall(body["rules"]),
            created=self._clock.now,
        )
        self._state.rulesets[made.id] = made
        self._journal.record("firewall_ruleset", "created", made.id)
        return self._shown(made)

    def change(self, ruleset_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change the name or the rules of a regional ruleset, in place.

        Raises:
            ApiError: when it does not exist or a rule is refused.
        """
        one = self._find(ruleset_id)
        update: dict[str, Any] = {"name": body["name"]} if "name" in body else {}
        if "rules" in body:
            update["rules"] = rules.firewall(body["rules"])
        changed = one.model_copy(update=update)
        self._state.rulesets[one.id] = changed
        self._journal.record("firewall_ruleset", "updated", one.id)
        return self._shown(changed)

    def delete(self, ruleset_id: str) -> dict[str, Any]:
        """Delete a regional ruleset.

        Raises:
            ApiError: when it does not exist or is attached to an instance that is not gone.
        """
        one = self._find(ruleset_id)
        if self._users(one.id):
            raise errors.ruleset_in_use()
        del self._state.rulesets[one.id]
        self._journal.record("firewall_ruleset", "deleted", one.id)
        return {}

    def global_ruleset(self) -> dict[str, Any]:
        """Return the ruleset of all regions as the API shows it."""
        return {"id": GLOBAL, "name": "Default Workspace Global Rules", "rules": self.global_rules()}

    def global_rules(self) -> list[dict[str, Any]]:
        """Return the rules of all regions as the API shows them."""
        return [shown(rule) for rule in self._state.global_rules]

    def set_global_rules(self, wanted: list[Mapping[str, Any]]) -> None:
        """Replace the rules of all regions.

        Raises:
            ApiError: when one is refused.
        """
        self._state.global_rules = rules.firewall(wanted)
        self._journal.record("firewall_ruleset", "updated", GLOBAL)

    def _find(self, ruleset_id: str) -> Ruleset:
        try:
            return self._state.rulesets[ruleset_id]
        except KeyError:
            raise errors.missing(because="Firewall ruleset does not exist or you do not have access to it.") from None

    def _users(self, ruleset_id: str) -> list[str]:
        now = self._clock.now
        instances = self._state.instances.values()
        return [one.id for one in instances if one.holds_resources(now) and ruleset_id in one.rulesets]

    def _shown(self, one: Ruleset) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.name,
            "region": market.region(one.region),
            "rules": [shown(rule) for rule in one.rules],
            "created": self._clock.date(one.created).isoformat(),
            "instance_ids": self._users(one.id),
        }


def shown(rule: Rule) -> dict[str, Any]:
    """Return a rule as the API shows it: without ports where it has none."""
    return rule.model_dump(mode="json", exclude_none=True)
