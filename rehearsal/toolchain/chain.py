"""The tool chain as the rehearsal uses it: one folder of programs, the plugins and kwok's stages."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalog import Catalog
from catalog.addons import bundle_path, cache_root, read_addon_lock, read_addons
from catalog.versions import read_versions
from rehearsal.toolchain.addons import render
from rehearsal.toolchain.authority import authority_tree
from rehearsal.toolchain.cache import Cache, DamagedEntryError, Entry
from rehearsal.toolchain.conformance import suite
from rehearsal.toolchain.data_images import data_images
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.linked import linked_folder
from rehearsal.toolchain.machine_programs import artefacts_folder, k3s_artefacts, programs_folder, workload_references
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.recipes import recipes
from rehearsal.toolchain.site_images import bundles, site_images
from rehearsal.toolchain.tool import Tool, ToolError
from rehearsal.toolchain.wheel_images import wheel_images

_OF_ADDONS = ("helm", "addon-")
"""How the names of the tools begin that add-ons are made by and of."""

_OF_CLIENTS = ("pulumi", "pulumi-language-python")
"""The tools that an engine needs which keeps its state and finds its plugins elsewhere."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Every tool at its pinned version, on this machine."""

    bin: Path
    """The folder for PATH; its content never changes, another set of programs has another folder."""
    plugins: Mapping[str, Path]
    """The resource plugin of each Pulumi package; a plugin on PATH would be used with a warning on every run."""
    kwok_stages: Path
    """The stages that kwok plays, as its ``--config``."""
    machine_programs: Path = Path("/nonexistent")
    """What every machine brings at ``/opt/rehearsal``: a folder without links out of it, to be mounted."""
    artefacts: Path = Path("/nonexistent")
    """The folder of what is delivered to machines, each named by its SHA-256: the provider's ``HOST_ARTEFACTS``."""
    addons: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of what was rendered of each add-on."""
    conformance: Path = Path("/nonexistent")
    """The folder of the conformance suite of MCP, and of the Node.js that runs it."""
    k3s: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of the stand-in of each release of K3s, such as v1.36.2+k3s1."""
    weaviate: Path = Path("/nonexistent")
    """Weaviate's server."""
    authority: Path = Path("/nonexistent")
    """The folder of Knot DNS."""
    sites: Path = Path("/nonexistent")
    """The folder of the sites' bundles."""

    def program(self, name: str) -> Path:
        """The path of a program.

        Args:
            name: its name on PATH, such as etcd.

        Raises:
            ToolError: the tool chain has no such program.
        """
        path = self.bin / name
        if not path.exists():
            known = ", ".join(sorted(entry.name for entry in self.bin.iterdir()))
            problem = f"the tool chain has no program {name!r}"
            raise ToolError(problem, f"ask for one of: {known}")
        return path


@dataclass(frozen=True, slots=True)
class Clients:
    """The programs that reach accounts and clusters elsewhere, at their pinned versions."""

    bin: Path
    """The folder for PATH."""
    conformance: Path
    """The folder of the conformance suite of MCP, and of the Node.js that runs it."""


