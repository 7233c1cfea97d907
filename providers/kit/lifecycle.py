"""Check, diff, create, read, update and delete, from the engine's side: values in, values out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from providers.kit.answers import Answers
from providers.kit.checking import Checked, Failure, check, suggestion
from providers.kit.comparison import UNKNOWN_PROPERTIES, compare, without_ignored
from providers.kit.errors import ProviderError
from providers.kit.model import LOCAL, REPLACE, Model
from providers.kit.operation import Operation
from providers.kit.provider import Kind
from providers.kit.resource import Difference, Resource
from providers.kit.session import Session
from providers.kit.values import Values, partial


@dataclass(frozen=True)
class Record:
    """What the engine has recorded of a resource."""

    outputs: Values
    """Its outputs, which hold its inputs too."""
    inputs: Values
    """Its inputs."""


@dataclass(frozen=True)
class Differences:
    """What differs, and what it takes."""

    final: tuple[Difference, ...]
    """What differs, by the resource's own last word."""
    changed: frozenset[str]
    """Names on the wire of the inputs that differ."""
    local: bool
    """Whether all of it concerns the provider only, so that no API is called."""
    uncertain: bool
    """Whether a value that is not known yet may turn out to replace the resource, so that nothing of it stays."""


class Lifecycle:
    """The life of one resource.

    Args:
        session: the process's configuration and client.
        operation: what is being done to the resource.

    Raises:
        ProviderError: the provider has no such kind of resource.
    """

    def __init__(self, session: Session, operation: Operation) -> None:
        self._session = session
        self._operation = operation
        self.kind = _kind(session, operation.token)
        self._answers = Answers(self.kind, session.fingerprints)

    def check(self, given: Values) -> Checked:
        """Return inputs as they go on, and everything that is wrong with them."""
        checked = check(self.kind.inputs, given)
        failures = (*checked.failures, *self._without_key(checked.values))
        return Checked(checked.values, failures, None if failures else checked.model)

    def differences(self, record: Record, wanted: Values, ignored: Sequence[str]) -> Differences:
        """Return what differs between what is recorded and what is wanted.

        Args:
            record: what is recorded.
            wanted: wanted inputs.
            ignored: property paths that do not count.
        """
        shape = self.kind.inputs
        compared = compare(shape, record.outputs.plain, record.inputs.plain, wanted, self._session.fingerprints)
        found = without_ignored(compared, ignored, shape)
        final = found
        if self.kind.resource.differences is not Resource.differences:
            live = self._answers.live(record.outputs.plain)
            said = self._resource().differences(shape.values(wanted.plain, absent=False), live, found)
            final = without_ignored(said, ignored, shape)
        changed = frozenset(shape.wires.get(difference.field, difference.field) for difference in final)
        uncertain = any(
            REPLACE in prop.marks and prop.wire in changed and partial(wanted.plain.get(prop.wire))
            for prop in shape.properties
        )
        return Differences(final, changed, self._local(final, found), uncertain)

    async def create(self, given: Values, *, preview: bool) -> tuple[str, Values]:
        """Return the id and outputs of what is made; in a preview nothing is, and there is no id."""
        values, model = self._valid(given, preview=preview)
        echo = self._answers.echo(values)
        if preview:
            return "", echo
        async with self._session.working():
            created = await self._resource().create(model, self._operation)
        if not created.id:
            msg = f"create of {self.kind.name} gave no id"
            raise TypeError(msg)
        return created.id, self._answers.complete(echo, created.outputs)

    async def read(self, resource_id: str, record: Record) -> tuple[Values, Values] | None:
        """Return outputs and inputs of what exists; None if what is recorded does not exist any more.

        Raises:
            ProviderError: it is to be imported and does not exist: an empty answer would import nothing and say it did.
        """
        recorded = record.outputs.plain or record.inputs.plain
        known = self._answers.live(recorded) if recorded else None
        async with self._session.working():
            found = await self._resource().read(resource_id, known, self._operation)
        if found is not None:
            return self._answers.read(found, record.outputs, record.inputs)
        if known is None:
            what = f"no {self.kind.name} has the id {resource_id!r}"
            raise ProviderError(what, self.kind.resource.missing)
        return None

    async def update(
        self, resource_id: str, record: Record, given: Values, ignored: Sequence[str], *, preview: bool
    ) -> Values:
        """Return the outputs after a change in place; in a preview those that are known already."""
        values, model = self._valid(given, preview=preview)
        differences = self.differences(record, values, ignored)
        unknown = set(record.outputs.plain.get(UNKNOWN_PROPERTIES) or ()) - differences.changed
        echo = self._answers.echo(values, unknown)
        echo = self._answers.renewed(echo, record.outputs, record.inputs, differences.changed)
        if differences.local:
            return self._answers.kept(echo, record.outputs, self.kind.outputs.by_wire)
        if preview:
            return self._answers.kept(
                echo, record.outputs, () if differences.uncertain else self.kind.stable(differences.changed)
            )
        live = self._answers.live(record.outputs.plain)
        changed = frozenset(difference.field for difference in differences.final)
        async with self._session.working():
            outputs = await self._resource().update(resource_id, live, model, changed, self._operation)
        return self._answers.complete(echo, outputs)

    async def delete(self, resource_id: str, record: Record) -> None:
        """Remove what is recorded."""
        live = self._answers.live(record.outputs.plain)
        async with self._session.working():
            await self._resource().delete(resource_id, live, self._operation)

    def _resource(self) -> Resource[Model, Model, object]:
        return self._session.resource(self.kind.resource)

    def _valid(self, given: Values, *, preview: bool) -> tuple[Values, Model]:
        checked = self.check(given)
        if checked.failures:
            what = "; ".join(str(failure) for failure in checked.failures)
            what = f"{self._operation.name}: {what}"
            raise ProviderError(what, "correct it in the program and run again")
        if checked.model is None and not preview:
            what = f"{self._operation.name}: a value is still unknown"
            raise ProviderError(what, "report it: only a preview may")
        return checked.values, checked.model or self.kind.inputs.lenient(checked.values.plain)

    def _without_key(self, values: Values) -> Iterator[Failure]:
        """Refuse write-only values that nothing could be recorded of."""
        if self._session.configured and self._session.fingerprints.key is None:
            package = self._session.provider.name
            for name in sorted(self.kind.write_only & values.plain.keys()):
                remedy = f"give it: pulumi config set --secret {package}:fingerprintKey, with 32 random bytes in hex"
                yield Failure("", f"{name}: only its fingerprint is recorded, and there is no key for one; {remedy}")

    def _local(self, final: Iterable[Difference], found: Sequence[Difference]) -> bool:
        """Return whether the provider alone is concerned: local inputs that the kit found to differ."""
        marks = {prop.name: prop.marks for prop in self.kind.inputs.properties}
        own = {id(difference) for difference in found}
        return all(id(one) in own and LOCAL in marks[one.field] for one in final)


def _kind(session: Session, token: str) -> Kind:
    kinds = session.provider.kinds
    if token not in kinds:
        what = f"{session.provider.name} has no resource {token}"
        raise ProviderError(what, suggestion(token, kinds))
    return kinds[token]
