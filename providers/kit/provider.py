"""What a provider consists of."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from providers.kit.model import Config
from providers.kit.resource import Resource


@dataclass(frozen=True)
class Provider:
    name: str
    version: str
    description: str
    config: type[Config]
    connect: Callable[[Any], AbstractAsyncContextManager[Any]]
    resources: tuple[type[Resource[Any, Any, Any]], ...]
    python_package: str
    concurrency: int = 32
