"""Files on a host, as a set: all of it or nothing."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator
from typing_extensions import override

from providers.host.connection import NO_IMPORT, OnHost, must_be_known, unless_unreachable
from providers.host.recorded import plain
from providers.host.ssh import Hosts
from providers.kit import WRITE_ONLY, Created, Live, Model, Operation, Resource, UndisclosedError

PATH: Final = r"^(/[A-Za-z0-9_.@:+~=,-]*[A-Za-z0-9_@:+~=,-])+$"
Path = Annotated[str, StringConstraints(pattern=PATH, max_length=1024)]
Account = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]*\$?$", max_length=32)]


class File(Model):
    """A file: where, what it holds, whose it is."""

    path: Path
    """Where it is, from the root."""
    content: str | None = None
    """What it holds, as text; none where `secret_contents` has it."""
    mode: Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")] = "0644"
    """Its mode, four octal digits."""
    owner: Account = "root"
    """Whose it is, by name."""
    group: Account = "root"
    """Its group, by name."""
    check: tuple[str, ...] = ()
    """A command that must accept it before it takes its place; the path of the staged file is added."""
    kind: Literal["file"] = "file"
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


def _by_path(given: tuple[File, ...]) -> tuple[File, ...]:
    paths = [file.path for file in given]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        message = f"{', '.join(twice)}: stands in the list twice; give each file once"
        raise ValueError(message)
    return tuple(sorted(given, key=lambda file: file.path))


class FilesInputs(OnHost):
    """A set of files."""

    files: Annotated[tuple[File, ...], AfterValidator(_by_path)]
    """The files, in any order."""
    secret_contents: Annotated[dict[str, str] | None, WRITE_ONLY] = None
    """What those files hold whose content is secret, by path."""

    @model_validator(mode="after")
    def _one_content_each(self) -> Self:
        secret = self.secret_contents or {}
        for file in self.files:
            if (file.content is None) == (file.path not in secret):
                message = f"{file.path}: give its content, or have it in secret_contents, one of the two"
                raise UndisclosedError(message)
        strange = sorted(secret.keys() - {file.path for file in self.files})
        if strange:
            message = f"secret_contents has {', '.join(strange)}, which is none of the files; remove it or add the file"
            raise UndisclosedError(message)
        return self


class FilesOutputs(Model):
    """What is known of a set of files beyond its inputs."""

    made: tuple[str, ...] = ()
    """Paths where nothing was before; only these are removed with the resource."""


LiveFiles = Live[FilesInputs, FilesOutputs]


class Files(Resource[FilesInputs, FilesOutputs, Hosts]):
    """Files with their content, modes and owners: all of them, or what was there before.

    They are staged beside their places first and then renamed, so that a full disk, a read-only place or a cut
    connection changes nothing. What is there already is taken over as it is. Deleting removes the files that were
    made, not those taken over, and none that somebody has changed since.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: FilesInputs, operation: Operation) -> Created[FilesOutputs]:
        outputs = await self._write(inputs, (), (), operation)
        return Created(f"{inputs.host}/{operation.name}", outputs)

    @override
    async def read(self, resource_id: str, known: LiveFiles | None, operation: Operation) -> LiveFiles | None:
        found: LiveFiles = await unless_unreachable(must_be_known(known, "Files"), self._read(known, operation))
        return found

    @override
    async def update(
        self, resource_id: str, old: LiveFiles, inputs: FilesInputs, changed: frozenset[str], operation: Operation
    ) -> FilesOutputs:
        gone = {file.path for file in _recorded(old.inputs)} - {file.path for file in inputs.files}
        return await self._write(inputs, old.outputs.made, sorted(gone & set(old.outputs.made)), operation)

    @override
    async def delete(self, resource_id: str, old: LiveFiles, operation: Operation) -> None:
        contents = {file.path: file.content for file in _recorded(old.inputs)}
        made = [{"path": path, "content": contents.get(path)} for path in old.outputs.made]
        data = {"act": "remove", "files": made}
        await self.client.run(old.inputs.connection, "files", data, operation, step="removing files")

    async def _write(
        self, inputs: FilesInputs, made: Iterable[str], gone: Iterable[str], operation: Operation
    ) -> FilesOutputs:
        secret = inputs.secret_contents or {}
        files = [
            {**file.model_dump(exclude={"kind"}), "content": secret.get(file.path, file.content)}
            for file in inputs.files
        ]
        data = {"act": "write", "files": files, "gone": list(gone)}
        answer = await self.client.run(
            inputs.connection, "files", data, operation, step="writing files", timeout_seconds=operation.timeout or 120
        )
        kept = {file.path for file in inputs.files}
        return FilesOutputs(made=tuple(sorted((set(made) & kept) | set(answer["made"]))))

    async def _read(self, known: LiveFiles | None, operation: Operation) -> LiveFiles:
        known = must_be_known(known, "Files")
        expected = {file.path: file for file in _recorded(known.inputs)}
        data = {"act": "read", "paths": sorted(expected)}
        answer = await self.client.run(known.inputs.connection, "files", data, operation, step="reading files")
        files: list[File] = []
        secret: dict[str, str] = {}
        for path, file in expected.items():
            there: dict[str, Any] = answer[path]
            if there["kind"] != "file":
                files.append(file.model_copy(update={"kind": there["kind"]}))
                continue
            content = there.pop("content")
            if file.content is None:
                secret[path] = content
                content = None
            files.append(file.model_copy(update={**there, "content": content}))
        seen = {"files": tuple(files), "secret_contents": secret or None, "reachable": True}
        return Live(known.inputs.model_copy(update=seen), known.outputs)


def _recorded(inputs: FilesInputs) -> tuple[File, ...]:
    """Return recorded files, those too that are as nobody could declare them."""
    return tuple(File.model_construct(**plain(file)) for file in inputs.files)
