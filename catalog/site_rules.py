"""What a stack may choose about the sites."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from catalog.offence import Offence
from catalog.site import FrontEnd, Leaving, Sites

_ID = re.compile(r"prj_[A-Za-z0-9]{20,40}")
"""How Vercel's ids of projects look."""


def of_choice(
    sites: Sites,
    stack: str,
    path: Callable[[str], str],
    *,
    frontend: FrontEnd,
    leaving: Leaving,
    taken_over: Mapping[str, str],
    released: Sequence[str],
) -> Iterator[Offence]:
    """Yield what is wrong with a stack's choice.

    Args:
        sites: the sites.
        stack: the stack's name.
        path: gives how messages name one of its configuration keys.
        frontend: who serves the sites.
        leaving: who served them before and still does; empty for nobody.
        taken_over: ids of the projects from before that it takes over, by name.
        released: names of those of them that may be deleted.
    """
    if leaving == frontend:
        rule = "who leaves is not who serves"
        yield Offence(path("frontend_leaving"), frontend, rule, "remove it")
    named = {"legacy_projects": [*taken_over], "released_projects": [*released]}
    for key, names in named.items():
        for name in names:
            if name not in sites.legacy:
                rule = "it names a project of legacy in catalog/sites.yaml"
                yield Offence(path(key), name, rule, f"choose one of: {', '.join(sites.legacy)}")
        if names and sites.owner != stack:
            rule = f"projects at Vercel are managed by {sites.owner}"
            yield Offence(path(key), ", ".join(names), rule, f"move it to Pulumi.{sites.owner}.yaml")
    for name, project in taken_over.items():
        if not _ID.fullmatch(project):
            rule = "a project is taken over by its id, as in prj_..."
            remedy = "copy it from the project's settings at Vercel"
            yield Offence(path(f"legacy_projects.{name}"), project, rule, remedy)
    owners: dict[str, str] = {}
    for name, project in taken_over.items():
        if owners.setdefault(project, name) != name:
            rule = f"an id is one project's, and {owners[project]} has it"
            yield Offence(path(f"legacy_projects.{name}"), project, rule, "correct it")
