"""What the loss of one machine means: its pods are given what is free on the others, as the cluster would."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalog.placement import Packing, Unplaced, refused
from catalog.pod import Demand
from catalog.room import Admission, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one loss means."""

    node: str
    """The machine."""
    moved: int
    """Pods that find a place on the others."""
    tied: tuple[str, ...]
    """What keeps data on its disk, and has to be restored elsewhere."""
    homeless: Unplaced | None
    """The first pod that finds no place; None where each does."""
    control_plane: bool
    """Whether the cluster's server is lost with it."""

    @property
    def survives(self) -> bool:
        """Whether everything runs again on the others, nothing being restored."""
        return self.homeless is None and not self.tied and not self.control_plane


def losses(demands: Iterable[Demand], packing: Packing, admission: Admission) -> Iterator[Loss]:
    """Yield what the loss of each machine means, one at a time, by name.

    Args:
        demands: whose pods are placed.
        packing: where; it is afterwards as it was before.
        admission: which nodes may take which pods.
    """
    by_name = {demand.name: demand for demand in demands}
    rooms = {room.node.name: room for room in packing.rooms}
    for lost in packing.rooms:
        held = [(by_name[name], count) for name, count in lost.pods.items()]
        moving = [(one, count) for one, count in held if not one.every_node and not one.pod.disk_gib]
        moving.sort(key=lambda one: (-one[0].pod.gpus, -one[0].pod.millicores, one[0].name))
        moved: list[tuple[Room, Demand]] = []
        homeless = None
        for demand in (one for one, count in moving for _ in range(count)):
            names = admission.names(demand.pod)
            able = (rooms[name] for name in names if name != lost.node.name and rooms[name].has_room(demand.pod))
            room = next(able, None)
            if room is None:
                homeless = refused(demand, (one for one in packing.rooms if one is not lost))
                break
            room.add(demand.pod, demand.name)
            moved.append((room, demand))
        for room, demand in moved:
            room.take(demand.pod, demand.name)
        yield Loss(
            node=lost.node.name,
            moved=len(moved),
            tied=tuple(sorted(one.name for one, _ in held if one.pod.disk_gib)),
            homeless=homeless,
            control_plane=lost.node.k3s == "server",
        )
