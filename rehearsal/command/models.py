"""What commands are given and give back, as the wheel of 1.2.1 has it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from providers.kit import REPLACE, SECRET, Model, UndisclosedError

Logging = Literal["stdout", "stderr", "stdoutAndStderr", "none"]


class Connection(Model):
    """Instructions for how to connect to a remote endpoint."""

    host: Annotated[str, Field(min_length=1)]
    """The address of the host."""
    port: Annotated[float, Field(ge=1, le=65535)] = 22
    """The port of its SSH server."""
    user: Annotated[str, Field(min_length=1)] = "root"
    """Who logs in."""
    host_key: str | None = None
    """The key that it must prove to have. Here it is required: without one any host would be taken."""
    private_key: Annotated[str | None, SECRET] = None
    """The key that opens the session."""
    private_key_password: Annotated[str | None, SECRET] = None
    """The password of that key."""
    password: Annotated[str | None, SECRET] = None
    """The password of the user."""
    agent_socket_path: str | None = None
    """Where an SSH agent listens; SSH_AUTH_SOCK by default."""
    dial_error_limit: int = 10
    """How many attempts may fail; -1 for any number."""
    per_dial_timeout: Annotated[int, Field(ge=0)] = 15
    """Seconds that one attempt may take; 0 for any time."""
    proxy: dict[str, Any] | None = None
    """A host that the connection goes through; refused here."""


class Inputs(Model):
    """What both kinds of commands are given."""

    create: str | None = None
    """What is run on creation."""
    update: str | None = None
    """What is run when something changes; `create` where there is none."""
    delete: str | None = None
    """What is run on deletion."""
    triggers: Annotated[tuple[Any, ...] | None, REPLACE] = None
    """When one of them changes, the resource is replaced."""
    stdin: str | None = None
    """What the command reads from standard input."""
    environment: dict[str, str] | None = None
    """Variables that it is given."""
    logging: Logging | None = None
    """What of its output is logged; nothing is, here."""
    add_previous_output_in_env: bool | None = None
    """Whether it is given what the one before said; it is unless this says no."""


class RemoteInputs(Inputs):
    """A command on another host."""

    connection: Annotated[Connection, SECRET]
    """The way to the host."""

    @model_validator(mode="after")
    def _is_stood_in_for(self) -> Self:
        if self.connection.proxy is not None:
            message = "connection.proxy: jump hosts are not stood in for in the rehearsal; leave it out there"
            raise UndisclosedError(message)
        if self.connection.host_key is None:
            message = "connection.hostKey: no key is pinned, so any host would be taken; give the key of the host"
            raise UndisclosedError(message)
        return self


class LocalInputs(Inputs):
    """A command on this computer."""

    interpreter: tuple[str, ...] | None = None
    """The program that is given the command; ``/bin/sh -c`` by default."""
    dir: str | None = None
    """The directory that it is run in."""
    asset_paths: tuple[str, ...] | None = None
    """Files that it makes; refused here."""
    archive_paths: tuple[str, ...] | None = None
    """The same as an archive; refused here."""

    @model_validator(mode="after")
    def _is_stood_in_for(self) -> Self:
        if self.asset_paths or self.archive_paths:
            message = "assetPaths, archivePaths: not stood in for in the rehearsal; leave them out there"
            raise ValueError(message)
        return self


class Outputs(Model):
    """What a command has said."""

    stdout: str
    """Its standard output, without a last line end."""
    stderr: str
    """Its standard error, the same."""
