"""A provider's process, driven as an engine drives it."""

from collections.abc import Mapping
from typing import Any

from providers.kit.testing import Plugin, State


class Provided:
    """The plugin, as an engine uses it: what is declared is checked first, and state is kept.

    Args:
        plugin: its process.
        kind: the kind of resource where none is named.
    """

    def __init__(self, plugin: Plugin, kind: str) -> None:
        self.plugin, self._kind = plugin, kind

    def checked(self, declared: Mapping[str, Any], kind: str | None = None) -> Mapping[str, Any]:
        """Return what is declared with everything explicit."""
        found = self.plugin.check(kind or self._kind, declared)
        assert not found.failures, (declared, found.failures)
        return found.inputs

    def refusal(self, declared: Mapping[str, Any], kind: str | None = None) -> str:
        """Return what is wrong with what is declared."""
        failures = self.plugin.check(kind or self._kind, declared).failures
        return "; ".join(f"{path}: {reason}" if path else reason for path, reason in failures.items())

    def create(self, declared: Mapping[str, Any], kind: str | None = None) -> State:
        return self.plugin.create(kind or self._kind, self.checked(declared, kind))

    def refresh(self, state: State, kind: str | None = None) -> State:
        return self.plugin.read(kind or self._kind, state.id, state.outputs, state.inputs)

    def diff(self, state: State, declared: Mapping[str, Any], kind: str | None = None) -> Any:
        wanted = self.checked(declared, kind)
        return self.plugin.diff(kind or self._kind, state.id, state.outputs, wanted, old_inputs=state.inputs)

    def update(self, state: State, declared: Mapping[str, Any], kind: str | None = None) -> State:
        wanted = self.checked(declared, kind)
        return self.plugin.update(kind or self._kind, state.id, state.outputs, wanted, old_inputs=state.inputs)

    def delete(self, state: State, kind: str | None = None) -> None:
        self.plugin.delete(kind or self._kind, state.id, state.outputs)
