"""What the rehearsal's Pulumi Cloud costs: states by size, what a change of few resources sends, and its secrets.

- ``up`` of so many resources with what is kept after each step, against the same with ``PULUMI_SKIP_CHECKPOINTS``, and
  the exponent of its growth, net of an empty program.
- bytes that the engine sends while a few resources of many change: what a step costs must not grow with the state.
- ``secrets diff`` of 200 secrets, from the start of its reading to its rows, by the official SDK.
"""

import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from pulumi_esc_sdk import esc_client
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import catalog
from benchmarks.project import UP, Project, environment, project
from benchmarks.samples import Row, exponent, ratio, show
from benchmarks.served import serving
from catalog.secret import FINGERPRINT_KEY, SECRET_FUNCTION
from ops.secret_push import compared
from ops.secret_store import SecretStore
from rehearsal.pulumi_cloud.environments import ORGANISATION
from rehearsal.pulumi_cloud.evaluator import PROGRAM
from rehearsal.pulumi_cloud.server import Cloud
from rehearsal.toolchain import ensure, progress_for

SIZES = (150, 600, 2400)
CHANGED = 15
SECRETS = 200
ROUNDS = 3
LIMIT = 1.1
DIFF_SECONDS = 5.0
_PROGRAM = """
import os

from things import Thing

changed = int(os.environ["CHANGED"])
for number in range(int(os.environ["COUNT"])):
    Thing(f"thing-{number}", text=("b" if number < changed else "a") * 1000)
"""
_MODULE = """
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class Things(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult(props["text"][:1], props)

    def diff(self, id, olds, news):
        return DiffResult(changes=olds["text"] != news["text"])

    def update(self, id, olds, news):
        return UpdateResult(news)


class Thing(Resource):
    def __init__(self, name, text):
        super().__init__(Things(), name, {"text": text})
"""


@dataclass
class Heard:
    """What a service is sent, counted."""

    size: int = 0
    requests: int = 0

    def by(self, application: ASGIApp) -> ASGIApp:
        """Return the service, counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def received() -> Message:
                message = await receive()
                self.size += len(message.get("body") or b"")
                return message

            self.requests += scope["type"] == "http"
            await application(scope, received, send)

        return counted


def measure(sizes: Sequence[int] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """Return the figures, medians of several rounds."""
    tools = ensure(catalog.load(), progress=progress_for())
    token, heard = f"rehearsal-{secrets.token_hex(20)}", Heard()
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder:
        service = Cloud(Path(folder, "state"), token, tools.program(PROGRAM)).application()
        with serving(heard.by(service)) as url:
            login = {"PULUMI_BACKEND_URL": url, "PULUMI_ACCESS_TOKEN": token}
            settings = environment(Path(folder), tools.bin, login)
            made = project(Path(folder, "things"), settings, {"__main__.py": _PROGRAM, "things.py": _MODULE})
            return [*_states(made, heard, sizes, rounds), _diff(url, token)]


def _states(made: Project, heard: Heard, sizes: Sequence[int], rounds: int) -> list[Row]:
    measured = [{count: _one(made, heard, count) for count in (0, *sizes)} for _ in range(rounds)]

    def middle(count: int, what: str) -> float:
        return statistics.median(found[count][what] for found in measured)

    rows = []
    for count in sizes:
        share = statistics.median(found[count]["up"] / found[count]["without"] for found in measured)
        rows += [
            Row(
                f"up of {count:,} resources",
                f"{middle(count, 'up'):.2f} s, {middle(count, 'requests'):.0f} requests, "
                f"{middle(count, 'sent') / count / 1000:.2f} kB each",
            ),
            Row(f"the same / without checkpoints, {count:,} resources", f"{share:.2f}"),
            Row(f"sent for {CHANGED} changes of {count:,}", f"{middle(count, 'changed') / 1000:.1f} kB"),
        ]
    least, most = sizes[0], sizes[-1]
    grown = statistics.median(
        exponent((least, found[least]["up"] - found[0]["up"]), (most, found[most]["up"] - found[0]["up"]))
        for found in measured
    )
    grown_change = statistics.median(found[most]["changed"] / found[least]["changed"] for found in measured)
    return [
        *rows,
        ratio(f"up, exponent of time from {least} to {most:,}, less an empty program", grown, LIMIT),
        ratio(f"sent for {CHANGED} changes, of {most:,} / of {least}", grown_change, LIMIT),
    ]


def _one(made: Project, heard: Heard, count: int) -> Mapping[str, float]:
    def run(changed: int = 0, **settings: str) -> tuple[float, int, int]:
        """Return the seconds that it takes, and the bytes and the requests that it sends."""
        told = {**made.environment, **settings, "COUNT": str(count), "CHANGED": str(changed)}
        size, requests = heard.size, heard.requests
        taken, _ = Project(made.folder, told).timed(*UP)
        return taken, heard.size - size, heard.requests - requests

    @contextmanager
    def stack() -> Iterator[None]:
        made.initialise()
        made.timed("pulumi", "stack", "select", "dev")
        yield
        made.timed("pulumi", "stack", "rm", "dev", "--yes", "--force", "--non-interactive")

    with stack():
        without, *_ = run(PULUMI_SKIP_CHECKPOINTS="true")
    with stack():
        up, sent, requests = run()
        _, nothing, _ = run()
        _, changed, _ = run(CHANGED)
    return {"up": up, "without": without, "sent": sent, "requests": requests, "changed": changed - nothing}


def _diff(url: str, token: str) -> Row:
    store = SecretStore(esc_client.default_client(host=url, access_token=token), ORGANISATION, "bench")
    names = [f"SECRET_{number}" for number in range(SECRETS)]
    values = {name: {SECRET_FUNCTION: secrets.token_hex(20)} for name in (FINGERPRINT_KEY, *names)}
    with tempfile.TemporaryDirectory() as folder:
        text = yaml.safe_dump({"values": {"sophia": {"ai": values}}})
        for name in ("base", "bench", "bench-secrets"):
            Path(folder, f"{name}.yaml").write_text(text if "-" in name else "values: {}\n", encoding="utf-8")
        store.create(Path(folder))
    wanted = {name: (name, secrets.token_hex(20)) for name in names}
    begun = time.perf_counter()
    rows = compared(store.read(), wanted, {})
    taken = time.perf_counter() - begun
    if len(rows) != SECRETS + 1:
        msg = f"{len(rows)} rows, not {SECRETS + 1}"
        raise RuntimeError(msg)
    return Row(f"secrets diff of {SECRETS}", f"{taken:.2f} s", f"under {DIFF_SECONDS:.0f} s", taken < DIFF_SECONDS)


if __name__ == "__main__":
    show("The rehearsal's Pulumi Cloud", measure())
