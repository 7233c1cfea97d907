"""Recorded inputs, which may hold what a reading found and nobody could declare."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def sound(model: type[ModelT], values: Iterable[Any]) -> tuple[ModelT, ...]:
    """Return those of some recorded values that could be declared.

    Args:
        model: what they are.
        values: as models, or as plain data where they break a rule.
    """
    return tuple(one for value in values if (one := _sound(model, value)) is not None)


def _sound(model: type[ModelT], value: Any) -> ModelT | None:
    try:
        return model.model_validate(plain(value))
    except ValidationError:
        return None


def plain(value: Any) -> Mapping[str, Any]:
    """Return a model or plain data as plain data."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", warnings=False)
    return value if isinstance(value, Mapping) else {}
