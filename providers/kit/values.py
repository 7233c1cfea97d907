"""Values as they travel between the engine and a provider, as plain Python data."""

from enum import Enum
from typing import Final


class Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
