"""What the engine does with a provider: a program, a state, and one step at a time, each of which may fail."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from providers.kit.testing import Plugin, PluginError, Secret, State

T = TypeVar("T")
Inputs = Mapping[str, Any]

# Every error of ours says what and then what to do; anything else is a defect.
DEFECTS: Final = ("internal error", "Traceback", "Unexpected <class", ".py:")


@dataclass(frozen=True)
class Slot:
    """A resource of the program."""

    kind: str
    """Its kind."""
    inputs: Inputs
    """What it is declared as."""


@dataclass
class Engine:
    """A program, what is recorded of it, and the plugin that both go through.

    Args:
        plugin: the provider, configured.
        program: what is declared, by name.
        canaries: what no error, output or log may hold.
    """

    plugin: Plugin
    program: dict[str, Slot]
    canaries: Callable[[], set[str]]
    state: dict[str, State] = field(default_factory=dict)
    """What is recorded, by name."""
    pending: set[str] = field(default_factory=set)
    """What a create that failed or was not recorded may have left behind."""
    errors: list[str] = field(default_factory=list)
    """What the user was told, in order."""
    _heard: int = 0

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Return what a step gives, or none where it fails; it may fail only in words of ours."""
        try:
            return step()
        except PluginError as error:
            text = str(error)
            self.errors.append(text)
            assert "; " in text, f"no remedy: {text}"
            assert not any(defect in text for defect in DEFECTS), text
            return None

    def up(self, name: str, *, crash: bool = False) -> bool:
        """Make a resource what is declared, and tell whether that is done.

        Args:
            name: the resource.
            crash: whether the engine dies between the answer to a create and writing it down.
        """
        slot = self.program[name]
        checked = self.plugin.check(slot.kind, slot.inputs, name=name)
        assert not checked.failures, checked.failures
        old = self.state.get(name)
        if old is None:
            return self._create(name, checked.inputs, crash=crash)
        diff = self.attempt(
            lambda: self.plugin.diff(slot.kind, old.id, old.outputs, checked.inputs, old_inputs=old.inputs, name=name)
        )
        if diff is None:
            return False
        if diff.replaces:
            assert diff.delete_before_replace, "a replacement beside the old machine costs twice"
            return self.delete(name) and self._create(name, checked.inputs, crash=crash)
        return self._update(name, old, checked.inputs) if diff.changes else True

    def _create(self, name: str, inputs: Inputs, *, crash: bool) -> bool:
        self.pending.add(name)
        made = self.attempt(lambda: self.plugin.create(self.program[name].kind, inputs, name=name))
        if made is None or crash:
            return False
        assert made.id
        self._record(name, made)
        return True

    def _update(self, name: str, old: State, inputs: Inputs) -> bool:
        kind = self.program[name].kind
        new = self.attempt(
            lambda: self.plugin.update(kind, old.id, old.outputs, inputs, old_inputs=old.inputs, name=name)
        )
        if new is not None:
            self._record(name, new)
        return new is not None

    def refresh(self, name: str) -> bool:
        """Record what is live, and tell whether that is known now."""
        old, kind = self.state[name], self.program[name].kind
        live = self.attempt(lambda: self.plugin.read(kind, old.id, old.outputs, old.inputs, name=name))
        if live is None:
            return False
        if live.id:
            self._record(name, live)
        else:
            del self.state[name]
        return True

    def adopt(self, name: str, resource_id: str) -> bool:
        """Import a resource by its id, as a user does who follows an error's advice."""
        kind = self.program[name].kind
        live = self.attempt(lambda: self.plugin.read(kind, resource_id, name=name))
        if live is not None:
            assert live.id == resource_id, "an import that finds nothing must say so"
            self._record(name, live)
        return live is not None

    def delete(self, name: str) -> bool:
        """Delete a resource, and tell whether it is gone."""
        old, kind = self.state[name], self.program[name].kind

        def step() -> bool:
            self.plugin.delete(kind, old.id, old.outputs, name=name)
            return True

        if self.attempt(step) is None:
            return False
        del self.state[name]
        return True

    def heal(self, name: str) -> None:
        """Bring a resource back to what is declared, without faults; an error's advice to adopt is followed."""
        if name in self.state:
            assert self.refresh(name), self.errors[-1]
        if not self.up(name):
            advice = re.search(r"\b([0-9a-f]{32}|global)\b.*adopt|adopt.*\b([0-9a-f]{32}|global)\b", self.errors[-1])
            assert advice, self.errors[-1]
            assert self.adopt(name, advice[1] or advice[2]), self.errors[-1]
            assert self.up(name), self.errors[-1]

    def assert_no_secret_is_out(self) -> None:
        """Look for the canaries in what the provider has said since the last look, and in all that is recorded."""
        said, self._heard = self.errors[self._heard :], len(self.errors)
        told = json.dumps([self.plugin.printed, said, [_open(one) for one in self.state.values()]])
        for canary in self.canaries():
            assert canary not in told, "a secret is in the state, an error or the log"

    def _record(self, name: str, state: State) -> None:
        self.state[name] = state
        self.pending.discard(name)


def _open(state: State) -> Any:
    """Return what of a state is not encrypted."""

    def readable(value: Any) -> Any:
        if isinstance(value, Secret):
            return "[secret]"
        if isinstance(value, Mapping):
            return {key: readable(item) for key, item in value.items()}
        return [readable(item) for item in value] if isinstance(value, list | tuple) else value

    return [state.id, readable(state.outputs), readable(state.inputs)]
