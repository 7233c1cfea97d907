"""What the engine is told: every answer holds all inputs, and marks its secrets again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from providers.kit.comparison import UNKNOWN_PROPERTIES, same
from providers.kit.fingerprint import Fingerprints
from providers.kit.marking import marked
from providers.kit.model import WRITE_ONLY, Model
from providers.kit.provider import Kind
from providers.kit.resource import Live
from providers.kit.values import Values, partial


@dataclass(frozen=True)
class Answers:
    """Puts answers about one kind of resource together.

    Args:
        kind: the kind.
        fingerprints: stands in for write-only values.
    """

    kind: Kind
    fingerprints: Fingerprints

    def live(self, recorded: Mapping[str, Any]) -> Live[Any, Any]:
        """Return what recorded outputs say exists."""
        return Live(self.kind.inputs.lenient(recorded), self.kind.outputs.lenient(recorded))

    def echo(self, inputs: Values, unknown: Collection[str] = ()) -> Values:
        """Return inputs as outputs.

        Args:
            inputs: the inputs, normalised and marked.
            unknown: names on the wire of those that nothing is known of since an import.
        """
        plain = {key: value for key, value in inputs.plain.items() if key not in unknown}
        for name in self.kind.write_only & plain.keys():
            value = plain.pop(name)
            fingerprint = None if partial(value) else self._fingerprint(name, value)
            if fingerprint is not None:
                plain[name] = fingerprint
        return self._sealed(self._told(plain), unknown, inputs)

    def renewed(self, echo: Values, recorded: Values, before: Values, changed: Collection[str]) -> Values:
        """Return inputs as outputs, with the recorded fingerprints of write-only values that have not changed.

        One that was made under another key is made again where the recorded input is still the one wanted.

        Args:
            echo: the wanted inputs as outputs.
            recorded: recorded outputs.
            before: recorded inputs.
            changed: names on the wire of the inputs that differ.
        """
        plain = dict(echo.plain)
        for name in (self.kind.write_only & plain.keys() & recorded.plain.keys()) - set(changed):
            value = before.plain.get(name)
            if value is None or self._fingerprint(name, value) != plain[name]:
                plain[name] = recorded.plain[name]
        return Values(self._told(plain), echo.secrets)

    def complete(self, echo: Values, outputs: Model) -> Values:
        """Return the outputs of a resource: its inputs and what it has beyond them."""
        return marked(self.kind.secrets, {**echo.plain, **self.kind.outputs.dump(outputs)}, echo)

    def kept(self, echo: Values, recorded: Values, names: Iterable[str]) -> Values:
        """Return the inputs with some of the recorded outputs."""
        plain = {name: recorded.plain[name] for name in names if name in recorded.plain}
        secrets = frozenset(path for path in recorded.secrets if path[0] in plain)
        return marked(self.kind.secrets, {**echo.plain, **plain}, echo, Values(plain, secrets))

    def read(self, found: Live[Any, Any], recorded: Values, before: Values) -> tuple[Values, Values]:
        """Return outputs and inputs of what a read found, in that order.

        Args:
            found: what the read found.
            recorded: recorded outputs; empty in an import.
            before: recorded inputs; empty in an import.
        """
        shape = self.kind.inputs
        unknown = recorded.plain.get(UNKNOWN_PROPERTIES) or ()
        if not recorded.plain and not before.plain:
            unknown = self.kind.unreadable
        outputs = shape.dump(found.inputs)
        inputs = dict(outputs)
        for prop in shape.properties:
            if WRITE_ONLY in prop.marks and outputs.get(prop.wire) is not None:
                # Readable all the same: its fingerprint is that of what is there, and only that is recorded of it.
                unknown = [name for name in unknown if name != prop.wire]
                _carry(outputs, prop.wire, self._fingerprint(prop.wire, outputs[prop.wire]), None)
                _carry(inputs, prop.wire, before.plain.get(prop.wire), None)
            elif prop.carried:
                _carry(outputs, prop.wire, recorded.plain.get(prop.wire), None if prop.unreadable else prop.default)
                _carry(inputs, prop.wire, before.plain.get(prop.wire), None)
            elif prop.wire not in before.plain and same(inputs.get(prop.wire), prop.default):
                inputs.pop(prop.wire, None)
        outputs |= self.kind.outputs.dump(found.outputs)
        return self._sealed(self._told(outputs), unknown, recorded, before), marked(
            shape.secrets, inputs, before, recorded
        )

    def _told(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return outputs with the fingerprints where the engine shows them."""
        named = [(prop.wire, prop.fingerprints) for prop in self.kind.inputs.properties if prop.fingerprints]
        shown = {told: plain[name] for name, told in named if isinstance(plain.get(name), Mapping)}
        return {**plain, **shown}

    def _fingerprint(self, name: str, value: Any) -> str | dict[str, str] | None:
        """Return what outputs hold of a write-only value."""
        if self.kind.inputs.by_wire[name].keyed and isinstance(value, Mapping):
            return self.fingerprints.of_each(value)
        return self.fingerprints.of(value)

    def _sealed(self, plain: dict[str, Any], unknown: Collection[str], *records: Values) -> Values:
        """Return outputs with their secrets marked; fingerprints are none."""
        if self.kind.unreadable:
            plain[UNKNOWN_PROPERTIES] = sorted(unknown)
        sealed = marked(self.kind.secrets, plain, *records)
        return Values(plain, frozenset(path for path in sealed.secrets if path[0] not in self.kind.write_only))


def _carry(plain: dict[str, Any], name: str, recorded: Any, default: Any) -> None:
    value = default if recorded is None else recorded
    plain.pop(name, None)
    if value is not None:
        plain[name] = value
