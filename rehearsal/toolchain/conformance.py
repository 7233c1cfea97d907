"""The conformance suite of MCP: what ``tools/conformance`` has locked of npm, and the Node.js that runs it."""

import json
from pathlib import Path

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.trees import Trees, node_tree

_NAME = "conformance"
_PACKAGE = "@modelcontextprotocol/conformance"


def suite(edges: Edges, progress: Progress) -> Path:
    """The folder with ``bin/node`` and the suite below ``node_modules``.

    Args:
        edges: the machine.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: a registry does not serve what it must.
    """
    return Trees(edges, progress).node(_NAME, edges.sources / _NAME)


def wanted(edges: Edges) -> str:
    """The version that is pinned.

    Args:
        edges: the machine.
    """
    described = json.loads((edges.sources / _NAME / "package.json").read_text(encoding="utf-8"))
    return str(described["dependencies"][_PACKAGE])


def is_there(edges: Edges) -> bool:
    """Tell whether set-up has brought it.

    Args:
        edges: the machine.
    """
    return node_tree(edges, _NAME, edges.sources / _NAME).exists()
