"""What every resource on a host has in common: which host, how it is reached, and whether it is."""

from collections.abc import Awaitable
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field

from providers.host.errors import UnreachableError
from providers.kit import LOCAL, REPLACE, Live, Model, ProviderError

InputsT = TypeVar("InputsT", bound="OnHost")
OutputsT = TypeVar("OutputsT", bound=Model)

NO_IMPORT: Final = "declare it and create it: what is there already is taken over as it is"


class Connection(Model):
    """How a host is reached."""

    addresses: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Where it answers, the preferred address first; a later one joins where an earlier one is slow."""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    """The port of its SSH server."""
    user: Annotated[str, Field(min_length=1)] = "ubuntu"
    """Who logs in, and becomes root by sudo."""
    host_key: str = ""
    """The key it must prove to have, in OpenSSH's form; the `Host` has pinned it."""

    @property
    def label(self) -> str:
        """How errors call the host: by its addresses."""
        return " / ".join(self.addresses) or "a host without an address"


class OnHost(Model):
    """What every resource on a host is given."""

    host: Annotated[str, REPLACE, Field(min_length=1)]
    """The id of the `Host` it is on."""
    connection: Annotated[Connection, LOCAL] = Connection()
    """How the host is reached."""
    reachable: Literal[True] = True
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""


class Nothing(Model):
    """A resource of which nothing is known beyond its inputs."""


async def unless_unreachable(known: Live[InputsT, OutputsT], reading: Awaitable[Live[InputsT, OutputsT]]) -> Any:
    """Return what a reading finds, or what was known, marked unreachable, where the host cannot be reached.

    Args:
        known: what was recorded.
        reading: reads what is there.
    """
    try:
        return await reading
    except UnreachableError:
        return Live(known.inputs.model_copy(update={"reachable": False}), known.outputs)


def must_be_known(known: Live[InputsT, OutputsT] | None, kind: str) -> Live[InputsT, OutputsT]:
    """Return what was recorded.

    Raises:
        ProviderError: nothing was: an id does not say how its host is reached.
    """
    if known is None:
        what = f"a {kind} cannot be imported: its id does not say how the host is reached"
        raise ProviderError(what, NO_IMPORT)
    return known