def ensure(facts: Catalog, *, progress: Progress, edges: Edges | None = None, root: Path | None = None) -> Toolchain:
    """Every tool is at hand at its pinned version; nothing but the cache is looked at when they are there already.

    Args:
        facts: the pinned versions, and what is built into the sites.
        progress: told what is done; nothing when there is nothing to do.
        edges: the machine; this one when none is given.
        root: the root that machines boot from; without it there is nothing for machines, whose images are made of it.

    Raises:
        ToolError: a tool is to be had from no source; the message says what to do.
    """
    versions = facts.versions
    chosen = edges or Edges.here(versions.go)
    tools = recipes(versions, chosen.platform)
    entries = provide(tools, chosen, progress)
    for_machines = of_authority = of_sites = Path("/nonexistent")
    if root is not None:
        references = workload_references()
        unpacked = wheel_images(root, references, versions, chosen, progress)
        of_authority = authority_tree(versions, chosen, progress)
        of_data = data_images(entries, references, versions, chosen, progress)
        of_sites = bundles(facts, chosen, progress)
        of_web = site_images(of_sites, references, facts, chosen, progress)
        for_machines = programs_folder(entries, versions, chosen, (*unpacked, *of_data, *of_web))
    return Toolchain(
        bin=program_folder([entries[tool.name] for tool in tools if tool.on_path], chosen),
        plugins={tool.plugin: entries[tool.name].folder / tool.name for tool in tools if tool.plugin},
        kwok_stages=entries["kwok-stages"].folder / "kwok-stages.yaml",
        machine_programs=for_machines,
        artefacts=artefacts_folder(chosen),
        addons=render(read_addons(), entries, versions, chosen),
        conformance=suite(chosen, progress),
        k3s=k3s_artefacts(entries, versions, chosen),
        weaviate=entries["weaviate-server"].program("weaviate-server"),
        authority=of_authority,
        sites=of_sites,
    )


def ensure_clients(facts: Catalog, *, progress: Progress) -> Clients:
    """What reaches accounts and clusters elsewhere is at hand: a small part of the tool chain, and no root is needed.

    Args:
        facts: the pinned versions.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: a tool is to be had from no source.
    """
    edges = Edges.here(facts.versions.go)
    tools = [tool for tool in recipes(facts.versions, edges.platform) if tool.name in _OF_CLIENTS]
    return Clients(program_folder([*provide(tools, edges, progress).values()], edges), suite(edges, progress))


def ensure_addons(checkout: Path = REPOSITORY, *, progress: Progress) -> None:
    """What is rendered of a checkout's add-ons is at hand, and nothing else is brought.

    Args:
        checkout: whose; one that locks other digests than they have is told so by its own catalog.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        CatalogError: its add-ons cannot be read.
        ToolError: what renders them is to be had from no source.
    """
    digests = read_addon_lock(checkout / "catalog").bundles.values()
    if not all(bundle_path(cache_root(os.environ), digest).exists() for digest in digests):
        rendered_addons(checkout, progress=progress)


def rendered_addons(checkout: Path = REPOSITORY, *, progress: Progress) -> Mapping[str, str]:
    """Every add-on of a checkout is rendered; return the SHA-256 of each by its name.

    Args:
        checkout: whose.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        CatalogError: they cannot be read.
        ToolError: what renders them is to be had from no source, or a chart cannot be rendered.
    """
    versions = read_versions(checkout / "catalog/versions.yaml")
    edges = Edges.here(versions.go, checkout)
    tools = [tool for tool in recipes(versions, edges.platform) if tool.name.startswith(_OF_ADDONS)]
    return render(read_addons(checkout / "catalog"), provide(tools, edges, progress), versions, edges)


def provide(tools: Sequence[Tool], edges: Edges, progress: Progress) -> dict[str, Entry]:
    """The cache entry of every tool, by name.

    Args:
        tools: the tools.
        edges: the machine.
        progress: told what is done.

    Raises:
        ToolError: a tool is to be had from no source, or the disk is full.
    """
    cache = Cache(edges)
    entries = {}
    for tool in tools:
        try:
            if entry := cache.find(tool):
                entries[tool.name] = entry
        except DamagedEntryError:
            continue  # told and mended below, by the one set-up that holds the claim
    lacking = [tool for tool in tools if tool.name not in entries]
    if lacking:
        from rehearsal.toolchain.acquire import acquire  # noqa: PLC0415 - HTTP and locks cost 0.15 s, rarely needed

        entries.update(acquire(lacking, edges, progress))
    return entries


def program_folder(entries: Sequence[Entry], edges: Edges) -> Path:
    """A folder with every program of the entries under its own name.

    Args:
        entries: the tools.
        edges: the machine.
    """
    programs = {
        name: (entry.program(name), entry.manifest.files[file].sha256)
        for entry in entries
        for name, file in entry.manifest.programs.items()
    }
    return linked_folder(edges.cache / "bin", programs, "programs")
