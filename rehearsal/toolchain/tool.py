"""What a tool is: its files, how it tells its version, where it is downloaded from and how it is built."""

import platform as host
from dataclasses import dataclass, field
from typing import Literal


class ToolError(RuntimeError):
    """A tool could not be provided.

    Args:
        problem: what happened, naming tool, path and value.
        remedy: what to do, naming the one command where there is one.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and a processor, in Go's words."""

    os: str
    architecture: str

    @classmethod
    def current(cls) -> "Platform":
        """The platform this program runs on."""
        machine = host.machine().lower()
        return cls(host.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine))

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question about its version that a program answers."""

    program: str
    arguments: tuple[str, ...]
    pattern: str
    """A regular expression whose first group is the version, without a leading v."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """Where the vendor publishes the SHA-256 of a download."""

    url: str
    form: Literal["sums", "github"]
    """``sums``: lines of digest and file name, or one digest alone; ``github``: a release of GitHub's API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file that the vendor offers."""

    url: str
    checksum: Checksum
    members: tuple[tuple[str, str], ...]
    """What is kept: pairs of the path inside the gzipped tar archive and the file's own name; the path is empty for a
    download that is the file itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFile:
    """A file made from files that a Go module carries."""

    folder: str
    """The folder under ``tools/`` whose go.mod and go.sum pin the module."""
    module: str
    paths: tuple[str, ...]
    """Glob patterns inside the module; several files are joined as YAML documents."""
    name: str
    packed: bool = False
    """Whether the one path is a folder, which becomes a gzipped tar archive as Helm packs charts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a tool is made from Go modules, and what that costs on two cores with nothing in Go's caches."""

    folder: str
    """The folder under ``tools/`` that holds go.mod, go.sum and, where the module has none, main.go."""
    version: str
    """The version that this makes; another than the tool's where that one is not served as a module."""
    package: str = ""
    """The main package; empty when nothing is compiled."""
    output: str = ""
    """The name of the program that is compiled."""
    tags: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Go variables set at link time."""
    copies: tuple[ModuleFile, ...] = ()
    """Files that stand beside the program."""
    schema: ModuleFile | None = None
    """A JSON file of a module that the program embeds, with the tool's version added."""
    embeds: tuple[str, ...] = ()
    """Paths from the repository's root of files that the program embeds from beside its main."""
    seconds: int
    """How long it takes."""
    size_mib: int
    """How much the result takes in the tool cache."""
    go_cache_mib: int = 0
    """How much Go's module and build caches grow."""

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of ``go build``: no paths of this machine, no symbol table, versions set."""
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        link = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.variables)])
        return ("-trimpath", *tags, "-ldflags", link)

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder under ``tools/`` that has a part in the result."""
        return tuple(dict.fromkeys([self.folder, *(copy.folder for copy in self.copies)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool at one version."""

    name: str
    version: str
    """What a program on PATH or a download must be."""
    programs: tuple[str, ...] = ()
    """The names of what can be run."""
    on_path: bool = True
    """Whether they belong on PATH; what only machines run has a release beside it with the same names."""
    own: bool = False
    """Whether only a build of this project's sources will do: what PATH has by this name is another program."""
    plugin: str = ""
    """The package that this tool is a Pulumi resource plugin of; plugins never go on PATH."""
    artefacts: tuple[str, ...] = ()
    """Further files, which are no programs on PATH."""
    probes: tuple[Probe, ...] = ()
    """Questions that a copy on PATH must answer in one voice; each is asked of the program in the same folder."""
    downloads: tuple[Download, ...] = field(default=(), repr=False)
    build: Build

    @property
    def wanted(self) -> str:
        """The version that is wanted, and the one that a build makes where that is another."""
        built = self.build.version
        return self.version if built == self.version else f"{self.version}, or {built} built here"

    @property
    def label(self) -> str:
        """Name and version, as a person says it."""
        return f"{self.name} {self.version}"
