"""The rows of what ``capacity`` answers."""

from ops.row import Row


class Amounts(Row):
    """An amount of everything a node has."""

    millicores: int
    """CPU in thousandths of a core."""
    mebibytes: int
    """Memory in MiB."""
    gpus: int
    """GPU shares."""
    pods: int
    """Pods."""
    disk_gib: int | None
    """Disk in GiB; null where no source records it."""


class RoomRow(Row):
    """One node: what pods may use of it, and what is left."""

    name: str
    """Name of the node."""
    instance_type: str
    """Type of its machine."""
    role: str
    """What it is for."""
    allocatable: Amounts
    """What pods may use."""
    left: Amounts
    """What is left while every workload runs at its floor."""
    left_grown: Amounts | None
    """The same under full load; null where not all pods fit then."""
    pods: dict[str, int]
    """Pods on it at the floors, by what they belong to."""


class LossRow(Row):
    """What happens when one machine is lost."""

    node: str
    """The machine."""
    moved: int
    """Pods that find a place on the others."""
    tied: tuple[str, ...]
    """What keeps data on its disk, and has to be restored elsewhere."""
    homeless: str
    """The first pod that finds no place, and why; empty where each does."""
    survives: bool
    """Whether everything runs again on the others, nothing being restored."""


class QuotaRow(Row):
    """One item of the quota of a namespace."""

    quota: str
    """Namespace and name of the quota."""
    item: str
    """What is counted; CPU in millicores and memory in MiB."""
    hard: int
    """How much there may be."""
    floors: int
    """How much there is while every workload runs at its floor."""
    full_load: int
    """How much there is under full load."""
