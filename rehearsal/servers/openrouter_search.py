"""Language models that are offered."""

from dataclasses import dataclass

TITLE = "OpenRouter search"


@dataclass(frozen=True)
class Model:
    """One language model."""

    id: str
    """Its id."""
    context_tokens: int
    """How many tokens it takes."""
    usd_per_million_tokens: float
    """What a million tokens cost, in dollars."""


_MODELS = (Model("sample/small", 32_000, 0.2), Model("sample/large", 200_000, 3.0))


def search_models(query: str) -> list[Model]:
    """Find models by a part of their id."""
    return [model for model in _MODELS if query.lower() in model.id]


def compare_models(model_ids: list[str]) -> list[Model]:
    """Compare models, the cheapest first."""
    return sorted((one for one in _MODELS if one.id in model_ids), key=lambda one: one.usd_per_million_tokens)


READS = (search_models, compare_models)
WRITES = ()
