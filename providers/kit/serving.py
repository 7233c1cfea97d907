"""Serving a provider to the engine."""

from collections.abc import Sequence
from providers.kit.provider import Provider


def serve(provider: Provider, argv: Sequence[str]) -> None:
    """Serve."""
