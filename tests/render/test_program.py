"""Rendering a checkout's program: whose stack, whose file, and nothing left behind."""

import asyncio
import contextvars
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from pulumi.runtime.config import CONFIG
from pulumi.runtime.settings import get_root_resource

from catalog import CatalogError
from render import ROOT, RenderError, render
from render.monitor import DuplicateUrnError


def small(stack: str) -> str:
    """The graph of a stack with one server, as text."""
    return render(stack, choices={"sophia:mcp_servers": ["github"]}).to_json()


def in_a_process(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "render", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_an_unknown_stack_names_the_choices():
    with pytest.raises(RenderError, match=r"Pulumi\.nowhere\.yaml does not exist; choose one of: dev, prod, staging"):
        render("nowhere")


def test_a_stack_file_that_is_not_yaml_is_named_with_its_remedy(checkout):
    (checkout / "Pulumi.dev.yaml").write_text("config: [unclosed\n", encoding="utf-8")
    with pytest.raises(RenderError, match=r"(?s)Pulumi\.dev\.yaml is not YAML.*line 2.*git checkout Pulumi\.dev\.yaml"):
        render("dev")


def test_a_stack_file_that_is_not_text_is_named(checkout):
    (checkout / "Pulumi.dev.yaml").write_bytes(b"\xff\xfe\x00config")
    with pytest.raises(RenderError, match=r"Pulumi\.dev\.yaml is not YAML"):
        render("dev")


def test_a_secret_in_a_committed_file_is_refused_without_showing_it(checkout):
    (checkout / "Pulumi.dev.yaml").write_text("config:\n  sophia:token: canary\n", encoding="utf-8")
    with pytest.raises(
        RenderError, match=r"Pulumi\.dev\.yaml: sophia:token: a committed file holds no secret"
    ) as error:
        render("dev")
    assert "canary" not in str(error.value)


def test_a_program_that_fails_fails_with_its_own_error(rendered):
    with pytest.raises(ZeroDivisionError):
        rendered("1 / 0")


def test_an_error_inside_an_output_fails_the_render(rendered):
    with pytest.raises(ZeroDivisionError):
        rendered('Thing("thing", {"a": pulumi.Output.from_input(0).apply(lambda zero: 1 / zero)})')


def test_the_program_sees_the_committed_choices_and_those_of_the_caller(rendered):
    graph = rendered('pulumi.export("colour", config.get("colour")); pulumi.export("shape", config.get("shape"))')
    assert graph.outputs == {"colour": "blue"}
    again = render("dev", choices={"sophia:colour": "red", "sophia:shape": "round"})
    assert again.outputs == {"colour": "red", "shape": "round"}


def test_renders_of_different_stacks_leave_nothing_in_each_other():
    first = {stack: small(stack) for stack in ("dev", "prod")}
    again = {stack: small(stack) for stack in ("prod", "dev")}
    assert again == first


def test_the_choices_of_one_render_are_not_those_of_the_next():
    before = small("dev")
    render("dev", choices={"sophia:mcp_servers": ["linear"], "sophia:price_book": "2025"})
    assert small("dev") == before


def test_a_render_neither_needs_nor_leaves_an_event_loop():
    def left() -> bool:
        small("dev")
        with pytest.raises(RuntimeError, match="no current event loop"):
            asyncio.get_event_loop()
        return True

    with ThreadPoolExecutor(1) as thread:  # which has none, as after `asyncio.run`
        assert thread.submit(left).result(), "one that is left is closed by nobody"


def test_a_render_leaves_its_caller_without_configuration_and_root():
    def left() -> tuple[object, object]:
        small("dev")
        return CONFIG.get(None), get_root_resource()

    assert contextvars.Context().run(left) == (None, None)


def test_a_render_that_failed_leaves_nothing_in_the_next(rendered):
    before = rendered('Thing("thing")').to_json()
    with pytest.raises(DuplicateUrnError):
        rendered('Thing("other"); Thing("twin"); Thing("twin")')
    assert rendered('Thing("thing")').to_json() == before


def test_a_refused_choice_leaves_nothing_in_the_next():
    before = small("dev")
    with pytest.raises(CatalogError):
        render("dev", choices={"sophia:machines": ["sophia-nowhere"]})
    assert small("dev") == before


def test_the_module_prints_the_graph_of_a_render():
    done = in_a_process("dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == render("dev").to_json()


def test_the_module_ends_with_one_message_where_there_is_nothing_to_render():
    done = in_a_process("nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["Pulumi.nowhere.yaml does not exist; choose one of: dev, prod, staging"]


def test_a_pinned_machine_that_the_stack_does_not_choose_any_more_is_not_adopted():
    chosen = ["sophia-ai-core", "sophia-mcp-orchestrator", "sophia-data-pipeline"]
    instances = render("prod", choices={"sophia:machines": chosen}).of_type("lambda-cloud:index:Instance")
    assert {instance.name for instance in instances} == {f"{name}-instance" for name in chosen}
