"""``doctor``: what is there, what is missing, and the one command that mends it."""

from urllib.parse import urlsplit

import catalog
from ops.deployment import rehearsal_of
from ops.results import DoctorResult, ToolRow
from rehearsal import Rehearsal, RehearsalError
from rehearsal.machines import image
from rehearsal.toolchain import inspect
from rehearsal.toolchain.status import SETUP


def doctor(stack: str) -> DoctorResult:
    """Return the state of the tool chain and of the stack's rehearsal; nothing is changed."""
    tools = inspect(catalog.load().versions)
    rows = tuple(ToolRow(name=t.name, wanted=t.wanted, found=t.found or "", ok=t.ok, mend=t.mend or "") for t in tools)
    rows = (*rows, _machines())
    missing = tuple(f"{row.name} {row.wanted} is missing; run {row.mend}" for row in rows if not row.ok)
    rehearsal = rehearsal_of(stack)
    services = {s.name: s.endpoint if s.running else "stopped" for s in rehearsal.status()}
    services["kube-apiserver"] = _api_server(rehearsal)
    return DoctorResult(stack=stack, tools=rows, services=services, errors=missing)


def _api_server(rehearsal: Rehearsal) -> str:
    """Return where the stack's API server answers."""
    try:
        found = rehearsal.api_server()
    except RehearsalError:
        return "stopped"
    return urlsplit(found.url).netloc


def _machines() -> ToolRow:
    """Return whether machines can be made here."""
    missing = image.missing()
    found = "" if missing else image.SUITE
    return ToolRow(name="machines", wanted=image.SUITE, found=found, ok=not missing, mend=SETUP if missing else "")
