"""What the tests of the rehearsal share: a directory of their own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

import catalog
from rehearsal import Rehearsal
from rehearsal.home import Folder
from rehearsal.machines import image
from rehearsal.process import end, find, spawn
from rehearsal.toolchain import Toolchain, ensure, progress_for


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A rehearsal's directory, and nothing running."""
    folder = Folder(tmp_path / "home", "dev")
    folder.create()
    return folder


@pytest.fixture
def program(folder: Folder) -> Iterator[Callable[[str, Sequence[str]], int]]:
    """Starts a program as a service; whatever it started ends with the test."""
    names: list[str] = []

    def start(name: str, command: Sequence[str]) -> int:
        names.append(name)
        return spawn(folder, name, command).pid

    yield start
    end(folder, find(folder, names).values(), patience=2)


@pytest.fixture
def bystander() -> Iterator[psutil.Popen]:
    """A process of somebody else."""
    with psutil.Popen(["/bin/sleep", "600"]) as process:
        yield process
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The real programs."""
    return ensure(catalog.load(), progress=progress_for(), root=image.ensure(progress_for()))


@contextmanager
def _rehearsals(toolchain: Toolchain) -> Iterator[Callable[[str], Rehearsal]]:
    home = Path(tempfile.mkdtemp(prefix="sophia-rehearsal-"))
    made: dict[str, Rehearsal] = {}
    with ExitStack() as left:
        left.callback(shutil.rmtree, home, ignore_errors=True)

        def make(stack: str) -> Rehearsal:
            if stack not in made:
                made[stack] = Rehearsal(stack=stack, home=home, toolchain=toolchain)
                left.callback(made[stack].remove)
            return made[stack]

        yield make


@pytest.fixture
def rehearse(toolchain: Toolchain) -> Iterator[Callable[[str], Rehearsal]]:
    """Makes rehearsals of stacks that share a home of this test; they are removed with it."""
    with _rehearsals(toolchain) as make:
        yield make


@pytest.fixture(scope="module")
def neighbours(toolchain: Toolchain) -> Iterator[Callable[[str], Rehearsal]]:
    """Makes the same for the tests of a module."""
    with _rehearsals(toolchain) as make:
        yield make


@pytest.fixture(scope="module")
def lane(toolchain: Toolchain) -> Iterator[Rehearsal]:
    """A rehearsal that the tests of a module change in turn; each starts it first, which mends what one left."""
    with tempfile.TemporaryDirectory(prefix="sophia-rehearsal-") as home:
        rehearsal = Rehearsal(stack="lane", home=Path(home), toolchain=toolchain)
        yield rehearsal
        rehearsal.remove()
