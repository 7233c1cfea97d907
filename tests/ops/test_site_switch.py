"""The steps of a switch, and what stands in the stack's file at each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from catalog import Stack
from ops.error import InputError
from ops.results import VERBS
from ops.site_rows import FrontEnd, SiteRow
from ops.site_switch import PARTS, Switch, write

FACTS = catalog.load()
COMMITTED = Path(__file__).parents[2] / "Pulumi.prod.yaml"


def chosen(file: Path, stack: str = "prod") -> Stack:
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    told = {key.partition(":")[2]: value for key, value in config.items()}
    names = [name for name, one in FACTS.machines.items() if one.owner == stack]
    sides = {key: told[key] for key in ("frontend", "frontend_leaving") if key in told}
    return FACTS.stack(stack, machines=names, image_lock="rehearsal", **sides)


@dataclass
class World:
    """A stack whose names lead where its file says at each `up`, or stay where they are."""

    file: Path
    led: bool = True
    fails: int = 0
    serves: FrontEnd = "vercel"
    kept: int = 60
    did: list[Any] = field(default_factory=list)

    def up(self) -> tuple[str, ...]:
        stack = chosen(self.file)
        self.did.append(("up", stack.sides))
        if self.fails:
            self.fails -= 1
            return ("the engine ended",)
        self.serves = stack.sides[0] if self.led else self.serves
        return ()

    def check(self) -> list[SiteRow]:
        sides = chosen(self.file).sides
        wrong = () if self.serves in sides else ("nobody answers",)
        return [SiteRow(host="app.example.test", site="app", served_by=self.serves, wrong=wrong)]

    def switch(self, side: FrontEnd, stack: str = "prod") -> tuple[Any, ...]:
        verb = Switch(
            self.file,
            stack=lambda: chosen(self.file, stack),
            up=self.up,
            check=self.check,
            kept=lambda: self.kept,
            wait=lambda seconds: self.did.append(("wait", seconds)),
        )
        return verb.run(side)


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(COMMITTED.read_text(encoding="utf-8"), encoding="utf-8")
    return World(file)


def test_both_sides_serve_before_names_change_for_good(world: World) -> None:
    steps = world.switch("cluster")
    assert [(step.what, step.wrong) for step in steps] == [("both", ()), ("wait", ()), ("one", ())]
    ttl = FACTS.zone.ttl.site
    assert world.did == [("up", ("cluster", "vercel")), ("wait", ttl), ("up", ("cluster",))]


def test_the_old_side_stays_for_as_long_as_what_was_said_before_may_be_kept(world: World) -> None:
    """Whoever lowers the time to live in the same change has told resolvers the old one."""
    world.kept = 3600
    world.switch("cluster")
    assert ("wait", 3600) in world.did


def test_there_and_back_leaves_the_file_as_it_was(world: World) -> None:
    world.switch("cluster")
    assert "sophia:frontend: cluster" in world.file.read_text(encoding="utf-8")
    world.switch("vercel")
    assert world.file.read_text(encoding="utf-8") == COMMITTED.read_text(encoding="utf-8")


def test_who_serves_alone_already_is_let_alone(world: World) -> None:
    assert world.switch("vercel") == ()
    assert world.did == []


def test_a_run_that_fails_removes_nothing_and_goes_on_when_it_is_run_again(world: World) -> None:
    world.fails = 1
    (step,) = world.switch("cluster")
    assert step.wrong == ("the engine ended",)
    assert chosen(world.file).sides == ("cluster", "vercel")
    assert [step.what for step in world.switch("cluster")] == ["both", "wait", "one"]


def test_a_switch_that_was_begun_can_be_taken_back(world: World) -> None:
    world.fails = 1
    world.switch("cluster")
    world.switch("vercel")
    assert chosen(world.file).sides == ("vercel",)


def test_names_that_nobody_leads_to_the_new_side_keep_the_old_one(world: World) -> None:
    """Where the zone is kept by hand."""
    world.led = False
    steps = world.switch("cluster")
    assert [step.what for step in steps] == ["both", "wait"]
    assert "vercel still serves it; lead its name to the new side" in steps[-1].wrong[0]
    assert chosen(world.file).sides == ("cluster", "vercel"), "nothing was removed"


def test_a_stack_without_sites_says_whose_they_are(world: World) -> None:
    with pytest.raises(InputError, match="does not own the sites; switch prod"):
        world.switch("cluster", "dev")


def test_the_file_keeps_what_else_stands_in_it(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text('# why\nconfig:\n  sophia:price_book: "2026"  # so\n  sophia:machines: [a, b]\n', encoding="utf-8")
    write(file, "cluster", "vercel")
    told = 'config:\n  sophia:price_book: "2026"  # so\n  sophia:machines: [a, b]\n'
    assert (
        file.read_text(encoding="utf-8")
        == f"# why\n{told}  sophia:frontend: cluster\n  sophia:frontend_leaving: vercel\n"
    )


def test_only_what_a_switch_changes_is_looked_at() -> None:
    assert {part.partition(":")[0] for part in PARTS} == {"sophia"}
    assert {"sites check", "sites switch"} <= {*VERBS}
