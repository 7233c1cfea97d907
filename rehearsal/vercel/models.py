"""What several resources have in common: inputs that are not stood in for, and what is mirrored of what exists."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import model_validator

from providers.kit import Model

M = TypeVar("M", bound="Inputs")


class Inputs(Model):
    """Inputs of one resource, as the wheel has them."""

    refused: ClassVar[tuple[str, ...]] = ()
    """Those that are not stood in for."""

    @model_validator(mode="after")
    def _is_stood_in_for(self) -> Self:
        given = [name for name in self.refused if getattr(self, name) is not None]
        if given:
            message = f"{', '.join(given)}: not stood in for in the rehearsal; leave it out there"
            raise ValueError(message)
        return self


def mirrored(model: type[M], found: Mapping[str, Any], known: M | None) -> M:
    """Return inputs as they would have to be for what exists.

    What was never asked for is the API's own to choose, and so no difference; an import shows all of it.

    Args:
        model: the inputs' class.
        found: what exists, by Python name.
        known: the inputs that were recorded; None in an import.
    """
    if known is None:
        return model.model_validate({name: value for name, value in found.items() if value is not None})
    asked = {name: value for name, value in found.items() if getattr(known, name) is not None}
    return known.model_copy(update=asked)
