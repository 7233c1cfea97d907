"""The machines of a rehearsal: each has its own network, disk, processes and systemd, and all share one kernel."""

from rehearsal.machines.client import Client
from rehearsal.machines.machine import Machine, MachineSpec
from rehearsal.machines.room import Room

__all__ = ["Client", "Machine", "MachineSpec", "Room"]
