"""What must not be: rules, judged on what the engine sends, a render, a state or manifests before anything exists."""

from catalog import CatalogError
from policies.context import Context, context
from policies.entries import require
from policies.finding import Finding, Report, Verdict
from policies.judging import Judge
from policies.rule import Framework, Rule, Standard
from policies.rules import RULES
from policies.sources import SourceError, of_documents, of_export, of_graph
from render import Graph

__all__ = [
    "RULES",
    "CatalogError",
    "Context",
    "Finding",
    "Framework",
    "Judge",
    "Report",
    "Rule",
    "SourceError",
    "Standard",
    "Verdict",
    "context",
    "judge",
    "judge_documents",
    "judge_export",
    "judge_graph",
    "of_documents",
    "of_export",
    "of_graph",
]


def judge(known: Context) -> Judge:
    """Return what asks every rule about the resources of a stack.

    Args:
        known: what the stack is judged with.

    Raises:
        CatalogError: levels or exemptions name no rule, or one that takes none.
    """
    require(known.policy, RULES)
    return Judge(RULES, known)


def judge_graph(graph: Graph, known: Context | None = None) -> Report:
    """Return what all rules find in a render.

    Args:
        graph: the render.
        known: what the stack is judged with; the committed catalog on this day by default.

    Raises:
        CatalogError: the catalog breaks a rule, or names none.
    """
    return judge(known or context(graph.stack, choice=graph.chosen)).report(of_graph(graph))


def judge_export(text: str, known: Context) -> Report:
    """Return what all rules find in a state.

    Args:
        text: what ``pulumi stack export`` printed.
        known: what the stack is judged with.

    Raises:
        CatalogError: levels or exemptions name no rule, or one that takes none.
        SourceError: it is no state.
    """
    return judge(known).report(of_export(text))


def judge_documents(text: str, known: Context, *, file: str) -> Report:
    """Return what all rules find in Kubernetes manifests.

    Args:
        text: the YAML.
        known: what they are judged with.
        file: how messages name it.

    Raises:
        CatalogError: levels or exemptions name no rule, or one that takes none.
        SourceError: it is not YAML, or a document is no manifest.
    """
    return judge(known).report(of_documents(text, file=file, stack=known.stack))
