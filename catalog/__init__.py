"""Every fact of the platform, once: YAML, frozen models, cross-checks and arithmetic; never imports pulumi."""

from catalog.catalog import ROOT, Catalog, load
from catalog.node import Node, NodeResources
from catalog.offence import CatalogError, Concern, Offence
from catalog.stack import Stack

__all__ = ["ROOT", "Catalog", "CatalogError", "Concern", "Node", "NodeResources", "Offence", "Stack", "load"]
