"""Every step of the engine in every order, with faults in it: no machine is lost, none is launched twice."""

import sys
from contextlib import AbstractContextManager
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rehearsal.lambda_cloud import Fault, FaultKind, Status
from rehearsal.lambda_cloud.faults import possible
from tests.lambda_cloud.engine import Slot
from tests.lambda_cloud.ground import ACCESS, FOREIGN, PING, SSH, WEST, Ground, foreign

MACHINES: Final = ("one", "two", "three")
NAMES: Final = (*MACHINES, "key", "data", "door", "world")
# What each step asks of the API: a fault is aimed at one of them.
OPERATIONS: Final = {
    "Instance": {
        "create": ("launch", "launch", "list-instances", "list-instance-types"),
        "read": ("list-instances",),
        "change": ("list-instances", "rename-instance"),
        "delete": ("terminate", "list-instances"),
    },
    "SshKey": {
        "create": ("add-ssh-key", "list-ssh-keys"),
        "read": ("list-ssh-keys",),
        "change": ("list-ssh-keys", "delete-ssh-key", "add-ssh-key"),
        "delete": ("delete-ssh-key",),
    },
    "Filesystem": {
        "create": ("create-file-system", "list-file-systems"),
        "read": ("list-file-systems",),
        "change": ("list-file-systems",),
        "delete": ("delete-file-system",),
    },
    "FirewallRuleset": {
        "create": ("create-ruleset", "list-rulesets"),
        "read": ("get-ruleset",),
        "change": ("change-ruleset", "get-ruleset"),
        "delete": ("delete-ruleset",),
    },
    "GlobalFirewallRuleset": {
        "create": ("change-global-ruleset", "get-global-ruleset"),
        "read": ("get-global-ruleset",),
        "change": ("change-global-ruleset", "get-global-ruleset"),
        "delete": ("get-global-ruleset",),
    },
}
PROTECTED: Final = {"Instance", "Filesystem"}
CHANGES: Final[dict[str, list[dict[str, Any]]]] = {
    "Instance": [
        {"name": "other"},
        {"name": "another"},
        {"hostname": "host-1"},
        {"hostname": "host-2"},
        {"deletionProtection": True},
        {"deletionProtection": False},
        {"expectedIp": "192.0.2.1"},
        {"expectedIp": None},
    ],
    "SshKey": [{"publicKey": 0}, {"publicKey": 1}],
    "Filesystem": [{"deletionProtection": True}, {"deletionProtection": False}],
    "FirewallRuleset": [{"rules": [SSH]}, {"rules": [SSH, ACCESS]}, {"rules": []}],
    "GlobalFirewallRuleset": [{"rules": [PING, SSH]}, {"rules": [PING, SSH, ACCESS]}],
}

Drawn = tuple[int, FaultKind, int] | None
ANYWHERE: Final = [kind for kind in FaultKind if possible(kind, "list-instances")]

names = st.sampled_from(NAMES)
deeds = st.sampled_from(("nothing", "nothing", "terminate", "rename", "preempted", "unhealthy", "duplicate", "account"))
# Three steps of four carry a fault; one that lasts outlives the provider's own patience.
faults = st.one_of(
    st.none(), *[st.tuples(st.integers(0, 99), st.sampled_from(FaultKind), st.sampled_from((1, 1, 2, 9)))] * 3
)


def aimed(drawn: Drawn, kind: str, verb: str) -> Fault | None:
    """Return a fault that can hit what a step asks of the API, or none."""
    if drawn is None:
        return None
    index, fault, times = drawn
    operations = OPERATIONS[kind][verb]
    operation = operations[index % len(operations)]
    if possible(fault, operation):
        return Fault(fault, times=times, operation=operation)
    return Fault(ANYWHERE[index % len(ANYWHERE)], times=times)


