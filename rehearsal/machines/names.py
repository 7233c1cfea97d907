"""The names and addresses of everything that machines put into the kernel, so that all of it is found again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

GATEWAY = "169.254.1.1"
"""The address of the router on every link."""

OUTSIDE = "198.19.255.0/24"
"""Where clients have their addresses, which are public: the end of the range for benchmarks (RFC 2544)."""

RUNNER = "198.19.255.10"
"""The address of the runner, from which the engine reaches the machines."""

INTERNET = "198.19.255.53"
"""The address that machines ask for names, and that all names outside have but for those of the next."""

OBJECT_STORAGE = "198.19.255.54"
"""The address of the object storage."""

AUTHORITY = "198.19.255.55"
"""The address of the authority of the platform's zone."""

_NAMESPACES = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one home; no two homes share one.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    def tag(self) -> str:
        """What all of them begin with."""
        return f"sophia-{hashlib.sha256(str(self.home).encode()).hexdigest()[:8]}"

    @property
    def internet(self) -> str:
        """The namespace of the router that all networks meet in."""
        return f"{self.tag}-internet"

    @property
    def runner(self) -> str:
        """The namespace that the engine's connections begin in."""
        return f"{self.tag}-runner"

    def machine(self, machine_id: str) -> str:
        """Return the namespace of a machine."""
        return f"{self.tag}-machine-{machine_id}"

    def client(self, name: str) -> str:
        """Return the namespace of a client."""
        return f"{self.tag}-client-{name}"

    def existing(self) -> tuple[str, ...]:
        """Return every namespace of this home that is there."""
        return tuple(sorted(path.name for path in _NAMESPACES.glob(f"{self.tag}-*")))


def path_of(namespace: str) -> Path:
    """Return the file that a network namespace is entered by."""
    return _NAMESPACES / namespace


def there(namespace: str) -> bool:
    """Return whether there is a network namespace of this name, and not only the file that it was to get."""
    try:
        return path_of(namespace).stat().st_dev != _NAMESPACES.stat().st_dev
    except FileNotFoundError:
        return False


def link_of(namespace: str) -> str:
    """Return the name of the router's end of a namespace's link: at most 15 characters."""
    return f"v{hashlib.sha256(namespace.encode()).hexdigest()[:12]}"
