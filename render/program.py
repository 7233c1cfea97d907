"""Running the real ``__main__.py`` of a checkout under the recording monitor."""

import contextlib
import contextvars
import hashlib
import json
import runpy
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi.runtime
import yaml
from pulumi.runtime.settings import ROOT as ROOT_RESOURCE
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_in_stack
from pulumi.runtime.sync_await import _sync_await

import catalog
from catalog import collector
from render.graph import Graph
from render.loops import loops
from render.monitor import ROOT, Monitor

PROJECT = "sophia"


class RenderError(RuntimeError):
    """The program cannot be rendered; the message says why."""


def render(stack: str, *, choices: Mapping[str, Any] | None = None, image_lock: str = "rehearsal") -> Graph:
    """Return the resource graph of one stack: offline, without an engine, a cluster or a credential.

    Args:
        stack: name of the stack; its committed file is read.
        choices: configuration values, by full key, that replace or join the committed ones.
        image_lock: the lock that pins images.

    Raises:
        RenderError: there is no such stack, or its file cannot be read.
        CatalogError: the catalog or the stack's choice from it breaks a rule.
    """
    secret_keys = _secret_keys()
    committed = {**_committed(stack, secret_keys), f"{PROJECT}:image_lock": image_lock}
    chosen = {**_programs(image_lock), **committed, **(choices or {})}
    config = {**_of_the_account(stack, chosen.get(f"{PROJECT}:machines")), **chosen}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    secrets = {f"{PROJECT}:{key}": placeholder(key) for key in secret_keys}
    monitor = Monitor(PROJECT, stack)
    context = contextvars.copy_context()
    # What the program prints is no part of the answer.
    with contextlib.redirect_stdout(sys.stderr), collector.paused(), ThreadPoolExecutor(1) as thread:
        names = thread.submit(context.run, _run, monitor, stack, {**secrets, **texts}, list(secrets)).result()
    return Graph(stack, dict(sorted(monitor.recorded.items())), monitor.outputs, names["stack"])


def placeholder(key: str) -> str:
    """Return what stands in for a secret while the program runs; it must never show in a graph."""
    return f"render-{key}-placeholder"


def require_stack(stack: str) -> Path:
    """Return the committed file of a stack.

    Raises:
        RenderError: there is no such stack; the message names those there are.
    """
    path = ROOT / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml")))
        msg = f"{path.name} does not exist; choose one of: {known}"
        raise RenderError(msg)
    return path


def _committed(stack: str, secret_keys: Sequence[str]) -> dict[str, Any]:
    path = require_stack(stack)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path.name} is not YAML: {error}; mend it, or restore it with `git checkout {path.name}`"
        raise RenderError(msg) from None
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        msg = (
            f"{path.name}: a stack file is a mapping with a mapping under `config`; mend it: `git checkout {path.name}`"
        )
        raise RenderError(msg)
    held = sorted(set(config) & {f"{PROJECT}:{key}" for key in secret_keys})
    if held:
        msg = f"{path.name}: {', '.join(held)}: a committed file holds no secret; remove it: the environment gives it"
        raise RenderError(msg)
    return config


def _of_the_account(stack: str, chosen: Any) -> dict[str, Any]:
    """Return what only the account knows, in its form: ids of what the stack takes over, and its public key."""
    facts = catalog.load()
    ours = {name: machine for name, machine in facts.machines.items() if machine.owner == stack}
    # What is wrong with the choice itself, the catalog says.
    wanted = chosen if isinstance(chosen, list | tuple) else ()
    names = [name for name, machine in ours.items() if machine.pinned and name in wanted]
    names += [facts.account.ssh_key] if facts.account.owner == stack else []
    adopt = {name: hashlib.blake2b(name.encode(), digest_size=16).hexdigest() for name in names}
    return {
        f"{PROJECT}:adopt": adopt,
        f"{PROJECT}:ssh_public_key": "ssh-ed25519 AAAA render",
        f"{PROJECT}:access_ci_public_key": b64encode(b"the public key of a render alone").decode(),
    }


def _programs(image_lock: str) -> dict[str, Any]:
    """Return digests of K3s' programs in their form, where they are not those of the real lock."""
    if image_lock == "images":
        return {}
    programs = catalog.load().k3s_lock.programs
    digests = {
        release: {name: hashlib.sha256(f"{release} {name}".encode()).hexdigest() for name in of_release}
        for release, of_release in programs.items()
    }
    return {f"{PROJECT}:k3s_artefacts": digests}


def _secret_keys() -> list[str]:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    return [key for key, declaration in declared.items() if declaration.get("secret")]


def _run(monitor: Monitor, stack: str, config: dict[str, str], secrets: list[str]) -> dict[str, Any]:
    """Run the program and return its module-level names, of which ``stack`` is its choice from the catalog.

    To be run in a thread of its own, whose event loop goes with it.
    """
    names: dict[str, Any] = {}
    program = str(ROOT / "__main__.py")
    with loops():
        pulumi.runtime.set_all_config(config, secrets)
        pulumi.runtime.set_mocks(monitor.mocks, project=PROJECT, stack=stack, preview=True, monitor=monitor)
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        # The stock mocks register a root of their own; the program's is registered as by the engine's language host.
        ROOT_RESOURCE.set(None)
        _sync_await(run_in_stack(lambda: names.update(runpy.run_path(program, run_name="__main__"))))
    return names
