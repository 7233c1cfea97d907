"""The models a provider is written in, and the marks that say how a field behaves."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from typing_extensions import override


class Mark(Enum):
    """How a field behaves; written in ``Annotated`` around the whole type of the field."""

    REPLACE = auto()
    SECRET = auto()
    WRITE_ONLY = auto()
    UNREADABLE = auto()
    LOCAL = auto()
    STABLE = auto()


REPLACE = Mark.REPLACE
"""Another value of this input replaces the resource."""

SECRET = Mark.SECRET
"""The value is encrypted in state, and marked again in every answer."""

WRITE_ONLY = Mark.WRITE_ONLY
"""The value is secret and can never be read back; outputs hold its fingerprint only."""

UNREADABLE = Mark.UNREADABLE
"""The API never returns this input: what was recorded is carried over; after an import it is unknown."""

LOCAL = Mark.LOCAL
"""Only the provider uses this input: a change of it is an update that calls no API."""

STABLE = Mark.STABLE
"""This output survives an update in place, so it stays known in the preview of one."""


@dataclass(frozen=True)
class Environment:
    """Names the environment variable that gives a configuration field its value where configuration gives none.

    It is read when the provider is configured and never stored.

    Args:
        name: name of the variable.
    """

    name: str


class Model(BaseModel):
    """A frozen model whose fields are camelCase on the wire; a field's docstring is its documentation."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    @override
    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            hidden = name in fields and {SECRET, WRITE_ONLY} & {m for m in fields[name].metadata if isinstance(m, Mark)}
            yield name, "[secret]" if hidden and value is not None else value


class Config(Model):
    """Configuration of a provider; subclass it to add fields."""

    fingerprint_key: Annotated[str | None, SECRET, Field(min_length=16)] = None
    """Key under which write-only values are fingerprinted, so that a change of one shows without storing it."""
