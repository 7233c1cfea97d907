"""Tasks and projects of a workspace."""

from dataclasses import dataclass

TITLE = "Asana"


@dataclass(frozen=True)
class Task:
    """One task."""

    gid: str
    """Its id."""
    name: str
    """What is to be done."""
    completed: bool
    """Whether it is done."""


_TASKS = (Task("120", "Write the release notes", completed=False), Task("121", "Order the machines", completed=True))


def list_projects() -> list[str]:
    """List the names of the projects."""
    return ["Launch", "Operations"]


def search_tasks(query: str, *, completed: bool | None = None) -> list[Task]:
    """Find tasks by a part of their name, all or those that are done or not."""
    return [t for t in _TASKS if query.lower() in t.name.lower() and completed in {None, t.completed}]


def create_task(name: str) -> Task:
    """Create a task."""
    return Task("122", name, completed=False)


READS = (list_projects, search_tasks)
WRITES = (create_task,)
