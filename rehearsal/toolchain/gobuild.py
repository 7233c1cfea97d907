"""Builds from Go modules: in a copy of the tool's folder, with pinned hashes, never touching the checkout."""

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from rehearsal.toolchain.cache import embedded_files, source_files
from rehearsal.toolchain.disk import disk_full, writing
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.go import Go, environment, run
from rehearsal.toolchain.tool import ModuleFile, Tool, ToolError

_TEMPLATE = "Chart.template.yaml"
_UNVERSIONED = b"v0.0.0"
_NO_PART = ("kustomization.yaml", ".helmignore")
"""Files in the folder of a chart that its releases leave out."""
_SHOWN_LINES = 15
_NO_ROOM = "no space left on device"
_NO_NETWORK = ("dial tcp", "no such host", "proxyconnect", "i/o timeout", "connection refused")


def build(tool: Tool, go: Go, edges: Edges, staging: Path, log: Path) -> None:
    """The staging folder holds the tool, built from Go modules, and nothing else.

    Args:
        tool: the tool.
        go: the Go that builds.
        edges: the machine.
        staging: an empty folder in the tool cache.
        log: the file that takes what Go says.

    Raises:
        ToolError: Go failed, a module is not the pinned one, or the disk is full.
    """
    what = f"building {tool.name} {tool.build.version}"
    with writing(staging, what):
        log.write_bytes(b"")
        work = staging / "work"
        for folder in tool.build.folders:
            _copy_sources(edges, folder, work / folder)
        for embedded in embedded_files(edges, tool):
            shutil.copyfile(embedded, work / tool.build.folder / embedded.name)
        workshop = _Workshop(tool, go, edges, work, log)
        if tool.build.schema:
            workshop.write_schema(tool.build.schema)
        if tool.build.package:
            workshop.compile(staging / tool.build.output)
        for copy in tool.build.copies:
            (staging / copy.name).write_bytes(workshop.content(copy))
            (staging / copy.name).chmod(0o755 if copy.name in tool.programs else 0o644)
        shutil.rmtree(work)


def _copy_sources(edges: Edges, folder: str, target: Path) -> None:
    for path in source_files(edges, folder):
        copied = target / path.relative_to(edges.sources / folder)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)


def _packed(folder: Path, version: str) -> bytes:
    """Return a chart as a gzipped tar archive without times and owners.

    Where its source is a template, as cert-manager's, its version is filled in as its release does.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _NO_PART):
            content, name = path.read_bytes(), path.name
            if name == _TEMPLATE:
                name, content = "Chart.yaml", content.replace(_UNVERSIONED, f"v{version}".encode())
            member = tarfile.TarInfo(str(path.relative_to(folder.parent).with_name(name)))
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0)


class _Workshop:
    """One build under way."""

    def __init__(self, tool: Tool, go: Go, edges: Edges, work: Path, log: Path) -> None:
        self._tool = tool
        self._go = go
        self._edges = edges
        self._work = work
        self._log = log

    def compile(self, output: Path) -> None:
        """The program is at the output path."""
        build = self._tool.build
        scratch = self._work / "tmp"  # on the cache's disk, which was checked, and gone with the staging folder
        scratch.mkdir()
        command = [str(self._go.program), "build", *build.flags, "-o", str(output), build.package]
        variables = {**environment(self._edges), "GOTMPDIR": str(scratch)}
        folder = self._work / build.folder
        if run(command, cwd=folder, variables=variables, log=self._log, mark=self._work.parent):
            raise self._failed()

    def write_schema(self, schema: ModuleFile) -> None:
        """The file that the program embeds stands beside its main, with the version added."""
        content = json.loads(self.content(schema))
        content["version"] = self._tool.build.version
        (self._work / schema.folder / schema.name).write_text(json.dumps(content), encoding="utf-8")

    def content(self, file: ModuleFile) -> bytes:
        """The module's files that the patterns name, joined as YAML documents."""
        module = self._module(file)
        found = [path for pattern in file.paths for path in sorted(module.glob(pattern))]
        if len(found) < len(file.paths):
            problem = f"module {file.module} does not hold {' and '.join(file.paths)}"
            raise ToolError(problem, f"set the paths of {self._tool.name} in rehearsal/toolchain/recipes.py")
        if file.packed:
            return _packed(found[0], self._tool.version)
        return b"---\n".join(path.read_bytes() for path in found)

    def _module(self, file: ModuleFile) -> Path:
        """The folder of a module whose hash is the one that go.sum pins."""
        folder = self._work / file.folder
        command = [str(self._go.program), "mod", "download", "-json", file.module]
        done = subprocess.run(command, cwd=folder, env=environment(self._edges), capture_output=True, check=False)
        with self._log.open("ab") as log:
            log.write(done.stderr + (done.stdout if done.returncode else b""))  # -json tells errors on stdout
        if done.returncode:
            raise self._failed()
        told = json.loads(done.stdout)
        pinned = (self._edges.sources / file.folder / "go.sum").read_text(encoding="utf-8").splitlines()
        if f"{told['Path']} {told['Version']} {told['Sum']}" not in pinned:
            problem = f"module {told['Path']} {told['Version']} has a hash that tools/{file.folder}/go.sum does not pin"
            raise ToolError(
                problem, f"find out who changed it; if it was you, run `go mod tidy` in tools/{file.folder}"
            )
        return Path(told["Dir"])

    def _failed(self) -> ToolError:
        """What went wrong, from what Go said."""
        said = self._log.read_text(encoding="utf-8", errors="replace")
        if _NO_ROOM in said:
            return disk_full(self._go.build_cache, f"building {self._tool.label} stopped and left nothing")
        lines = [line for line in said.splitlines() if line and not line.startswith("go: downloading")]
        shown = os.linesep.join(f"  {line}" for line in lines[-_SHOWN_LINES:])
        problem = (
            f"go could not build {self._tool.name} {self._tool.build.version}:\n{shown}\n  (all of it: {self._log})"
        )
        if any(sign in said for sign in _NO_NETWORK):
            return ToolError(
                problem, "connect to the network, or set GOPROXY to a module proxy that answers, and retry"
            )
        return ToolError(problem, "correct what it names and run `./sophia setup` again; what is done is kept")
