"""The rehearsal's Pulumi Cloud, served on a free port of loopback."""

import io
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

import catalog
from benchmarks.served import serving
from rehearsal.pulumi_cloud.evaluator import PROGRAM
from rehearsal.pulumi_cloud.server import Cloud
from rehearsal.toolchain import Toolchain, ensure, progress_for

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Served:
    """A service that runs."""

    url: str
    """Where it answers."""
    token: str
    """What opens it."""
    root: Path
    """Where it keeps what it is given."""


@dataclass
class Faults:
    """What a service answers first, instead of what it would."""

    answers: list[int] = field(default_factory=list)
    """Statuses, the next one last."""

    def over(self, application: ASGIApp) -> ASGIApp:
        """Put them before a service."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and self.answers:
                await Response(status_code=self.answers.pop())(scope, receive, send)
            else:
                await application(scope, receive, send)

        return answer


@pytest.fixture
def faults() -> Faults:
    """None, until a test says so."""
    return Faults()


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The tool chain."""
    return ensure(catalog.load(), progress=progress_for(io.StringIO()))


@pytest.fixture
def serve(tools: Toolchain, tmp_path: Path, faults: Faults) -> Iterator[Callable[[], Served]]:
    """Starts it, again and again over the same folder."""
    token = f"rehearsal-{secrets.token_hex(20)}"
    with ExitStack() as running:

        def start() -> Served:
            running.close()
            application = Cloud(tmp_path / "state", token, tools.program(PROGRAM)).application()
            url = running.enter_context(serving(faults.over(application)))
            return Served(url, token, tmp_path / "state")

        yield start


@pytest.fixture
def served(serve: Callable[[], Served]) -> Served:
    """It runs."""
    return serve()


@pytest.fixture
def pulumi(served: Served, tools: Toolchain, tmp_path: Path) -> Run:
    """Runs the command line, as a person who has logged in."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{tools.bin}:{os.environ['PATH']}",
        "PULUMI_ACCESS_TOKEN": served.token,
        "PULUMI_BACKEND_URL": served.url,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*words: str, text: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *words], env=environment, cwd=tmp_path, input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def drawn() -> str:
    """Return a secret of one test alone."""
    return f"rehearsal-{secrets.token_hex(12)}"
