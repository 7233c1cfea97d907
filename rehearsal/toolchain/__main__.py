"""Prints where one tool is, once it is at hand: ``python -m rehearsal.toolchain --help``."""

import argparse
import sys

from catalog.versions import read_versions
from rehearsal.toolchain import ToolError, progress_for
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.recipes import recipes


def main() -> int:
    """Print the path of a tool's program, and return what the process ends with."""
    versions = read_versions()
    edges = Edges.here(versions.go)
    tools = {tool.name: tool for tool in recipes(versions, edges.platform)}
    parser = argparse.ArgumentParser(prog="python -m rehearsal.toolchain", description=__doc__)
    parser.add_argument("tool", choices=[name for name, tool in tools.items() if tool.programs])
    chosen = tools[parser.parse_args().tool]
    try:
        entry = provide([chosen], edges, progress_for())[chosen.name]
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{entry.program(chosen.programs[0])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
