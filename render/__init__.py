"""The program's resource graph, without an engine: what goldens, plans, policies, cost and capacity are judged on."""

from render.graph import Graph, Resource
from render.program import ROOT, RenderError, render, require_stack

__all__ = ["ROOT", "Graph", "RenderError", "Resource", "render", "require_stack"]
