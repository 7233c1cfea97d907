"""The object storage of a home: a real S3 server outside of the machines, under the name that the catalog gives it."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.object_storage import ObjectStorage
from rehearsal import configuration, outside
from rehearsal.home import AccountFolder, Folder, private, stacks, write_private
from rehearsal.machines import Room
from rehearsal.machines.names import OBJECT_STORAGE

NAME = "object-storage"
"""The name under which its process is found again."""

PROGRAM = "versitygw"
"""The program that serves it."""


@dataclass(frozen=True, slots=True)
class StorageHost:
    """The host that has it; what it holds lies in its folder and outlives it.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    def folder(self) -> Path:
        """Everything it owns on disk."""
        return AccountFolder(self.home).path / NAME

    @property
    def authority(self) -> Path:
        """The certificate, in PEM, of the authority that signed its own; it is there once it was declared."""
        return self.folder / "ca.pem"

    @property
    def buckets(self) -> Path:
        """One directory per bucket."""
        return self.folder / "buckets"

    @property
    def names(self) -> Mapping[str, str]:
        """Its address by its names: clients name a bucket before the endpoint's name, or after it."""
        declared = self._declared()
        if declared is None:
            return {}
        # Those of its buckets one by one too: workloads are led to them, and of two names the whole one counts.
        whole = {host for one in declared.buckets.values() for stack in one.names for host in declared.hosts(stack)}
        return dict.fromkeys((f"*.{declared.endpoint}", *sorted(whole)), OBJECT_STORAGE)

    def declare(self, storage: ObjectStorage, program: Path) -> None:
        """Remember what it is from its next start on, with a certificate for its name.

        Args:
            storage: what the catalog says of it.
            program: the server's program.
        """
        private(self.folder)
        before = self._declared()
        if before is None or before.endpoint != storage.endpoint or not self.authority.exists():
            self._certify(storage.endpoint)
        if before != storage:
            write_private(self._file, storage.model_dump_json())
        if not self._program.is_symlink() or self._program.readlink() != program.resolve():
            fresh = self._program.with_name(f".{PROGRAM}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(program.resolve())
            fresh.replace(self._program)

    def start(self, room: Room) -> None:
        """Make it serve what it held; nothing happens before it was declared.

        Args:
            room: where the machines are.

        Raises:
            RehearsalError: when it does not start.
        """
        declared = self._declared()
        if declared is None:
            return
        self.admit()
        told = ("--name", declared.endpoint, "--region", declared.region, "--folder", str(self.folder))
        # Not the link: another program under it is another command, and restarts what runs.
        program = (str(self._program.readlink()), "--address", OBJECT_STORAGE, *told)
        outside.start(AccountFolder(self.home), room, NAME, OBJECT_STORAGE, program)

    def admit(self) -> None:
        """Make every stack of the home that has drawn its secrets have its buckets, and nobody else any."""
        declared = self._declared()
        if declared is None:
            return
        present = [
            (Folder(self.home, stack), buckets, buckets.names[stack])
            for stack in stacks(self.home)
            for buckets in declared.buckets.values()
            if stack in buckets.names
        ]
        accounts = {
            key: {"secret": configuration.secret(folder, buckets.secret_access_key), "bucket": name}
            for folder, buckets, name in present
            if (key := configuration.secret(folder, buckets.access_key_id))
        }
        write_private(self.folder / "accounts.json", json.dumps(accounts))
        held = {name for _, _, name in present}
        for bucket in self.buckets.glob("*"):
            if bucket.name not in held:
                shutil.rmtree(bucket)

    @property
    def _file(self) -> Path:
        return self.folder / "declared.json"

    @property
    def _program(self) -> Path:
        return self.folder / PROGRAM

    def _declared(self) -> ObjectStorage | None:
        if not self._file.exists():
            return None
        return ObjectStorage.model_validate_json(self._file.read_text(encoding="utf-8"))

    def _certify(self, endpoint: str) -> None:
        import trustme  # noqa: PLC0415 - a tenth of a second, needed once

        authority = trustme.CA(organization_name="The rehearsal's object storage")
        certificate = authority.issue_cert(endpoint, f"*.{endpoint}")
        write_private(self.folder / "key.pem", certificate.private_key_pem.bytes().decode())
        chain = "".join(one.bytes().decode() for one in certificate.cert_chain_pems)
        write_private(self.folder / "certificate.pem", chain)
        write_private(self.authority, authority.cert_pem.bytes().decode())
