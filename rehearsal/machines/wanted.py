"""Which machines there must be: what the account holds, and what the stacks of a home need of it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rehearsal.home import MACHINES_NEEDED, AccountFolder
from rehearsal.lambda_cloud.market import known
from rehearsal.lambda_cloud.records import Instance, State, Status
from rehearsal.machines.machine import MachineSpec, Size


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine that there must be."""

    spec: MachineSpec
    """The machine."""
    booted: float
    """When it must have been booted last, in the account's time."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that say which machines there must be; each is replaced as a whole.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    def version(self) -> tuple[tuple[str, int, int], ...]:
        """Return what differs when one of them does: as cheap as a look at a directory."""
        return tuple(sorted(self._versions()))

    def wanted(self) -> Mapping[str, Wanted]:
        """Return every machine that there must be, by id.

        Raises:
            ValueError: when the account's file is not one of this version.
        """
        try:
            text = AccountFolder(self.home).state.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        needed = {one for file in self._needs() for one in _read(file)}
        light = AccountFolder(self.home).light_nodes.exists()
        return wanted(State.model_validate_json(text), needed, light=light)

    def _needs(self) -> tuple[str, ...]:
        """Paths as text, because this is asked ten times a second for as long as a rehearsal runs."""
        try:
            return tuple(f"{stack.path}/{MACHINES_NEEDED}" for stack in os.scandir(self.home / "stacks"))
        except FileNotFoundError:
            return ()

    def _versions(self) -> Iterator[tuple[str, int, int]]:
        for file in (str(AccountFolder(self.home).state), *self._needs()):
            with suppress(OSError):
                status = os.stat(file)  # noqa: PTH116 - see above
                yield file, status.st_ino, status.st_mtime_ns


def wanted(state: State, needed: set[str], *, light: bool) -> Mapping[str, Wanted]:
    """Return the machines of an account.

    What was launched is there from then on, until its end is asked for or it is taken away. What the account was born
    with is there while a stack needs it: nobody is served by machines that nobody looks at.

    Args:
        state: the account.
        needed: ids of instances that stacks need.
        light: whether their nodes shall be light ones.
    """
    return {
        one.id: Wanted(_spec(one, state, light=light), one.active)
        for one in state.instances.values()
        if one.terminated is None and one.outcome is not Status.PREEMPTED and (not one.born or one.id in needed)
    }


def _spec(one: Instance, state: State, *, light: bool) -> MachineSpec:
    keys = {key.name: key.public_key for key in (*state.born_keys.values(), *state.ssh_keys.values())}
    return MachineSpec(
        id=one.id,
        name=one.hostname,
        region=one.region,
        public=one.ip,
        private=one.private_ip,
        authorized_keys=tuple(keys[name] for name in one.ssh_key_names if name in keys),
        size=_size(one.type, light=light),
    )


def _size(instance_type: str, *, light: bool) -> Size:
    kind = known().instance_types[instance_type]
    return Size(
        architecture=kind.architecture.value,
        vcpus=kind.vcpus or 0,
        memory_mib=(kind.memory_gib or 0) * 1024,
        disk_gib=kind.disk_gib or 0,
        gpus=kind.gpu.count if kind.gpu else 0,
        gpu=kind.gpu.model if kind.gpu else "",
        nodes="light" if light else "full",
    )


def _read(file: str) -> list[str]:
    try:
        return [str(one) for one in json.loads(Path(file).read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []  # its stack is on its way out
