"""What a machine is, as it is kept beside its disk."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from rehearsal.error import RehearsalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a machine is said to be, whatever this computer is; zero and empty mean this computer's own.

    It stands in the machine's `/etc/rehearsal/machine.json`, where its node reads it.
    """

    architecture: str = ""
    """Processor architecture, as Kubernetes names it; of another than this computer's, the node is a light one."""
    vcpus: int = 0
    """Virtual CPUs."""
    memory_mib: int = 0
    """RAM in MiB."""
    disk_gib: int = 0
    """Local disk in GiB."""
    gpus: int = 0
    """GPUs."""
    gpu: str = ""
    """Model of the GPUs."""
    nodes: Literal["full", "light"] = "full"
    """Whether its node runs pods, or is an object only."""

    def text(self) -> str:
        """Return it as the machine reads it."""
        return json.dumps(asdict(self), indent=1) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSpec:
    """A machine as it shall be.

    Raises:
        RehearsalError: when its id or its name could not be a part of a path or a host name.
    """

    id: str
    """Its id: letters, digits and hyphens."""
    name: str
    """Its host name."""
    region: str
    """Its region: private addresses reach each other within one alone."""
    public: str
    """Its public IPv4 address; the machine does not see it, its router translates."""
    private: str
    """The IPv4 address of its eth0."""
    authorized_keys: tuple[str, ...] = ()
    """Public keys that open it for the user ubuntu, at its first boot."""
    size: Size = Size()
    """What it is said to be, from its next boot on."""

    def __post_init__(self) -> None:
        for what in (self.id, self.name):
            if not what or len(what) > 63 or not what.replace("-", "").isalnum() or not what.isascii():  # noqa: PLR2004
                message = f"machine {what!r}: must be letters, digits and hyphens, at most 63; choose another name"
                raise RehearsalError(message)

    def text(self) -> str:
        """Return it as it is kept."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, text: str) -> "MachineSpec":
        """Return what was kept."""
        values = json.loads(text)
        size = Size(**values.pop("size", {}))
        return cls(**{**values, "authorized_keys": tuple(values["authorized_keys"]), "size": size})


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as it is."""

    spec: MachineSpec
    """What it was made from."""
    init: int | None
    """The number, outside, of its first process; absent when it does not run."""

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.init is not None
