"""The program's resource graph, without an engine: what goldens, plans, policies, cost and capacity are judged on."""

from render.graph import Graph, Resource
from render.monitor import ROOT
from render.program import RenderError, render, require_stack

__all__ = ["ROOT", "Graph", "RenderError", "Resource", "render", "require_stack"]
