"""The program's resource graph, without an engine: what goldens, plans, policies, cost and capacity are judged on."""

from render.graph import Graph, Resource
from render.program import RenderError, render

__all__ = ["Graph", "RenderError", "Resource", "render"]