class Faults(RuleBasedStateMachine):
    """One run of the engine's steps over one account.

    Args:
        ground: the account, the provider and the books.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.fake = ground.fake
        self.engine = ground.engine()
        counts = ground.fake.account.state.counts
        self.launched = counts.get("launches", 0)
        self.ended = counts.get("terminations", 0) + counts.get("lost", 0)
        self.foreign_rule = False

    def _kind(self, name: str) -> str:
        return self.engine.program[name].kind

    def _edit(self, name: str, changes: dict[str, Any]) -> None:
        slot = self.engine.program[name]
        self.engine.program[name] = Slot(slot.kind, {**slot.inputs, **changes})

    def _step(self, drawn: Drawn, name: str, verb: str) -> AbstractContextManager[None]:
        """Count a step with a fault that is aimed at what it asks; what is not recorded is created."""
        fault = aimed(drawn, self._kind(name), verb if name in self.engine.state else "create")
        return self.ground.step(f"{verb} {name}", fault)

    @rule(name=names, deed=deeds, fault=faults, crash=st.booleans())
    def up(self, name, deed, fault, crash):
        self._somebody_else(name, deed)
        new = name not in self.engine.state
        with self._step(fault, name, "change"):
            if crash and new:
                self.ground.deed("crash")
            self._refresh_and_up(name, crash=crash)

    @rule(name=names, change=st.integers(0, 7), fault=faults)
    def edit_and_up(self, name, change, fault):
        changes = CHANGES[self._kind(name)]
        change = changes[change % len(changes)]
        with self._step(fault, name, "change"):
            # Who edits what a failed create may have left behind would be told to adopt or terminate it.
            if name not in self.engine.pending:
                index = change.get("publicKey")
                self._edit(name, change if index is None else {"publicKey": self.ground.keys[index]})
            self._refresh_and_up(name, crash=False)

    def _refresh_and_up(self, name: str, *, crash: bool) -> None:
        """Do what `up --refresh` does: a read that fails ends it."""
        if name not in self.engine.state or self.engine.refresh(name):
            self.engine.up(name, crash=crash)

    # What is drawn must not depend on what has happened: a step that is not possible yet is an `up`.

    @rule(name=names, deed=deeds, fault=faults)
    def refresh(self, name, deed, fault):
        self._somebody_else(name, deed)
        with self._step(fault, name, "read"):
            if name in self.engine.state:
                self.engine.refresh(name)
            else:
                self.engine.up(name)

    @rule(name=names, fault=faults, protect=st.booleans())
    def delete(self, name, fault, protect):
        if protect and self._kind(name) in PROTECTED and name in self.engine.state:
            self._edit(name, {"deletionProtection": True})
            self.engine.up(name)
        old = self.engine.state.get(name)
        with self._step(fault, name, "delete"):
            terminations = self.fake.account.state.counts.get("terminations", 0)
            if old is None:
                self.engine.up(name)
                return
            self.engine.delete(name)
            if old.outputs.get("deletionProtection"):
                assert name in self.engine.state, "what is protected was deleted"
                assert self.fake.account.state.counts.get("terminations", 0) == terminations

    @rule(name=names, fault=faults)
    def forget_and_import(self, name, fault):
        old = self.engine.state.pop(name, None)
        with self._step(fault, name, "read"):
            if old is None:
                self.engine.up(name)
            elif not self.engine.adopt(name, old.id):
                self.engine.state[name] = old

    @rule(name=st.sampled_from(MACHINES), deed=deeds, fault=faults)
    def wait_until_ready(self, name, deed, fault):
        self._somebody_else(name, deed)
        with self._step(fault, name, "read"):
            if name not in self.engine.state:
                self.engine.up(name)
                return
            inputs = {"instanceId": self.engine.state[name].id, "timeoutSeconds": 400}
            ready = self.engine.attempt(lambda: self.ground.plugin.create("InstanceReady", inputs, name=name))
            assert ready is None or ready.outputs["ip"]

    def _somebody_else(self, name: str, deed: str) -> None:
        """Let somebody do something behind the provider's back, just before a step."""
        live = self.ground.owned(self.engine).get(name)
        if deed == "account":
            self._change_account()
        elif live and deed != "nothing":
            self._touch(live[0].id, deed)

    def _touch(self, machine: str, deed: str) -> None:
        control = self.fake.control
        if deed == "terminate":
            control.terminate(machine)
        elif deed == "rename":
            control.rename(machine, "somebody else's")
        elif deed != "duplicate":
            control.set_status(machine, Status(deed))
        elif not any(foreign(one) for one in self.fake.account.view().instances):
            control.duplicate(machine)
        self.ground.deed(f"behind the back: {deed}", machine)

    def _change_account(self) -> None:
        """Change one thing after the other: the price, the capacity, somebody's rule for everybody."""
        control, turn = self.fake.control, self.ground.tally.steps % 4
        kind, region = WEST["instanceType"], WEST["region"]
        if turn == 0:
            control.set_price(kind, 129 + self.ground.tally.steps % 50)
        elif turn < 3:
            control.set_capacity(kind, region, 0 if turn == 1 else None)
        elif not self.foreign_rule:
            control.add_rule("global", FOREIGN)
            self.foreign_rule = True
        self.ground.deed(f"behind the back: {('price', 'no capacity', 'capacity', 'rule')[turn]}")

    @invariant()
    def every_machine_is_accounted_for(self) -> None:
        engine, tally = self.engine, self.ground.tally
        # One look at everything: what boots may be preempted between two.
        instances = self.fake.account.view().instances
        owned = self.ground.owned(engine, instances)
        for name, live in owned.items():
            recorded = engine.state.get(name)
            known = live if name in engine.pending else [one for one in live if recorded and one.id == recorded.id]
            tally.orphans += len(live) - len(known)
            tally.doubles += len(live) > 1
        assert (tally.orphans, tally.doubles) == (0, 0), {
            name: [one.id for one in live] for name, live in owned.items()
        }
        counts = self.fake.account.state.counts
        ended = counts.get("terminations", 0) + counts.get("lost", 0) - self.ended
        launched = counts.get("launches", 0) - self.launched
        preempted = sum(one.status is Status.PREEMPTED and not foreign(one) for one in instances)
        assert launched - ended == sum(map(len, owned.values())) + preempted, (launched, ended, preempted)
        assert all(one.live for one in instances if one.born)

    @invariant()
    def nothing_else_is_made_twice_or_lost(self) -> None:
        engine = self.engine
        for kind, ids in self.ground.others().items():
            slots = [name for name, slot in engine.program.items() if slot.kind == kind]
            recorded = {engine.state[name].id for name in slots if name in engine.state}
            assert len(set(ids) - recorded) <= len(engine.pending & set(slots)), (kind, ids, recorded)
        rules = [rule.description for rule in self.fake.account.view().global_rules]
        assert (FOREIGN["description"] in rules) == self.foreign_rule, "a rule of somebody else's was dropped unasked"

    @invariant()
    def no_secret_is_out(self) -> None:
        self.engine.assert_no_secret_is_out()

    def teardown(self):
        """Heal everything and find exactly what is recorded; then delete everything and find nothing."""
        try:
            if not self.ground.failed(sys.exc_info()[1]):
                self._heal()
                self._end()
        except AssertionError as error:
            self.ground.failed(error)
            raise
        finally:
            self.ground.tally.errors += len(self.engine.errors)
            self.ground.clear()

    def _heal(self) -> None:
        self.ground.calm()
        for name in MACHINES:
            self._edit(name, {"expectedIp": None, "deletionProtection": False})
            if name in self.engine.state:
                # What is protected is not replaced in the run that ends its protection.
                self._edit(name, {"hostname": self.engine.state[name].outputs.get("hostname")})
        self._edit("data", {"deletionProtection": False})
        self._edit("world", {"unmanagedRules": "remove"})
        self.foreign_rule = False
        for name in [*self.engine.state, *self.engine.pending]:
            self.engine.heal(name)
        live = {one.id for machines in self.ground.owned(self.engine).values() for one in machines}
        assert live == {self.engine.state[name].id for name in MACHINES if name in self.engine.state}
        self.every_machine_is_accounted_for()
        self.no_secret_is_out()

    def _end(self) -> None:
        for name in list(self.engine.state):
            assert self.engine.delete(name), self.engine.errors[-1]
        assert not self.ground.owned(self.engine)
        assert not any(self.ground.others().values())
