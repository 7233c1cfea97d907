"""Native Pulumi providers from pydantic models; ``README.md`` explains it by one complete example."""

from providers.kit.address import secure_address
from providers.kit.comparison import differing
from providers.kit.errors import ProviderError, UndisclosedError
from providers.kit.model import (
    LOCAL,
    REPLACE,
    SECRET,
    STABLE,
    UNREADABLE,
    WRITE_ONLY,
    Config,
    Environment,
    Model,
)
from providers.kit.operation import Operation
from providers.kit.pace import Pace
from providers.kit.provider import Provider
from providers.kit.resource import Created, Difference, Live, Resource
from providers.kit.serving import serve
from providers.kit.values import UNKNOWN

__all__ = [
    "LOCAL",
    "REPLACE",
    "SECRET",
    "STABLE",
    "UNKNOWN",
    "UNREADABLE",
    "WRITE_ONLY",
    "Config",
    "Created",
    "Difference",
    "Environment",
    "Live",
    "Model",
    "Operation",
    "Pace",
    "Provider",
    "ProviderError",
    "Resource",
    "UndisclosedError",
    "differing",
    "secure_address",
    "serve",
]
