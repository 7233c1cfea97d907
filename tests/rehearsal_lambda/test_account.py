"""Whatever is done to the account in whatever order, its books balance and its answers keep the contract."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from rehearsal.lambda_cloud import Account, contract
from rehearsal.lambda_cloud.behind import Behind
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.instances import Fate
from rehearsal.lambda_cloud.records import Status

FATES = st.builds(
    Fate,
    ip=st.booleans(),
    private_ip=st.booleans(),
    outcome=st.sampled_from([Status.ACTIVE, Status.UNHEALTHY, Status.PREEMPTED]),
)


def refusal(act: Callable[[], Any]) -> str | None:
    try:
        act()
    except ApiError as error:
        return error.code
    return None


class AccountMachine(RuleBasedStateMachine):
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.account = Account.born()
        self.behind = Behind(self.account)

    @rule(target=ids, fate=FATES, kind=st.sampled_from(["cpu_4x_general", "gpu_1x_a10", "gpu_2x_a6000"]))
    def launch(self, fate: Fate, kind: str) -> Any:
        key = {"ssh_key_names": ["sophia2025"], "region_name": "us-west-1", "instance_type_name": kind}
        made = ["none"]
        code = refusal(lambda: made.extend(self.account.instances.launch(key, fate)["instance_ids"]))
        assert code in {None, "global/quota-exceeded"}
        return made[-1]

    @rule(one=ids)
    def terminate(self, one: str) -> None:
        self.attempt(lambda: self.account.instances.terminate([one]))

    @rule(one=ids)
    def restart(self, one: str) -> None:
        self.attempt(lambda: self.account.instances.restart([one]))

    @rule(one=ids)
    def lose(self, one: str) -> None:
        self.attempt(lambda: self.behind.terminate(one))

    @rule(one=ids, status=st.sampled_from([Status.ACTIVE, Status.UNHEALTHY, Status.PREEMPTED]))
    def fall_ill(self, one: str, status: Status) -> None:
        self.attempt(lambda: self.behind.set_status(one, status))

    @rule(target=ids, one=ids)
    def duplicate(self, one: str) -> Any:
        made = ["none"]
        self.attempt(lambda: made.append(self.behind.duplicate(one, tags=True)))
        return made[-1]

    @rule(one=consumes(ids))
    def remove(self, one: str) -> None:
        self.behind.reset(ids=[one])

    @rule(seconds=st.floats(min_value=0.0, max_value=700.0))
    def wait(self, seconds: float) -> None:
        self.account.clock.advance(seconds)

    @invariant()
    def the_books_balance(self) -> None:
        counts = self.account.counters()
        gone = counts["terminations"] + counts["lost"] + counts["removed"]
        assert counts["launches"] + counts["foreign"] - gone == counts["live"]

    @invariant()
    def answers_keep_the_contract(self) -> None:
        contract.check_answer("list-instances", {"data": self.account.instances.all()})

    @invariant()
    def no_two_instances_share_an_address(self) -> None:
        addresses = [one.ip for one in self.account.state.instances.values()]
        assert len(addresses) == len(set(addresses))

    @invariant()
    def born_machines_are_untouched(self) -> None:
        now = self.account.clock.now
        assert all(one.status(now) is Status.ACTIVE for one in self.account.state.instances.values() if one.born)

    @staticmethod
    def attempt(act: Callable[[], Any]) -> None:
        assert refusal(act) in {None, "global/object-does-not-exist", "global/conflict"}


AccountMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestAccount = AccountMachine.TestCase
