"""What the author of a provider writes: one class per kind of resource."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from providers.kit.model import Model
from providers.kit.operation import Operation

InputsT = TypeVar("InputsT", bound=Model)
OutputsT = TypeVar("OutputsT", bound=Model)
ClientT = TypeVar("ClientT")


@dataclass(frozen=True)
class Created(Generic[OutputsT]):
    """What a create made."""

    id: str
    """The id by which the API knows it; never empty."""
    outputs: OutputsT
    """What the API says about it beyond its inputs."""


@dataclass(frozen=True)
class Live(Generic[InputsT, OutputsT]):
    """What exists: the inputs it would have been made from, and its outputs.

    One that a resource is given comes from recorded state: its fields are not validated, and write-only ones are None.
    """

    inputs: InputsT
    """The inputs, mirrored from what exists."""
    outputs: OutputsT
    """The rest of what is known about it."""


@dataclass(frozen=True)
class Difference:
    """One property that differs between what is wanted and what exists."""

    field: str
    """The input, by its Python name."""
    path: str
    """Where, as a property path with camelCase names: ``rules[0].portRange``."""
    replace: bool
    """Whether the resource has to be replaced for it."""
    kind: Literal["add", "delete", "update"] = "update"
    """What happens to the property."""


class Resource(ABC, Generic[InputsT, OutputsT, ClientT]):
    """One kind of resource; a subclass names its models and client: ``class File(Resource[Inputs, Outputs, Client])``.

    The subclass's docstring is its documentation. Whatever its methods raise but ``ProviderError`` is reported as a
    defect of the provider, without its text. One object serves all operations of a process on its kind.

    Args:
        client: what the provider's ``connect`` gave.
    """

    delete_before_replace: ClassVar[bool] = False
    """Whether a replacement is made after the old one is gone."""
    module: ClassVar[str] = "index"
    """The middle part of its type token."""
    unsettled: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Stable outputs that some changes in place change all the same: the inputs that do so, by output."""
    missing: ClassVar[str] = "look the id up where the resource lives, and import that one"
    """What to do when an import names an id that does not exist."""

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    async def create(self, inputs: InputsT, operation: Operation) -> Created[OutputsT]:
        """Make it; return as soon as an id exists, since an error after that leaves it unrecorded."""

    @abstractmethod
    async def read(
        self, resource_id: str, known: Live[InputsT, OutputsT] | None, operation: Operation
    ) -> Live[InputsT, OutputsT] | None:
        """Return what exists, or None if the API itself says that it does not; in doubt, raise.

        Fields that cannot be read are taken from ``known`` by the kit, whatever is returned in them; but a write-only
        value that is returned is recorded by its fingerprint, so that a change on the other side shows.

        Args:
            resource_id: its id.
            known: what was recorded; None in an import.
            operation: the operation.
        """

    @abstractmethod
    async def update(
        self,
        resource_id: str,
        old: Live[InputsT, OutputsT],
        inputs: InputsT,
        changed: frozenset[str],
        operation: Operation,
    ) -> OutputsT:
        """Change it in place and return all its outputs; not called where only local inputs change.

        Args:
            resource_id: its id.
            old: what was recorded.
            inputs: what is wanted.
            changed: Python names of the inputs that differ.
            operation: the operation.
        """

    @abstractmethod
    async def delete(self, resource_id: str, old: Live[InputsT, OutputsT], operation: Operation) -> None:
        """Remove it; one that is gone already is removed."""

    def differences(
        self,
        new: Mapping[str, Any],  # noqa: ARG002 - for those who override
        live: Live[InputsT, OutputsT],  # noqa: ARG002 - the same
        found: tuple[Difference, ...],
    ) -> Iterable[Difference]:
        """Return what differs: the last word on it, free of calls to the API.

        Args:
            new: what is wanted by Python name, ``UNKNOWN`` where that is not known yet.
            live: what exists, as recorded or just read.
            found: what the kit found by comparing the two.

        Raises:
            ProviderError: what is wanted must not be done; the user sees it in the preview already.
        """
        return found
