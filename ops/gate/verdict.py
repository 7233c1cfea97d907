"""What the gate found: one line for each thing that was asked of a server."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict


class Check(BaseModel):
    """One thing that was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """What was asked."""
    way: str
    """How the server was reached: service or public."""
    ok: bool
    """Whether it is as declared."""
    detail: str = ""
    """What differs; what was seen, where it does not."""
    seconds: float = 0.0
    """How long it took."""


class ServerVerdict(BaseModel):
    """What was found of one server."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """The server."""
    checks: tuple[Check, ...]
    """What was asked of it, in order."""
    p50_ms: float = 0.0
    """Half of the requests through the gateway took at most this long, in milliseconds."""
    p95_ms: float = 0.0
    """So did 95 of 100."""
    sessions: int = 0
    """Sessions that were opened through the gateway, over all replicas."""
    session_errors: int = 0
    """Those of them in which a request failed."""

    @property
    def ok(self) -> bool:
        """Whether all is as declared."""
        return all(check.ok for check in self.checks)


def junit(verdicts: Iterable[ServerVerdict]) -> str:
    """Return the verdicts in the form of JUnit, which CI services show: a suite for each server."""
    suites = ET.Element("testsuites")
    for verdict in verdicts:
        failed = sum(not check.ok for check in verdict.checks)
        counted = {"tests": str(len(verdict.checks)), "failures": str(failed)}
        suite = ET.SubElement(suites, "testsuite", {"name": verdict.name, **counted})
        for check in verdict.checks:
            named = {"classname": f"{verdict.name}.{check.way}", "name": check.name, "time": f"{check.seconds:.3f}"}
            case = ET.SubElement(suite, "testcase", named)
            if not check.ok:
                ET.SubElement(case, "failure", {"message": check.detail.splitlines()[0]}).text = check.detail
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
