"""Getting the tools that the cache lacks: from PATH, else the official download, else a build from Go modules."""

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from rehearsal.toolchain.cache import Cache, DamagedEntryError, Entry
from rehearsal.toolchain.disk import require_space, writing
from rehearsal.toolchain.download import Downloads, RefusedError, UnreachableError
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.found import copy_found, on_path, wrong_answers
from rehearsal.toolchain.go import Go, end_marked, require_go
from rehearsal.toolchain.gobuild import build
from rehearsal.toolchain.progress import Progress, duration
from rehearsal.toolchain.tool import Tool, ToolError


def acquire(tools: Sequence[Tool], edges: Edges, progress: Progress) -> dict[str, Entry]:
    """Every tool is in the cache.

    Cheap sources come first for all tools, so that a missing Go or a full disk is told before anything is built.

    Args:
        tools: the tools that the cache did not have.
        edges: the machine.
        progress: told what is done.

    Returns:
        The entries by tool name.

    Raises:
        ToolError: a tool is to be had from no source, or the disk is full.
    """
    with writing(edges.cache, "setting up tools"):
        edges.cache.mkdir(parents=True, exist_ok=True)
        with _shelf(edges.cache) as shelf:
            work = _Acquisition(edges, progress, shelf)
            ready = {tool.name: entry for tool in tools if (entry := work.take(tool))}
            lacking = [tool for tool in tools if tool.name not in ready]
            return {**ready, **work.build_all(lacking)} if lacking else ready


@contextlib.contextmanager
def _shelf(cache: Path) -> Iterator[Path]:
    """A folder for this run's downloads; those of killed runs, whose locks nobody holds any more, are removed."""
    for stale in cache.glob("downloads-*.lock"):
        with contextlib.suppress(Timeout), FileLock(stale, timeout=0):
            shutil.rmtree(stale.with_suffix(""), ignore_errors=True)
            stale.unlink(missing_ok=True)
    folder = cache / f"downloads-{uuid.uuid4().hex}"
    lock = folder.with_suffix(".lock")
    with FileLock(lock):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


class _Acquisition:
    """One run of set-up over the tools that the cache lacks."""

    def __init__(self, edges: Edges, progress: Progress, shelf: Path) -> None:
        self._edges = edges
        self._progress = progress
        self._cache = Cache(edges)
        self._downloads = Downloads(edges, shelf, progress)
        self._unreachable: set[str] = set()

    def take(self, tool: Tool) -> Entry | None:
        """The tool without a build: from the cache after all, from PATH or from its vendor; None when that fails."""
        with self._claim(tool):
            return self._cached(tool) or self._from_path(tool) or self._from_download(tool)

    def build_all(self, tools: Sequence[Tool]) -> dict[str, Entry]:
        """Every tool, built from Go modules."""
        names = ", ".join(tool.name for tool in tools)
        if self._unreachable:
            self._progress.line(f"No downloads: {', '.join(sorted(self._unreachable))} cannot be reached")
        go = require_go(self._edges, names)
        costs = [tool.build for tool in tools]
        needs = [
            (self._edges.cache, sum(cost.size_mib for cost in costs)),
            (go.build_cache, sum(cost.go_cache_mib for cost in costs)),
        ]
        require_space(needs, self._edges.free_bytes, f"building {names}")
        expected = duration(sum(cost.seconds for cost in costs))
        self._progress.line(f"To build from Go modules, once: {names}; about {expected} on two cores in all")
        return {tool.name: self._build(tool, go) for tool in tools}

    def _cached(self, tool: Tool) -> Entry | None:
        """What another set-up has finished meanwhile; what an interrupted one left is removed."""
        try:
            if entry := self._cache.find(tool):
                return entry
        except DamagedEntryError as damage:
            self._progress.line(f"The tool cache is damaged: {tool.label}: {damage}; getting it anew")
            self._cache.discard(tool)
        for leftover in self._cache.leftovers(tool):
            if end_marked(leftover):
                self._progress.line(f"Ended a build of {tool.name} that an interrupted set-up had left running")
            self._cache.remove(leftover)
        return None

    def _from_path(self, tool: Tool) -> Entry | None:
        for found in on_path(tool, self._edges):
            if found.version == tool.version:
                with self._cache.staging(tool) as staging:
                    copy_found(tool, found, staging)
                    if not wrong_answers(tool, tool.version, staging):  # a wrapper script may not work elsewhere
                        return self._cache.keep(tool, staging, "PATH", tool.version, str(found.folder))
        return None

    def _from_download(self, tool: Tool) -> Entry | None:
        if not tool.downloads:
            return None
        try:
            with self._cache.staging(tool) as staging:
                origin = self._downloads.provide(tool, staging)
                if not (wrong := wrong_answers(tool, tool.version, staging)):
                    return self._cache.keep(tool, staging, "download", tool.version, origin)
                self._progress.line(f"No download of {tool.label}: {' and '.join(wrong)}")
        except UnreachableError as refusal:
            self._unreachable.add(refusal.host)
        except RefusedError as refusal:
            self._progress.line(f"No download of {tool.label}: {refusal}")
        return None

    def _build(self, tool: Tool, go: Go) -> Entry:
        plan = tool.build
        with self._claim(tool):
            if entry := self._cached(tool):
                return entry
            with self._cache.staging(tool) as staging:
                log = self._cache.shelf(tool) / "build.log"
                with self._progress.activity(f"Building {tool.name} {plan.version}", plan.seconds):
                    build(tool, go, self._edges, staging, log)
                if wrong := wrong_answers(tool, plan.version, staging, shared=plan.output):
                    problem = f"{tool.name} was built as {plan.version}, but {' and '.join(wrong)}"
                    raise ToolError(problem, f"make tools/{plan.folder}/go.mod and catalog/versions.yaml agree")
                return self._cache.keep(tool, staging, "build", plan.version, go.release)

    @contextlib.contextmanager
    def _claim(self, tool: Tool) -> Iterator[None]:
        """Only this set-up works on the tool until the end; another one waits and says so."""
        shelf = self._cache.shelf(tool)
        shelf.mkdir(parents=True, exist_ok=True)
        lock = FileLock(shelf / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            with self._progress.activity(f"Waiting for another set-up to finish {tool.label}"):
                lock.acquire()
        try:
            yield
        finally:
            lock.release()
