"""What a project has beside its hosts: variables, routing rules, a firewall, schedules."""

from rehearsal.vercel_cloud.projects import find
from rehearsal.vercel_cloud.records import Account, Firewall, Json, Project, Route, Variable
from rehearsal.vercel_cloud.refusal import ApiError, bad, conflict, missing


def add_variable(account: Account, name: str, body: Json) -> Json:
    """Give a project a variable."""
    project, made = find(account, name), _variable(body)
    for one in project.variables.values():
        if one.key == made.key and {*one.target} & {*made.target}:
            targets = ", ".join(one.target)
            message = f'A variable with the name "{made.key}" already exists for the target {targets}.'
            raise ApiError(400, "ENV_CONFLICT", message)
    project.variables[made.id] = made
    return {"created": _shown(made)}


def variable(account: Account, name: str, own: str) -> Json:
    """Return a variable of a project."""
    found = find(account, name).variables.get(own)
    if found is None:
        missing("Environment variable")
    return _shown(found)


def update_variable(account: Account, name: str, own: str, body: Json) -> Json:
    """Change a variable of a project."""
    variable(account, name, own)
    made = _variable(body).model_copy(update={"id": own})
    find(account, name).variables[own] = made
    return _shown(made)


def remove_variable(account: Account, name: str, own: str) -> None:
    """Take a variable from a project."""
    variable(account, name, own)
    del find(account, name).variables[own]


def routes(account: Account, name: str) -> Json:
    """Return the rules of a project that are in force."""
    return {"routes": [_route(one) for one in find(account, name).routes]}


def add_route(account: Account, name: str, body: Json) -> Json:
    """Add a rule to a project."""
    project = _undrafted(account, name)
    made = Route(**body["route"])
    position = body.get("position") or {"placement": "end"}
    at = {"start": 0, "end": len(project.routes)}.get(position["placement"])
    if at is None:
        (at,) = [i for i, one in enumerate(project.routes) if one.id == position["referenceId"]] or [
            len(project.routes)
        ]
        at += position["placement"] == "after"
    project.routes.insert(at, made)
    return {"route": _route(made)}


def update_route(account: Account, name: str, own: str, body: Json) -> Json:
    """Change a rule of a project."""
    project = _undrafted(account, name)
    if not any(one.id == own for one in project.routes):
        missing("Route")
    changed = Route(id=own, **body["route"])
    project.routes = [changed if one.id == own else one for one in project.routes]
    return {"route": _route(changed)}


def remove_route(account: Account, name: str, own: str) -> None:
    """Remove a rule of a project."""
    project = _undrafted(account, name)
    if not any(one.id == own for one in project.routes):
        missing("Route")
    project.routes = [one for one in project.routes if one.id != own]


def put_firewall(account: Account, name: str, body: Json) -> Json:
    """Make a project's firewall be exactly this."""
    project = find(account, name)
    project.firewall = Firewall(enabled=body["firewallEnabled"], rules=body["rules"])
    return firewall(account, name)


def firewall(account: Account, name: str) -> Json:
    """Return a project's firewall."""
    found = find(account, name).firewall
    if found is None:
        missing("Firewall configuration")
    return {"firewallEnabled": found.enabled, "rules": found.rules}


def crons(account: Account, name: str, body: Json) -> Json:
    """Choose whether a project's schedules are run."""
    project = find(account, name)
    project.crons = body["enabled"]
    return project.shown()


def _undrafted(account: Account, name: str) -> Project:
    project = find(account, name)
    if project.draft:
        # As the provider documents it for vercel_project_route.
        message = "the project has an unpublished staged routing-rules version; publish, restore, or discard it first."
        conflict(message)
    return project


def _variable(body: Json) -> Variable:
    made = Variable.model_validate(body)
    if not made.target:
        bad("`target` should NOT have fewer than 1 items.")
    if made.type == "sensitive" and "development" in made.target:
        bad("a sensitive variable cannot be for development.")
    return made


def _shown(variable: Variable) -> Json:
    hidden = {"value"} if variable.type == "sensitive" else set()
    return variable.model_dump(exclude=hidden)


def _route(route: Route) -> Json:
    kind = "rewrite" if route.route.get("dest") else "transform"
    return {**route.model_dump(), "routeType": kind}
