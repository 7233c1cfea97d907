"""A public SSH key of the account."""

import asyncio
import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field
from typing_extensions import override

from providers.kit import (
    REPLACE,
    STABLE,
    Created,
    Live,
    Model,
    Operation,
    ProviderError,
    Resource,
    UndisclosedError,
)
from providers.lambda_cloud import answers
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.creation import create_once
from providers.lambda_cloud.errors import ApiError

LONGEST_KEY: Final = 4096
NOT_FOUND: Final = 404
EXAMPLE = "ssh-ed25519 AAAA... (one line of a .pub file)"


def key_text(line: str) -> str:
    """Return type and key of a line of `authorized_keys`, without its comment.

    Raises:
        UndisclosedError: when it is no public key; nobody repeats it, because it may be a private one.
    """
    if "PRIVATE KEY" in line:
        message = f"this is a private key: give the public half, {EXAMPLE}, and consider the private one disclosed"
        raise UndisclosedError(message)
    match line.split():
        case [kind, text, *_] if "\n" not in line.strip() and _says(text) == kind:
            return f"{kind} {text}"
    message = f"this is not one public key in OpenSSH's form; give {EXAMPLE}"
    raise UndisclosedError(message)


def _says(text: str) -> str | None:
    """Return the type that an encoded key names in its first field (RFC 4253, section 6.6); none when it is no key."""
    try:
        blob = b64decode(text, validate=True)
        size = int.from_bytes(blob[:4], "big")
        return blob[4 : 4 + size].decode("ascii")
    except (binascii.Error, ValueError):
        return None


def fingerprint(public_key: str) -> str | None:
    """Return the fingerprint of a key as `ssh-keygen -l` shows it; none of what is no key in OpenSSH's form."""
    try:
        digest = hashlib.sha256(b64decode(key_text(public_key).split()[1])).digest()
    except ValueError:
        return None
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


class SshKeyInputs(Model):
    """What an SSH key is declared as."""

    name: Annotated[str, REPLACE, Field(min_length=1, max_length=64)]
    """What instances call it by."""
    public_key: Annotated[str, REPLACE, Field(max_length=LONGEST_KEY), AfterValidator(key_text)]
    """The public half, as one line in OpenSSH's form; its comment is dropped."""


class SshKeyOutputs(Model):
    """What is known of an SSH key beyond its inputs."""

    fingerprint: Annotated[str | None, STABLE] = None
    """`SHA256:` and 43 characters, as `ssh-keygen -l` shows it; none of a kind that OpenSSH does not know."""


class SshKey(Resource[SshKeyInputs, SshKeyOutputs, Client]):
    """A public SSH key of the account, which instances name at launch.

    Machines that were launched with a key keep it, whatever becomes of it here. A key is known by its text: one that
    the account already has is adopted with `import_`, never added twice. Lambda is never asked to make a pair.
    """

    # The same text under another name would be refused while the old one exists.
    delete_before_replace: ClassVar[bool] = True
    missing: ClassVar[str] = "list the account's keys with GET /ssh-keys, and import one of their ids"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._creating = asyncio.Lock()

    @override
    async def create(self, inputs: SshKeyInputs, operation: Operation) -> Created[SshKeyOutputs]:
        client = self.client
        async with self._creating:
            before = await client.ssh_keys(operation)
            _refuse_second(inputs, before)
            key = await create_once(
                operation,
                client.clock,
                send=lambda: client.add_ssh_key(operation, name=inputs.name, public_key=inputs.public_key),
                listed=lambda: client.ssh_keys(operation),
                before=before,
                same=lambda key: key.name == inputs.name and _text(key) == inputs.public_key,
            )
        return Created(key.id, _outputs(inputs.public_key))

    @override
    async def read(
        self, resource_id: str, known: Live[SshKeyInputs, SshKeyOutputs] | None, operation: Operation
    ) -> Live[SshKeyInputs, SshKeyOutputs] | None:
        for key in await self.client.ssh_keys(operation):
            if key.id == resource_id:
                text = _text(key)
                inputs = SshKeyInputs.model_construct(name=key.name, public_key=text)
                return Live(inputs, _outputs(text))
        return None

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[SshKeyInputs, SshKeyOutputs],
        inputs: SshKeyInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> SshKeyOutputs:
        return _outputs(inputs.public_key)

    @override
    async def delete(self, resource_id: str, old: Live[SshKeyInputs, SshKeyOutputs], operation: Operation) -> None:
        try:
            await self.client.delete_ssh_key(operation, resource_id)
        except ApiError as error:
            # For a key that does not exist, the API documents only the 404 that a wrong path answers too.
            if not error.gone and (error.status != NOT_FOUND or await self._exists(resource_id, operation)):
                raise

    async def _exists(self, key_id: str, operation: Operation) -> bool:
        return any(key.id == key_id for key in await self.client.ssh_keys(operation))


def _text(key: answers.SshKey) -> str:
    """Return the text of a live key; of a kind that we would refuse, all of it."""
    try:
        return key_text(key.public_key)
    except ValueError:
        return key.public_key.strip()


def _outputs(public_key: str) -> SshKeyOutputs:
    return SshKeyOutputs(fingerprint=fingerprint(public_key))


def _refuse_second(inputs: SshKeyInputs, existing: Iterable[answers.SshKey]) -> None:
    for key in existing:
        if _text(key) == inputs.public_key:
            what = f"the account already has this public key, as {key.name!r} with the id {key.id}"
            raise ProviderError(what, f'adopt it: name it {key.name!r} and give it import_="{key.id}"')
        if key.name == inputs.name:
            what = f"the account already has another public key named {key.name!r}, with the id {key.id}"
            raise ProviderError(what, "choose another name: instances name their key, and it must be one")
