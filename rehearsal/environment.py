"""The environment that the engine runs in: what a program needs, and nothing that could reach a real account."""

import os
import shlex
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from catalog.versions import read_versions
from rehearsal.home import PRIVATE, Folder, private, write_private
from rehearsal.toolchain import Toolchain

_STAND_INS = {"command": "pulumi_command", "vercel": "pulumiverse_vercel"}
"""The plugins that folders of these names stand in for, each with its Python package."""

_ALLOWED = frozenset({"CI", "COLUMNS", "HOME", "LANG", "NO_COLOR", "TERM", "TZ", "USER"})
"""A list of what may pass, because nobody can list every variable that holds a credential."""


def environment(
    folder: Folder,
    toolchain: Toolchain,
    inherited: Mapping[str, str] | None = None,
    *,
    credentials: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the whole environment for the engine and for kubectl, to be used instead of the caller's.

    Args:
        folder: the rehearsal.
        toolchain: whose programs come first on PATH.
        inherited: the caller's environment; this process's by default.
        credentials: what the engine and its providers are told to reach the rehearsal's own parts.
    """
    caller = os.environ if inherited is None else inherited
    allowed = {name: value for name, value in caller.items() if name in _ALLOWED or name.startswith("LC_")}
    programs = (str(toolchain.bin), str(Path(sys.executable).parent), caller.get("PATH", os.defpath))
    return {
        **allowed,
        **(credentials or {}),
        "PATH": os.pathsep.join(programs),
        "KUBECONFIG": str(folder.kubeconfig),
        # A run is short and memory is plenty.
        "GOGC": "400",
        "HOST_ARTEFACTS": str(toolchain.artefacts),
        "PULUMI_HOME": str(folder.pulumi_home),
        "PULUMI_STACK": folder.stack,
        # The kubernetes provider writes its kubeconfig into a temporary file that it never removes.
        "TMPDIR": str(folder.temporary),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Measured: 16 Deployments that are waited for hold the default's 8 places (on 2 cores), and the rest waits.
        "PULUMI_PARALLEL": "64",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
    }


def without_automatic_logs(folder: Folder) -> None:
    """Make the engine keep no log of its own: a file stands where it would make the directory, and it goes on without.

    Since 3.249 every command writes all properties of all resources into an encrypted log. That is two fifths of its
    CPU time (measured by its own profiler at 150 resources: a drift scan takes 1.7 s without and 3.0 s with it), and
    a rehearsal can be repeated instead.

    Args:
        folder: the rehearsal, whose engine directory is shared by the stacks of one home.
    """
    logs = folder.pulumi_home / "logs"
    if not logs.exists():
        write_private(logs, "")


def install_plugins(folder: Folder, toolchain: Toolchain) -> None:
    """Make the engine find its resource plugins, each under the exact version of its Python package.

    A plugin on PATH would serve any version, with a warning on every run, so they stand in the engine's own directory.

    Args:
        folder: the rehearsal, whose engine directory is shared by the stacks of one home.
        toolchain: gives the plugins.
    """
    versions = {"kubernetes": read_versions().pulumi_kubernetes}
    for name, version in versions.items():
        link, target = _plugin(folder, name, version), toolchain.plugins[name]
        if not (link.is_symlink() and link.readlink() == target):
            fresh = link.with_name(f".{link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target)
            fresh.replace(link)
    # Ours stand in for these.
    for name, package in _STAND_INS.items():
        program, place = _plugin(folder, name, metadata.version(package)), Path(__file__).parent / name
        text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(place))} "$@"\n'
        if not program.exists() or program.read_text(encoding="utf-8") != text:
            write_private(program, text).chmod(PRIVATE)


def _plugin(folder: Folder, name: str, version: str) -> Path:
    return private(folder.pulumi_home / f"plugins/resource-{name}-v{version}") / f"pulumi-resource-{name}"
