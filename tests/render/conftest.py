"""Tiny programs, rendered like the platform's own."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from render import Graph, program, render

PROJECT = """\
name: sophia
config:
  token: {type: string, secret: true}
"""

PRELUDE = """\
import pulumi

stack = None
config = pulumi.Config("sophia")


class Thing(pulumi.CustomResource):
    def __init__(self, name, inputs=None, opts=None):
        super().__init__("test:index:Thing", name, inputs or {}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("sophia:test:Group", name, {}, opts)
        self.register_outputs({})


def under(parent, **options):
    return pulumi.ResourceOptions(parent=parent, **options)
"""

Rendered = Callable[[str], Graph]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that renders are made from, with one stack and no program yet."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  sophia:colour: blue\n", encoding="utf-8")
    monkeypatch.setattr(program, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def rendered(checkout: Path) -> Rendered:
    """Gives the graph of a program, of which only what is special is written."""

    def run(body: str) -> Graph:
        (checkout / "__main__.py").write_text(PRELUDE + dedent(body), encoding="utf-8")
        return render("dev")

    return run
